"""Many chats at once through one host: what they get through together against what one alone does, how evenly they are
served, the editor's longest stall, and what the host grows to."""

from __future__ import annotations

from collections.abc import Iterator

from bench.chats import deltas
from bench.editor import Editor
from bench.figures import Row, at_most, medians, plain, ratio
from bench.sides import FLEMMA, HOST
from bench.workshop import Workshop, alternate

CHATS = 100
TOTAL = 20_000
"""Deltas of all chats together."""
PER_SECOND = 50
SECONDS = 3
SIDES = (HOST, FLEMMA)
MEGABYTE = 1 << 20

_SEND = {
    FLEMMA: "require('flemma.buffer').submit(buf, { mode = 'send' })",
    HOST: """vim.api.nvim_buf_call(buf, function()
      vim.fn.maparg('<C-]>', 'n', false, true).callback()
    end)""",
}
_PREPARE = {
    FLEMMA: "",
    # The baseline writes into the chat it shows, and would put the cursor of that one behind its end.
    HOST: """local set = vim.api.nvim_win_set_cursor
    vim.api.nvim_win_set_cursor = function(...) pcall(set, ...) end""",
}
_SEND_ALL = """for _, buf in ipairs(vim.api.nvim_list_bufs()) do
  if vim.bo[buf].filetype == 'chat' then
    {send}
  end
end"""
_LAST_LINES = """local words = {}
for _, buf in ipairs(vim.api.nvim_list_bufs()) do
  if vim.bo[buf].filetype == 'chat' then
    table.insert(words, table.concat(vim.api.nvim_buf_get_lines(buf, -6, -1, false)))
  end
end
return words"""


def measure(shop: Workshop) -> Iterator[Row]:
    each = TOTAL // CHATS
    alone = medians(alternate(SIDES, shop.runs(3), lambda side: _stream(shop, side, 1, TOTAL))["total"])
    found = alternate(SIDES, shop.runs(3), lambda side: _stream(shop, side, CHATS, each))
    together = medians(found["total"])
    yield plain(f"{TOTAL:,} deltas in one chat", alone)
    yield ratio(f"{TOTAL:,} deltas in {CHATS} chats", together, HOST, 5)
    grown = {side: together[side] / alone[side] for side in SIDES}
    yield at_most("  against one chat", grown, 3, unit="x")
    yield at_most("  longest stall", medians(found["stall"]), 50)
    yield plain("  until the first of them is done", medians(found["soonest"]))
    yield at_most("  host after it", medians(found["host"]), 150, "MB")
    paced = alternate(SIDES, shop.runs(3), lambda side: _stream(shop, side, CHATS, PER_SECOND * SECONDS, PER_SECOND))
    label = f"{CHATS} chats with {PER_SECOND} deltas/s each"
    # A reply at this pace takes so long wherever it is written: what is above that is lateness.
    late = {side: total - SECONDS * 1000 for side, total in medians(paced["total"]).items()}
    yield plain(f"{label}: late by", late)
    yield at_most("  longest stall", medians(paced["stall"]), 50)
    yield at_most("  p99 of the stalls", medians(paced["p99"]), 20)


def _stream(shop: Workshop, side: str, chats: int, count: int, per_second: int = 0) -> dict[str, float]:
    order = deltas(count, delay=1 / per_second if per_second else 0, hold=0.3)
    files = [shop.chats.file(2, f"Chat {number}.\n\n{order}") for number in range(chats)]
    with shop.editor(side, *files[:1], watched=False) as editor:
        editor.until_ready()
        for file in files[1:]:
            editor.edit(file)
        editor.lua(_PREPARE[side])
        editor.warm()
        shop.peer.forget()
        editor.done_count = 0
        editor.start_stall()
        editor.lua(_SEND_ALL.replace("{send}", _SEND[side]))
        soonest = editor.until(lambda: editor.done_count, "the first answer")
        done = editor.until(lambda: editor.done_count >= chats, f"all {chats} answers")
        stalls = editor.stop_stall()
        first = shop.peer.at("first")
        assert first is not None
        _check(editor, chats, count)
        return {
            "total": (done - first) * 1000,
            "soonest": (soonest - first) * 1000,
            "stall": stalls["max"],
            "p99": stalls["p99"],
            "host": sum(child.memory_info().rss for child in editor.children()) / MEGABYTE,
        }


def _check(editor: Editor, chats: int, count: int) -> None:
    last = f"{count - 1}"[-4:]
    words = editor.lua(_LAST_LINES)
    whole = sum(last in text for text in words)
    assert whole == chats, f"{chats - whole} of {chats} answers are not all there"
