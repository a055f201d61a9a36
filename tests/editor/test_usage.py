"""The report of a request: what it says, where it stands, when it goes, and what it must not disturb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from flemma_py.config.schema import Settings
from flemma_py.demo import peer as script
from tests.editor.client import Screen
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

pytestmark = pytest.mark.editor

PRICED: dict[str, Any] = {
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "status": "completed",
    "input_tokens": 1234,
    "output_tokens": 5678,
    "thoughts_tokens": 90,
    "output_has_thoughts": True,
    "input_price": 3.0,
    "output_price": 15.0,
    "cache_read_input_tokens": 20_000,
    "cache_creation_input_tokens": 400,
    "cache_read_price": 0.3,
    "cache_write_price": 3.75,
    "started_at": 1.0,
    "completed_at": 2.0,
}
UNPRICED = {name: value for name, value in PRICED.items() if not name.endswith("_price")}

REPORT = [
    "Request:",
    "  Model:  `claude-sonnet-4-5` (anthropic)",
    "  Input:  1,234 tokens / $0.01",
    "  Cache:  20,000 read + 400 write",
    " Output:  5,678 tokens (⊂ 90 thoughts) / $0.09",
    "  Total:  $0.10",
    "",
    "Session:",
    "  Input:  21,634 tokens / $0.02",
    " Output:  5,678 tokens / $0.09",
    "  Total:  $0.10",
]

FLOATS = """
local found = {}
for _, win in ipairs(vim.api.nvim_list_wins()) do
  local config = vim.api.nvim_win_get_config(win)
  if config.relative ~= '' then
    local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true)
    local position = vim.api.nvim_win_get_position(win)
    found[#found + 1] = { win = win, parent = config.win, lines = vim.tbl_map(vim.trim, lines),
      focusable = config.focusable,
      row = position[1], col = position[2], width = config.width, height = config.height, border = config.border ~= nil
        and (type(config.border) == 'table' and config.border[1] or config.border) or 'none' }
  end
end
table.sort(found, function(a, b) return a.row < b.row end)
return found
"""


@pytest.fixture
def editor(start: Start, tmp_path: Path) -> Neovim:
    """A chat whose report stays for as long as a test needs."""
    editor = start("{ notify = { timeout = 60000 } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    return editor


def tell(editor: Neovim, request: dict[str, Any] = PRICED, buf: int | None = None) -> None:
    """What the host says when a request is over."""
    if buf is None:
        buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    path = str(editor.lua("return vim.api.nvim_buf_get_name(...)", buf))
    payload = {"request": {**request, "bufnr": buf, **({"filepath": path} if path else {})}}
    assert editor.lua("return require('flemma.receive').call('usage', ...)", payload) is None


def floats(editor: Neovim) -> list[dict[str, Any]]:
    return list(editor.lua(FLOATS))


def until(editor: Neovim, count: int) -> list[dict[str, Any]]:
    """Wait for so many floating windows."""
    editor.wait(lambda: len(floats(editor)) == count, f"{count} floating windows")
    return floats(editor)


def trimmed(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines]


def shown(screen: Screen) -> str:
    return "\n".join(screen.rows())


# ---- what it says


def test_the_report_names_tokens_and_money_of_request_and_session(editor: Neovim) -> None:
    tell(editor)
    (report,) = until(editor, 1)
    assert report["lines"] == trimmed(REPORT)
    content = editor.lua("return require('flemma.ui.usage').content(require('flemma.session').get().requests[1])")
    assert content["lines"] == REPORT


def test_without_pricing_no_money_is_anywhere(start: Start, tmp_path: Path) -> None:
    editor = start("{ pricing = { enabled = false } }")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    tell(editor)
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert "Total" not in "\n".join(report["lines"])
    assert "Input:  1,234 tokens" in report["lines"]


def test_without_a_known_price_tokens_are_counted_and_no_money_is_shown(editor: Neovim) -> None:
    tell(editor, UNPRICED)
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert "Output:  5,678 tokens (⊂ 90 thoughts)" in report["lines"]


def test_a_session_of_which_some_prices_are_unknown_says_at_least(editor: Neovim) -> None:
    editor.attach_screen(100, 40)
    tell(editor, UNPRICED)
    tell(editor)
    reports = until(editor, 2)
    assert reports[1]["lines"][-1] == "Total:  ≥ $0.10"
    assert reports[1]["lines"][5] == "Total:  $0.10"


@pytest.mark.parametrize(("cost", "told"), [(0.07, "$0.07"), (0.0700001, "$0.08"), (0.0001, "$0.01"), (0, "$0.00")])
def test_the_money_of_a_session_is_rounded_up_to_cents(editor: Neovim, cost: float, told: str) -> None:
    tell(editor, {**UNPRICED, "input_tokens": 0, "output_tokens": 10**6, "cache_read_input_tokens": 0,
                  "cache_creation_input_tokens": 0, "input_price": 0, "output_price": cost})  # fmt: skip
    (report,) = until(editor, 1)
    assert report["lines"][-1] == f"Total:  {told}"


def test_the_demo_models_report_has_tokens_only(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.press("G<C-]>")
    editor.finished()
    (report,) = until(editor, 1)
    assert "$" not in "\n".join(report["lines"])
    assert report["lines"][1] == "Model:  `flemma-demo` (demo)"


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


@pytest.mark.parametrize(
    ("setup", "before", "corner"),
    [
        ("{}", "", "╭"),
        ("{}", "set winborder=single", "┌"),
        ("{ notify = { border = 'double' } }", "set winborder=single", "╔"),
        ("{ notify = { border = 'none' } }", "", "none"),
        ("{}", "set winborder=none", "none"),
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


# ---- again


@pytest.mark.parametrize("command", ["Flemma notification:recall", "Flemma usage:recall"])
def test_recall_shows_the_last_report_again(start: Start, tmp_path: Path, command: str) -> None:
    editor = start("{ notify = { timeout = 300 } }")
    editor.attach_screen(100, 40)
    editor.open(tmp_path / "talk.chat", "@You:\n")
    editor.command(command)
    editor.notice("send it first")
    tell(editor)
    (first,) = until(editor, 1)
    editor.command(command)
    editor.client.settle(0.1)
    assert [found["win"] for found in floats(editor)] == [first["win"]], "a visible one is left as it is"
    until(editor, 0)
    editor.command(command)
    (again,) = until(editor, 1)
    assert again["lines"] == first["lines"]


def test_usage_recall_knows_a_restored_session_and_a_request_that_was_cut(editor: Neovim, tmp_path: Path) -> None:
    editor.attach_screen(100, 40)
    path = str(tmp_path / "talk.chat")
    editor.lua("require('flemma.session').get():load(...)", [{**PRICED, "filepath": path, "status": "cancelled"}])
    editor.command("Flemma usage:recall")
    (report,) = until(editor, 1)
    assert report["lines"][0] == "Request (cancelled):"


def test_a_cancelled_request_is_counted_without_a_report(chat: Neovim, peer: Peer) -> None:
    chat.attach_screen(100, 40)
    peer.enqueue(script.deltas(1000, delay=0.05))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.text()) > 40, "some text")
    chat.press("<C-c>")
    chat.idle()
    chat.wait(lambda: chat.lua("return require('flemma.session').get():get_request_count()") == 1, "the record")
    chat.client.settle()
    assert floats(chat) == []


def test_the_report_of_a_real_request_comes_with_its_end(chat: Neovim, peer: Peer) -> None:
    screen = chat.attach_screen(100, 40)
    peer.enqueue(script.text("Hi"))
    chat.press("G<C-]>")
    chat.finished()
    (report,) = until(chat, 1)
    assert report["lines"][2] == "Input:  10 tokens / $0.00"
    chat.client.settle()
    assert "claude-sonnet-5-5 (anthropic)" in shown(screen)
    assert "`claude" not in shown(screen)


# ---- settings


@pytest.mark.parametrize("group", ["notify", "pricing"])
def test_lua_and_host_have_the_same_defaults(editor: Neovim, group: str) -> None:
    assert editor.lua("return require('flemma.settings').defaults[...]", group) == asdict(getattr(Settings(), group))
