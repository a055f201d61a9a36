"""Opening, folding, scrolling and typing with all switched on that Flemma has, beside bare sides that have nothing."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Row, medians, ratio
from bench.measures.typing import type_word
from bench.sides import EVERYTHING, FLEMMA, HOST, MARKDOWN, NOTHING, WRITER
from bench.workshop import Workshop, alternate

SIDES = (NOTHING, MARKDOWN, WRITER, HOST, FLEMMA)

TIMED = """
local function timed(repeats, keys)
  local began = vim.uv.hrtime()
  for _ = 1, repeats do
    vim.cmd.normal({ vim.keycode(keys), bang = true })
    vim.cmd.redraw()
  end
  return (vim.uv.hrtime() - began) / 1e6 / repeats
end
"""
FOLDED = f"{TIMED} return timed(1, 'zM') + timed(1, 'zR')"
SCROLLED = f"{TIMED} vim.cmd.normal({{ 'gg', bang = true }}) return timed(40, '<C-f>')"


def measure(shop: Workshop) -> Iterator[Row]:
    for messages in shop.sizes(1000, 5000):
        file = shop.chats.file(messages)

        def sample(side: str, file: object = file) -> dict[str, float]:
            with shop.editor(EVERYTHING if side == FLEMMA else side) as editor:
                editor.until_ready()
                editor.rest(0.1)
                began = editor.press(f":edit {file}<CR>")
                opened = (editor.until_shown("Question 0:") - began) * 1000
                editor.warm()
                scrolled = float(editor.lua(SCROLLED))
                folded = float(editor.lua(FOLDED))
                editor.press("Go")
                editor.rest(0.2)
                typed = type_word(editor)
                editor.start_stall()
                editor.rest(0.5)
                stall = editor.stop_stall()["max"]
                return {"open": opened, "fold": folded, "scroll": scrolled, "type": typed, "stall": stall}

        found = alternate(SIDES, shop.runs(3), sample)
        yield ratio(f"all on: open {messages:,} messages", medians(found["open"]), WRITER, 1.5)
        yield ratio("  close and open all folds", medians(found["fold"]), WRITER, 1.5)
        yield ratio("  scroll a page", medians(found["scroll"]), WRITER, 1.5)
        yield ratio("  key to screen", medians(found["type"]), MARKDOWN, 1.1)
        yield ratio("  longest stall of the pause after", medians(found["stall"]), NOTHING, 2)
