"""`:Flemma logging:…`: the log can be turned on, off and looked at while Neovim runs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim


def log(editor: Neovim) -> str:
    path = Path(editor.lua("return require('flemma.logging').path()"))
    return path.read_text() if path.exists() else ""


def talk(editor: Neovim) -> None:
    count = len(editor.events("FlemmaRequestFinished"))
    editor.press("<Esc>Goagain<Esc><C-]>")
    editor.finished(count + 1)
    editor.idle()


def test_logging_is_turned_on_and_off_while_the_host_runs(chat: Neovim) -> None:
    talk(chat)
    assert log(chat) == ""
    chat.command("Flemma logging:enable trace")
    chat.report()
    talk(chat)
    chat.wait(lambda: log(chat), "the log")
    assert CANARY not in log(chat)
    chat.command("Flemma logging:disable")
    chat.report()
    size = len(log(chat))
    talk(chat)
    assert len(log(chat)) == size


def test_a_level_that_there_is_not_is_refused(chat: Neovim) -> None:
    chat.command("Flemma logging:enable LOUD")
    assert "TRACE, DEBUG, INFO, WARN, ERROR" in chat.notice("LOUD")


def test_a_host_that_was_started_again_logs_on(chat: Neovim) -> None:
    chat.command("Flemma logging:enable TRACE")
    chat.lua("require('flemma.host').stop()")
    talk(chat)
    chat.wait(lambda: log(chat), "the log")


def test_the_log_opens_in_a_tab_with_a_warning_if_it_is_off(start: Start) -> None:
    editor = start()
    editor.command("Flemma logging:open")
    assert editor.lua("return vim.fn.tabpagenr('$')") == 2
    assert editor.lua("return vim.fn.expand('%:t')") == "flemma.log"
    assert "logging:enable" in editor.notice("logging is off")


def test_the_log_is_followed_in_a_split(chat: Neovim) -> None:
    chat.command("Flemma logging:enable TRACE")
    chat.report()
    window = chat.lua("return vim.api.nvim_get_current_win()")
    chat.command("Flemma logging:tail")
    tail = chat.lua("return vim.api.nvim_get_current_buf()")
    assert chat.lua("return vim.bo.filetype") == "flemma-log"
    chat.lua("vim.api.nvim_set_current_win(...)", window)
    talk(chat)
    chat.wait(lambda: "curl -N -X POST" in chat.text(tail) and '"messages"' in chat.text(tail), "the request")
    chat.wait(lambda: "answer: event" in chat.text(tail), "the answer")
    assert CANARY not in chat.text(tail)
    lines = chat.lua("return vim.api.nvim_buf_line_count(...)", tail)
    last = chat.lua("return vim.api.nvim_win_get_cursor(vim.fn.bufwinid(...))[1]", tail)
    assert last == lines
    chat.command("Flemma logging:tail")
    assert chat.lua("return vim.api.nvim_get_current_buf()") == tail
    chat.press("q")
    assert chat.lua("return vim.api.nvim_buf_is_valid(...)", tail) is False


def test_the_log_may_be_json(start: Start, peer: Peer, tmp_path: Path) -> None:
    anthropic = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    editor = start(f"{{ logging = {{ enabled = true, format = 'json' }}, {anthropic} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    talk(editor)
    lines = [json.loads(line) for line in log(editor).splitlines()]
    assert any("curl" in line["message"] for line in lines)
    assert {"time", "level", "name", "message"} <= lines[0].keys()
    assert CANARY not in log(editor)
