"""Where the report stands, when it comes and goes, and what it must not disturb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editor.conftest import CANARY, Start
from tests.editor.neovim import Neovim
from tests.editor.reports import PRICED, floats, tell, until

pytestmark = pytest.mark.editor


@pytest.fixture
def editor(start: Start, tmp_path: Path) -> Neovim:
    """A chat whose report stays for as long as a test needs."""
    editor = start("{ notify = { timeout = 60000 } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    return editor


# ---- where it stands


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (30, 12), (20, 6), (12, 4), (8, 3)])
def test_the_report_stays_inside_its_window_at_the_top_right(editor: Neovim, width: int, height: int) -> None:
    screen = editor.attach_screen(width, height)
    tell(editor)
    editor.client.settle()
    found = floats(editor)
    assert not editor.notices()
    if found:
        assert found[0]["row"] == 0
        assert found[0]["col"] + found[0]["width"] + 2 == width
        assert found[0]["height"] + 2 <= height
        assert "Flemma" in screen.rows()[0]
    else:
        assert width < 20 or height < 7, "only where there is no room"


def test_the_report_leaves_the_winbar_alone(editor: Neovim) -> None:
    screen = editor.attach_screen(100, 30)
    editor.command("set winbar=BAR%=BAR")
    tell(editor)
    (report,) = until(editor, 1)
    editor.client.settle()
    assert report["row"] == 1
    assert screen.rows()[0].rstrip().endswith("BAR")


def test_the_report_belongs_to_the_window_of_its_chat(editor: Neovim) -> None:
    editor.attach_screen(120, 40)
    buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    editor.command("vsplit | enew")
    tell(editor, buf=buf)
    (report,) = until(editor, 1)
    assert editor.lua("return vim.api.nvim_win_get_buf(...)", report["parent"]) == buf
    editor.command("wincmd l | vertical resize 30")
    editor.wait(lambda: floats(editor)[0]["width"] <= 28, "a narrower report")


def test_the_focus_the_alternate_file_and_the_mode_stay_what_they_were(editor: Neovim, tmp_path: Path) -> None:
    editor.attach_screen(100, 30)
    editor.open(tmp_path / "other.chat", "@You:\nother\n")
    before = editor.lua(
        "return { vim.api.nvim_get_current_win(), vim.fn.bufnr('#'), #vim.fn.getbufinfo({ buflisted = 1 }) }"
    )
    editor.press("A")
    tell(editor)
    (report,) = until(editor, 1)
    assert report["focusable"] is False
    after = editor.lua(
        "return { vim.api.nvim_get_current_win(), vim.fn.bufnr('#'), #vim.fn.getbufinfo({ buflisted = 1 }) }"
    )
    assert after == before
    assert editor.mode == "i"
    editor.press("<Esc><C-w>w")
    assert editor.lua("return vim.api.nvim_get_current_win()") == before[0]


def test_two_reports_stand_one_below_the_other_and_the_oldest_goes_when_there_is_no_room(editor: Neovim) -> None:
    editor.attach_screen(100, 30)
    tell(editor)
    tell(editor)
    first, second = until(editor, 2)
    assert second["row"] >= first["row"] + first["height"] + 2
    tell(editor)
    editor.wait(lambda: first["win"] not in [found["win"] for found in floats(editor)], "the end of the oldest")
    assert len(floats(editor)) == 2


def test_the_requests_of_one_run_have_one_report(editor: Neovim) -> None:
    editor.attach_screen(100, 40)
    for _ in range(3):
        tell(editor, run=1)
    (report,) = until(editor, 1)
    assert report["lines"][0] == "3 requests:"
    assert "3,702 tokens / $0.03" in report["lines"][2]
    assert "60,000 read + 1,200 write (92% hit rate)" in report["lines"][3]
    assert "17,034 tokens (⊂ 270 thoughts) / $0.26" in report["lines"][4]
    tell(editor, run=2)
    before, after = until(editor, 2)
    assert [before["lines"][0], after["lines"][0]] == ["3 requests:", "Request:"]
    editor.command("Flemma notification:recall")
    assert len(floats(editor)) == 2


@pytest.mark.parametrize(
    ("setup", "before", "corner"),
    [
        ("{}", "", "╭"),
        ("{}", "set winborder=single", "┌"),
        ("{ notify = { border = 'double' } }", "set winborder=single", "╔"),
        ("{ notify = { border = 'none' } }", "", "none"),
        ("{}", "set winborder=none", "none"),
        ("{ notify = { border = 'fancy' } }", "", "╭"),
        ("{ notify = { border = { 'x' } } }", "", "x"),
        ("{ notify = { border = { {}, 3 } } }", "", "╭"),
        ("{ notify = { title = false, timeout = -1 } }", "", "╭"),
        ("{ notify = { border = 7, timeout = 'x', padding = {} } }", "", "╭"),
    ],
)
def test_the_border_is_the_users(start: Start, tmp_path: Path, setup: str, before: str, corner: str) -> None:
    editor = start(setup)
    editor.attach_screen(100, 30)
    editor.open(tmp_path / "talk.chat", "@You:\n")
    editor.command(before)
    tell(editor)
    (report,) = until(editor, 1)
    assert report["border"] == corner


def test_title_padding_and_width_are_settings(start: Start, tmp_path: Path) -> None:
    editor = start("{ notify = { title = 'Money', padding = 3, max_width = 30 } }")
    screen = editor.attach_screen(100, 30)
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    (report,) = until(editor, 1)
    editor.client.settle()
    assert report["width"] == 30
    assert "Money" in screen.rows()[0]
    assert "│   Request:" in screen.rows()[1]


# ---- when it comes and goes


def test_the_report_goes_by_itself(start: Start, tmp_path: Path) -> None:
    editor = start("{ notify = { timeout = 150 } }")
    editor.attach_screen(100, 30)
    editor.command("set termguicolors")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    until(editor, 1)
    until(editor, 0)


def test_with_no_timeout_it_stays_until_the_next_one(start: Start, tmp_path: Path) -> None:
    editor = start("{ notify = { timeout = 0 } }")
    editor.attach_screen(100, 40)
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    (first,) = until(editor, 1)
    tell(editor)
    editor.wait(lambda: [found["win"] for found in floats(editor)] not in ([first["win"]], []), "the next report")
    assert len(floats(editor)) == 1


def test_turned_off_it_does_not_come(start: Start, tmp_path: Path) -> None:
    editor = start("{ notify = { enabled = false } }")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    editor.client.settle()
    assert floats(editor) == []
    assert editor.lua("return require('flemma.session').get():get_request_count()") == 1


HIDINGS: dict[str, tuple[str, Callable[[int], str]]] = {
    "another buffer in the window": ("enew", lambda buf: f"buffer {buf}"),
    "another tab page": ("tabnew", lambda _: "tabprevious"),
}


@pytest.mark.parametrize("way", HIDINGS)
def test_a_hidden_chats_report_waits_until_it_is_seen(editor: Neovim, way: str) -> None:
    editor.attach_screen(100, 40)
    hide, back = HIDINGS[way]
    buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    editor.command("set hidden")
    editor.command(hide)
    tell(editor, buf=buf)
    editor.client.settle()
    assert floats(editor) == []
    editor.command(back(buf))
    (report,) = until(editor, 1)
    editor.command(hide)
    until(editor, 0) if way == "another buffer in the window" else None
    editor.command(back(buf))
    (again,) = until(editor, 1)
    assert again["lines"] == report["lines"]


def test_what_the_user_closes_does_not_come_back(editor: Neovim) -> None:
    editor.attach_screen(100, 40)
    tell(editor)
    until(editor, 1)
    editor.command("only")
    until(editor, 0)
    editor.command("split")
    editor.client.settle()
    assert floats(editor) == []


def test_closing_the_last_window_ends_neovim_although_a_report_is_there(editor: Neovim) -> None:
    tell(editor)
    until(editor, 1)
    editor.client.notify("nvim_command", "quit!")
    assert editor.client.process.wait(10) == 0


def test_a_wiped_chat_takes_its_report_along(editor: Neovim) -> None:
    buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    tell(editor)
    until(editor, 1)
    editor.command("bwipeout!")
    until(editor, 0)
    tell_gone = {"request": {**PRICED, "bufnr": buf}}
    assert editor.lua("return require('flemma.receive').call('usage', ...)", tell_gone) is None
    assert editor.lua("return require('flemma.session').get():get_request_count()") == 2


def test_in_the_command_line_window_the_report_waits_or_stands_and_breaks_nothing(editor: Neovim) -> None:
    editor.attach_screen(100, 40)
    buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    editor.press("q:")
    editor.wait(lambda: editor.lua("return vim.fn.getcmdwintype()") == ":", "the command-line window")
    tell(editor, buf=buf)
    editor.client.settle()
    editor.press("<C-c><C-c>")
    until(editor, 1)
    assert editor.notices() == []
