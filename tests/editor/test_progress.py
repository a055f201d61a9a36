"""What is said of a chat at work: phases, counts, the clock, the time that is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo.reply import Says
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.reports import floats, tell, until
from tests.editor.streams import held

pytestmark = pytest.mark.editor

WORDS = """
local activity, now = ...
local chunks = require('flemma.ui.activity').chunks(activity, now)
local text, groups = '', {}
for _, chunk in ipairs(chunks) do text = text .. chunk[1]; groups[#groups + 1] = chunk[2] end
return { text, groups[#groups] }
"""


def said(editor: Neovim, seconds: float, **activity: Any) -> list[str]:
    whole = {"characters": 0, "since": 0, "heard": 0, **activity}
    return list(editor.lua(WORDS, whole, seconds * 1000))


@pytest.mark.parametrize(
    ("activity", "seconds", "words"),
    [
        ({"phase": "waiting"}, 0.4, "Thinking..."),
        ({"phase": "waiting"}, 3, "Thinking... · 3s"),
        ({"phase": "thinking", "characters": 1}, 63, "Thinking... · 1 character · 1m 3s"),
        ({"phase": "streaming", "characters": 1234567}, 5, "1,234,567 characters · 5s"),
        ({"phase": "tool", "characters": 475, "tool": "bash"}, 14, "bash · 475 characters · 14s"),
        ({"phase": "running", "tool": "bash"}, 2, "bash · 2s"),
        ({"label": "Looking for the key...", "tool": "", "phase": "waiting"}, 9, "Looking for the key..."),
    ],
)
def test_words_for_a_phase(start: Start, activity: dict[str, Any], seconds: float, words: str) -> None:
    assert said(start(), seconds, **activity)[0] == words


def test_what_is_left_of_the_time_is_told_when_little_is(start: Start) -> None:
    editor = start()
    assert said(editor, 79, phase="waiting", timeout=100)[0] == "Thinking... · 1m 19s"
    assert said(editor, 80, phase="waiting", timeout=100) == [
        "Thinking... · 1m 20s · timeout in 20s",
        "FlemmaProgressSoon",
    ]
    assert said(editor, 91, phase="waiting", timeout=100) == [
        "Thinking... · 1m 31s · timeout in 9s",
        "FlemmaProgressLate",
    ]
    assert said(editor, 500, phase="waiting", timeout=100, heard=480_000)[0] == "Thinking... · 8m 20s"


def test_a_bar_stands_in_only_for_a_line_that_is_out_of_sight(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(held(Says("\n".join(f"line {number}" for number in range(60)))))
    chat.attach_screen(60, 20)
    chat.command("normal! G")
    chat.press("<C-]>")
    chat.wait(lambda: any("characters" in found["lines"][0] for found in floats(chat)), "the bar")
    (bar,) = floats(chat)
    assert bar["focusable"] is False
    chat.command("normal! gg")
    chat.wait(lambda: not floats(chat), "no bar")
    chat.press("<C-c>")
    chat.idle()
    assert not [found for found in floats(chat) if "characters" in found["lines"][0]]


def test_neovim_is_told_where_it_listens(chat: Neovim, peer: Peer) -> None:
    if not chat.lua("return vim.fn.exists('##Progress') == 1"):
        pytest.skip("this Neovim has no progress messages")
    chat.lua("""
        _G.progress = {}
        vim.api.nvim_create_autocmd('Progress', { callback = function(event)
          table.insert(_G.progress, event.data.status)
        end })
    """)
    screen = chat.attach_screen(80, 20)
    chat.press("<C-]>")
    chat.finished()
    chat.idle()
    assert chat.lua("return { _G.progress[1], _G.progress[#_G.progress] }") == ["running", "success"]
    assert "c" in str(chat.lua("return vim.o.messagesopt")).split("progress:")[1]
    chat.client.settle()
    assert "Flemma" not in screen.rows()[-1], "it is shown beside the text"


@pytest.mark.parametrize(
    ("position", "anchor"),
    [("top right", [0, "right"]), ("top left", [0, "left"]), ("bottom left", ["bottom", "left"])],
)
def test_the_report_stands_in_the_corner_that_is_wanted(
    start: Start, tmp_path: Path, position: str, anchor: list[Any]
) -> None:
    editor = start(f"{{ ui = {{ usage = {{ timeout = 0, position = '{position}' }} }} }}")
    editor.attach_screen(100, 30)
    editor.open(tmp_path / "a.chat", "@You:\nx\n")
    tell(editor)
    (report,) = until(editor, 1)
    assert (report["col"] == 0) is (anchor[1] == "left")
    assert (report["row"] == 0) is (anchor[0] == 0)


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        (120, ["claude-sonnet-4-5 (anthropic)", "$0.096", "92%", "21,634↑", "5,678↓", "90⁂", "Σ $0.096"]),
        (48, ["claude-sonnet-4-5", "92%", "21,634↑", "Σ $0.096"]),
        (21, ["claude-sonnet-4-5"]),
    ],
)
def test_a_bar_of_usage_says_what_fits(start: Start, tmp_path: Path, columns: int, parts: list[str]) -> None:
    editor = start("{ ui = { usage = { timeout = 0, position = 'bottom' } } }")
    editor.attach_screen(columns, 20)
    editor.open(tmp_path / "a.chat", "@You:\nx\n")
    tell(editor)
    (bar,) = until(editor, 1)
    line = bar["lines"][0]
    assert all(part in line for part in parts), line
    assert len(line) <= columns
    assert ("(anthropic)" in line) is (columns == 120)
    editor.command("Flemma usage:recall")
    assert len(floats(editor)) == 1
