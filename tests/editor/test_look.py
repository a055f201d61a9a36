"""What a chat looks like: colours, tints, rulers and fold texts, on a real screen, and in no other window."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

TALK = """@System:
Be brief.

@You:
Hello {{ name }} @./plan.md

@Assistant:
<thinking>
They greet: 你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好你好
</thinking>

Good **day**.

@You:
"""


def cell(editor: Neovim, row_part: str, text: str) -> dict[str, Any]:
    """Attributes of the first cell of `text` in the first row that has `row_part` in it."""
    screen = editor.client.screen
    assert screen is not None
    editor.client.settle()
    rows = screen.rows()
    row = next(number for number, shown in enumerate(rows) if row_part in shown)
    return screen.highlights.get(screen.cells[row][rows[row].index(text)][1], {})


def hl(editor: Neovim, name: str) -> dict[str, Any]:
    return dict(editor.lua("return vim.api.nvim_get_hl(0, { name = ..., link = false })", name))


@pytest.fixture
def talk(start: Start, tmp_path: Path) -> Neovim:
    editor = start()
    editor.command("set termguicolors background=dark")
    editor.attach_screen(80, 24)
    editor.open(tmp_path / "a.chat", TALK)
    return editor


def test_a_marker_has_its_role_style_and_a_ruler_to_the_edge(talk: Neovim) -> None:
    assert cell(talk, "@You: ─", "@You:")["bold"] is True
    assert talk.client.screen is not None
    assert talk.client.screen.rows()[0].endswith("────")
    assert cell(talk, "@System: ─", "─")["foreground"] == hl(talk, "FlemmaRuler")["fg"]


def test_roles_are_tinted_to_the_edge_of_the_window(talk: Neovim) -> None:
    normal = hl(talk, "Normal")["bg"]
    assistant = hl(talk, "FlemmaLineAssistant")["bg"]
    assert assistant == normal + 0x102020
    assert cell(talk, "Good day.", "Good")["background"] == assistant
    screen = talk.client.screen
    assert screen is not None
    row = next(number for number, shown in enumerate(screen.rows()) if "Good" in shown)
    assert screen.highlights[screen.cells[row][79][1]]["background"] == assistant


def test_without_rulers_and_tints_the_text_stands_alone(start: Start, tmp_path: Path) -> None:
    editor = start("{ ruler = { enabled = false }, line_highlights = { enabled = false } }")
    editor.attach_screen()
    editor.open(tmp_path / "a.chat", TALK)
    assert cell(editor, "Good", "Good").get("background") != hl(editor, "FlemmaLineAssistant")["bg"]
    assert "─" not in "".join(editor.client.screen.rows() if editor.client.screen else [])


def test_a_closed_thought_shows_whole_characters_and_its_length(talk: Neovim) -> None:
    talk.client.settle()
    assert talk.client.screen is not None
    row = next(row for row in talk.client.screen.rows() if "<thinking>" in row)
    assert "</thinking> (3 lines)" in row
    assert "They greet: 你好" in row
    assert "... </thinking>" in row


def test_a_closed_message_and_frontmatter_say_what_they_hide(start: Start, tmp_path: Path) -> None:
    editor = start("{ editing = { foldlevel = 0 } }")
    editor.open(tmp_path / "a.chat", '```lua\nname = "Ada"\n```\n' + TALK)
    texts = [editor.lua("return vim.fn.foldtextresult(...)", line) for line in (1, 4, 7, 10)]
    assert texts == [
        '```lua name = "Ada" ``` (3 lines)',
        "@System: Be brief. (3 lines)",
        "@You: Hello {{ name }} @./plan.md (3 lines)",
        "@Assistant: Good **day**. (7 lines)",
    ]


def test_colours_follow_the_background_and_the_colour_scheme(talk: Neovim) -> None:
    talk.command("set background=light")
    normal = hl(talk, "Normal")["bg"]
    assert hl(talk, "FlemmaLineAssistant")["bg"] == normal - 0x102020
    talk.command("colorscheme habamax")
    talk.lua("vim.api.nvim_set_hl(0, 'Normal', { bg = '#101010' }); vim.cmd('doautocmd ColorScheme')")
    talk.command("set background=dark")
    assert hl(talk, "FlemmaLineAssistant")["bg"] == hl(talk, "Normal")["bg"] + 0x102020


def test_a_group_that_somebody_set_stays(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.command("highlight FlemmaLineAssistant guibg=#123456")
    editor.open(tmp_path / "a.chat", TALK)
    editor.command("doautocmd ColorScheme")
    assert hl(editor, "FlemmaLineAssistant")["bg"] == 0x123456


def test_every_group_has_colours_for_a_terminal_without_true_colour(talk: Neovim) -> None:
    assert hl(talk, "FlemmaLineAssistant")["ctermbg"] >= 16
    assert "ctermfg" in hl(talk, "FlemmaRuler")


@pytest.mark.parametrize(
    ("value", "background", "wanted"),
    [
        ("Base", "dark", {"link": "Base"}),
        ("#a0b0c0", "dark", {"fg": 0xA0B0C0}),
        ({"dark": "#111111", "light": "#eeeeee"}, "light", {"fg": 0xEEEEEE}),
        ({"fg": "#ffcc00", "bold": True}, "dark", {"fg": "#ffcc00", "bold": True}),
        ("Base+bg:#010203", "dark", {"fg": 0x808080, "bg": 0x111213}),
        ("Base+bg:#f0f0f0-fg:#900000", "dark", {"fg": 0x008080, "bg": 0xFFFFFF}),
        ("Missing+bg:#010101,Base+bg:#020202", "dark", {"fg": 0x808080, "bg": 0x121212}),
        ("Missing+bg:#010101", "dark", {"bg": 0x010101}),
        ("Missing-bg:#010101", "light", {"bg": 0xFEFEFE}),
        ("FgOnly+bg:#010101,Base", "dark", {"fg": 0x808080, "bg": 0x101010}),
        ("Base^fg:3", "dark", {"fg": 0x808080, "bg": 0x101010}),
        ("Base^fg:21", "dark", {"fg": 0xFFFFFF, "bg": 0x101010}),
        ("Base+bg:#f0f0f0^fg:21", "dark", {"fg": 0x000000, "bg": 0xFFFFFF}),
    ],
)
def test_a_highlight_value_means(start: Start, value: Any, background: str, wanted: dict[str, Any]) -> None:
    editor = start()
    editor.lua("""vim.api.nvim_set_hl(0, 'Normal', {})
      vim.api.nvim_set_hl(0, 'Base', { fg = 0x808080, bg = 0x101010 })
      vim.api.nvim_set_hl(0, 'FgOnly', { fg = 0x808080 })""")
    defaults = {"dark": {"bg": "#000000", "fg": "#ffffff"}, "light": {"bg": "#ffffff", "fg": "#000000"}}
    assert editor.lua("return (require('flemma.ui.colour').resolve(...))", value, background, defaults) == wanted


def test_a_value_that_means_nothing_is_told_once_and_the_rest_applies(start: Start, tmp_path: Path) -> None:
    editor = start("{ highlights = { system = 'Normal+bg:red', user = 'Title' }, role_style = 'bold,fat' }")
    editor.open(tmp_path / "a.chat", TALK)
    editor.notice("highlights.system")
    editor.notice("fat")
    assert editor.lua("return vim.api.nvim_get_hl(0, { name = 'FlemmaUser' }).link") == "Title"


def test_window_options_stay_with_the_chat(talk: Neovim, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("one\n")
    options = "return { vim.wo.foldmethod, vim.wo.foldexpr, vim.wo.foldtext, vim.wo.fillchars, vim.wo.conceallevel }"
    mine = talk.lua(options)
    talk.command("vsplit")
    assert talk.lua(options) == mine
    talk.command(f"edit {tmp_path}/other.txt")
    assert talk.lua(options) == ["manual", "0", "foldtext()", "", 0]
    talk.command("wincmd p")
    assert talk.lua(options) == mine
    assert talk.lua("return vim.go.foldmethod") == "manual"
    talk.command("set filetype=markdown")
    assert talk.lua("return vim.wo.foldexpr") == "0"


def test_updatetime_is_lower_in_a_chat_and_given_back_outside(talk: Neovim, tmp_path: Path) -> None:
    assert talk.lua("return vim.o.updatetime") == 100
    talk.command(f"split {tmp_path}/other.txt")
    assert talk.lua("return vim.o.updatetime") == 4000
    talk.command("wincmd p")
    assert talk.lua("return vim.o.updatetime") == 100


def test_nothing_jumps_after_opening(start: Start, tmp_path: Path) -> None:
    editor = start()
    screen = editor.attach_screen(80, 24)
    editor.open(tmp_path / "a.chat", TALK * 20)
    editor.client.pump(0.05)
    editor.client.settle(0.02)
    early = screen.rows()[:22]
    end = time.monotonic() + 1
    while time.monotonic() < end:
        editor.client.pump(0.1)
    assert screen.rows()[:22] == early


def test_a_prompt_below_a_closed_message_is_born_open(talk: Neovim) -> None:
    talk.command("normal! ggzMG")
    talk.lua("vim.api.nvim_buf_set_text(0, -1, -1, -1, -1, { 'Hi', '', '@Assistant:', 'Yes.', '', '@You:', '' })")
    talk.client.settle()
    lines = talk.lines()
    assert talk.lua("return vim.fn.foldclosed(...)", len(lines) - 1) == -1
    assert talk.lua("return vim.fn.foldclosed(1)") == 1


def test_no_mark_is_left_in_the_buffer(talk: Neovim) -> None:
    talk.client.settle()
    marks = "return #vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('flemma.decoration'), 0, -1, {})"
    assert talk.lua(marks) == 0


def test_contrast_is_as_high_as_was_asked_for(start: Start) -> None:
    editor = start()
    found = editor.lua("""
        local colour = require('flemma.ui.colour')
        local found = {}
        for ground = 0, 0xffffff, 0x0f1357 do
          found[#found + 1] = colour.contrast(colour.with_contrast(0x777777, ground, 4.5), ground)
        end
        return found
    """)
    assert min(found) >= 4.5
    assert max(found) < 10, "no more than was asked for"
    assert editor.lua("return require('flemma.ui.colour').contrast(0, 0xffffff)") == 21


@pytest.mark.parametrize("value", ["Base^fg:0", "Base^xy:3", "Base^fg:many", "Base^fg", "Base^fg:3+"])
def test_a_contrast_that_means_nothing_is_told(start: Start, value: str) -> None:
    problem = start().lua("return (select(2, require('flemma.ui.colour').resolve(..., 'dark', {})))", value)
    assert "is not a highlight" in problem
