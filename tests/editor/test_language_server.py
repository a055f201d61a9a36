"""The language server in a real Neovim: keys that a person presses, and the requests of its own client."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.pure.lsp_chats import check

CHAT = """```lua
name = "Bob"
flemma.opt.tools = { "raed" }
```
@You:
ü {{ name .. "!" }} and @./notes.md

@Assistant:
Hello

**Tool Use:** `calculator` (`t1`)
```json
{ "expression": "6 * 7" }
```

@You:
"""

REQUEST = """
local method, line, column, more = ...
local at = { line = line, character = column }
local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = at, range = { start = at, ['end'] = at } }
local found = vim.lsp.buf_request_sync(0, method, vim.tbl_extend('force', params, more), 20000)
local _, answer = next(found or {})
answer = answer or {}
return { answer.result or vim.NIL, answer.error or answer.err or vim.NIL }
"""

CLIENT = "local c = vim.lsp.get_clients({ name = 'flemma', bufnr = 0 })[1] return c ~= nil and c.initialized == true"


def served(editor: Neovim) -> Neovim:
    """The editor, once the server answers for the buffer that is shown."""
    editor.wait(lambda: editor.lua(CLIENT), "the client")
    return editor


def ask(editor: Neovim, method: str, mark: str = "", **more: Any) -> Any:
    """What is answered for the place of `|` in `mark`, a part of a line; checked against the protocol."""
    line, column = place(editor, mark)
    result, error = editor.lua(REQUEST, f"textDocument/{method}", line, column, more or {"nothing": True})
    assert error is None, error
    check(method, result)
    return result


def place(editor: Neovim, mark: str) -> tuple[int, int]:
    part, at = mark.replace("|", ""), mark.find("|")
    for number, line in enumerate(editor.lines()):
        if part in line:
            return number, len(line[: line.index(part) + max(at, 0)].encode())
    raise AssertionError(f"{part} is not in the chat")


def go(editor: Neovim, mark: str) -> None:
    line, column = place(editor, mark)
    editor.lua("vim.api.nvim_win_set_cursor(0, { ... })", line + 1, column)


@pytest.fixture
def talk(empty: Neovim, tmp_path: Path) -> Neovim:
    (tmp_path / "notes.md").write_text("# Notes\n")
    (tmp_path / "sub").mkdir()
    empty.open(tmp_path / "talk.chat", CHAT)
    empty.ready()
    return served(empty)


FLOATS = """
local found = {}
for _, win in ipairs(vim.api.nvim_list_wins()) do
  if vim.api.nvim_win_get_config(win).relative ~= '' then
    found[#found + 1] = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, false), ' ')
  end
end
return found
"""


def floats(editor: Neovim, part: str) -> Callable[[], bool]:
    return lambda: any(part in text for text in editor.lua(FLOATS))


# ---- what is answered


def test_the_text_is_sent_by_nobody_twice(talk: Neovim) -> None:
    client = "local c = vim.lsp.get_clients({ name = 'flemma' })[1] return { c.offset_encoding, c.server_capabilities }"
    encoding, capabilities = talk.lua(client)
    assert encoding == "utf-8"
    assert capabilities["textDocumentSync"] == {"openClose": False, "change": 0, "save": False}
    assert capabilities["completionProvider"] and capabilities["hoverProvider"]


def test_an_expression_is_evaluated_and_an_edit_is_seen_at_once(talk: Neovim) -> None:
    assert "Bob!" in ask(talk, "hover", "{{ |name")["contents"]["value"]
    talk.lua("vim.api.nvim_buf_set_lines(0, 1, 2, true, { 'name = \"Ann\"' })")
    assert "Ann!" in ask(talk, "hover", "{{ |name")["contents"]["value"]


def test_an_expression_without_an_end_is_given_up(talk: Neovim) -> None:
    talk.lua("vim.api.nvim_buf_set_lines(0, 1, 2, true, { 'name = \"Ann\"', 'function f() while true do end end' })")
    talk.lua("vim.api.nvim_buf_set_lines(0, 6, 7, true, { '{{ f() }}' })")
    assert "cannot be evaluated" in ask(talk, "hover", "{{ |f")["contents"]["value"]
    agree(talk)


def test_files_messages_and_settings(talk: Neovim) -> None:
    assert "text/markdown" in ask(talk, "hover", "@./|notes")["contents"]["value"]
    assert "message 2 of 3" in ask(talk, "hover", "|@Assistant")["contents"]["value"]
    assert "tools.offered" in ask(talk, "hover", "opt.|tools")["contents"]["value"]
    assert ask(talk, "hover", "|Hello") is None
    assert ask(talk, "definition", "@./|notes")["uri"].endswith("/notes.md")


def test_paths_are_those_that_the_chat_may_have(talk: Neovim, tmp_path: Path) -> None:
    talk.lua("vim.api.nvim_buf_set_lines(0, -1, -1, true, { '@./', '@//etc/' })")
    labels = [each["label"] for each in ask(talk, "completion", "@./|")["items"]]
    assert ("@./" in talk.lines() and "sub/" not in labels) or "notes.md" in labels
    line = talk.lines().index("@./")
    here, error = talk.lua(REQUEST, "textDocument/completion", line, 3, {"nothing": True})
    assert error is None
    assert {"notes.md", "sub/", "talk.chat"} <= {each["label"] for each in here["items"]}
    there, _ = talk.lua(REQUEST, "textDocument/completion", line + 1, 7, {"nothing": True})
    assert there["items"] == []


# ---- what a person presses


def test_omni_completion(talk: Neovim) -> None:
    assert talk.lua("return vim.bo.omnifunc") == "v:lua.vim.lsp.omnifunc"
    talk.press("Go@As<C-x><C-o>")
    talk.wait(lambda: talk.lua("return vim.fn.pumvisible()") == 1 or talk.lines()[-1] == "@Assistant:", "the menu")
    talk.press("<C-n>" if talk.lines()[-1] == "@As" else "")
    talk.press("<C-y><Esc>")
    talk.wait(lambda: talk.lines()[-1] == "@Assistant:", "the role")
    agree(talk)


def test_built_in_completion_of_a_setting(talk: Neovim) -> None:
    talk.lua("vim.api.nvim_buf_set_lines(0, 2, 2, true, { 'flemma.opt.tempe' })")
    go(talk, "opt.temp|e")
    talk.press("A<C-x><C-o>")
    talk.wait(lambda: "temperature" in talk.lines()[2], "the setting")
    talk.press("<C-y><Esc>")
    talk.wait(lambda: talk.lines()[2] == "flemma.opt.temperature", "the setting")


def test_completion_that_comes_by_itself(talk: Neovim) -> None:
    talk.lua("""
      local client = vim.lsp.get_clients({ name = 'flemma', bufnr = 0 })[1]
      vim.lsp.completion.enable(true, client.id, 0, { autotrigger = true })
      vim.o.completeopt = 'menuone,noselect'
    """)
    talk.press("Go@")
    talk.wait(lambda: talk.lua("return vim.fn.pumvisible()") == 1, "the menu")
    words = [each["word"] for each in talk.lua("return vim.fn.complete_info({ 'items' }).items")]
    assert words == ["@You:", "@Assistant:", "@System:"]
    talk.press("<C-n><C-n><C-y><Esc>")
    talk.wait(lambda: talk.lines()[-1] == "@Assistant:", "the role")


def test_a_hover_float(talk: Neovim) -> None:
    go(talk, "{{ |name")
    talk.press("K")
    talk.wait(floats(talk, "Bob!"), "the value")


def test_the_outline(talk: Neovim) -> None:
    talk.press("gO")
    talk.wait(lambda: len(talk.lua("return vim.fn.getloclist(0)")) >= 5, "the outline")
    texts = [each["text"] for each in talk.lua("return vim.fn.getloclist(0)")]
    assert any("@Assistant: Hello" in text for text in texts)
    assert any("Tool Use: calculator" in text for text in texts)


CHOOSE = """
local wanted = ...
_G.offered = nil
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item or tostring, items)
  for number, item in ipairs(items) do
    if (options.format_item or tostring)(item):find(wanted, 1, true) then
      return done(item, number)
    end
  end
  done(nil)
end
"""


def act(editor: Neovim, mark: str, wanted: str) -> None:
    """Press `gra` and choose what has `wanted` in its title. What is alone is offered, too."""
    editor.lua(CHOOSE, wanted)
    go(editor, mark)
    editor.press("gra")


def test_a_call_is_run_by_a_code_action(talk: Neovim) -> None:
    talk.lua("vim.api.nvim_buf_set_lines(0, 2, 3, true, {})")
    act(talk, "|**Tool Use", "Run this call")
    talk.wait(lambda: "42" in talk.lines(), "the result")
    talk.idle()
    agree(talk)


@pytest.mark.parametrize(("wanted", "status"), [("Approve", "(approved)"), ("Reject", "(rejected)")])
def test_a_call_is_decided_about_by_a_code_action(talk: Neovim, wanted: str, status: str) -> None:
    talk.lua("vim.api.nvim_buf_set_lines(0, 2, 3, true, {})")
    act(talk, "|**Tool Use", wanted)
    talk.wait(lambda: f"**Tool Result:** `t1` {status}" in talk.text(), status)
    talk.idle()


def test_a_misspelt_tool_is_mended(talk: Neovim) -> None:
    act(talk, '{ "|raed', "Change raed")
    talk.wait(lambda: 'flemma.opt.tools = { "read" }' in talk.lines(), "the right name")
    agree(talk)


def test_a_chat_without_a_file_is_mended_as_well(start: Start) -> None:
    editor = start()
    editor.command("enew | setlocal filetype=chat")
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, vim.split(..., '\\n'))", CHAT)
    editor.ready()
    served(editor)
    act(editor, '{ "|raed', "Change raed")
    editor.wait(lambda: 'flemma.opt.tools = { "read" }' in editor.lines(), "the right name")


def test_a_reply_is_asked_for_again(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(Reply((Says("one"),)), Reply((Says("two"),)))
    served(chat)
    chat.press("<C-]>")
    chat.finished()
    chat.idle()
    act(chat, "|one", "Ask again")
    chat.finished(2)
    chat.idle()
    assert "two" in chat.lines() and "one" not in chat.lines()
    assert peer.bodies[0]["messages"] == peer.bodies[1]["messages"]
    agree(chat)


def test_a_variable_is_renamed(talk: Neovim) -> None:
    go(talk, "{{ |name")
    talk.lua("vim.lsp.buf.rename('who')")
    talk.wait(lambda: 'ü {{ who .. "!" }} and @./notes.md' in talk.lines(), "the new name")
    assert talk.lines()[1] == 'who = "Bob"'
    agree(talk)


def test_definition_jumps(talk: Neovim) -> None:
    go(talk, "{{ |name")
    talk.lua("vim.lsp.buf.definition()")
    talk.wait(lambda: talk.cursor == [2, 0], "the frontmatter")


def test_marks_are_not_doubled(talk: Neovim) -> None:
    talk.wait(lambda: talk.lua("return #vim.diagnostic.get(0)") > 0, "the marks")
    sources = talk.lua("return vim.tbl_map(function(each) return each.lnum end, vim.diagnostic.get(0))")
    assert sources == [2]


# ---- what may go wrong


def test_an_answer_for_another_text_is_stale(talk: Neovim) -> None:
    # Both messages are in the pipe before the host looks at the first one.
    os.kill(talk.host()["pid"], signal.SIGSTOP)
    talk.lua("""
      local at = { line = 5, character = 6 }
      local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = at }
      vim.lsp.buf_request(0, 'textDocument/hover', params, function(err, result) _G.answer = { err or {}, result } end)
      vim.api.nvim_buf_set_lines(0, 0, 0, true, { '' })
      require('flemma.buffer.watch').flush(vim.api.nvim_get_current_buf())
    """)
    os.kill(talk.host()["pid"], signal.SIGCONT)
    talk.wait(lambda: talk.lua("return _G.answer"), "an answer")
    assert talk.lua("return _G.answer[1].code") == -32801
    assert ask(talk, "documentSymbol")


def test_a_cancelled_request_has_no_answer(talk: Neovim) -> None:
    talk.lua("""
      _G.answers = 0
      local at = { line = 5, character = 6 }
      local client = vim.lsp.get_clients({ name = 'flemma' })[1]
      local params = { textDocument = { uri = vim.uri_from_bufnr(0) }, position = at }
      local _, id = client:request('textDocument/hover', params, function() _G.answers = _G.answers + 1 end, 0)
      client:cancel_request(id)
      _G.left = vim.tbl_count(client.requests)
    """)
    assert talk.lua("return _G.left") == 0
    assert ask(talk, "documentSymbol")
    assert talk.lua("return _G.answers") == 0


def test_a_host_that_dies_owes_nothing_and_the_next_one_answers(talk: Neovim) -> None:
    os.kill(talk.host()["pid"], signal.SIGSTOP)
    talk.lua("""
      local params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
      _G.answered = false
      vim.lsp.buf_request(0, 'textDocument/documentSymbol', params, function() _G.answered = true end)
    """)
    os.kill(talk.host()["pid"], signal.SIGKILL)
    talk.wait(lambda: talk.lua("return _G.answered"), "an empty answer")
    talk.wait(lambda: talk.host()["ready"], "the next host")
    talk.ready()
    assert len(ask(talk, "documentSymbol")) == 4


def test_without_a_host_the_answer_is_empty(talk: Neovim) -> None:
    talk.lua("require('flemma.host').stop()")
    assert ask(talk, "documentSymbol") is None


def test_who_wants_none_has_none(start: Start, tmp_path: Path) -> None:
    editor = start("{ lsp = { enabled = false } }")
    editor.open(tmp_path / "talk.chat", CHAT)
    editor.ready()
    editor.lua("vim.wait(200, function() return false end)")
    assert editor.lua("return #vim.lsp.get_clients()") == 0


def test_one_client_serves_all_chats_and_leaves_what_is_no_chat(talk: Neovim, tmp_path: Path) -> None:
    first = talk.lua("return vim.lsp.get_clients({ bufnr = 0 })[1].id")
    talk.open(tmp_path / "other.chat", "@You:\nHi\n")
    served(talk)
    assert talk.lua("return vim.lsp.get_clients({ bufnr = 0 })[1].id") == first
    talk.command("setlocal filetype=text")
    assert talk.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 0


def test_a_call_that_has_just_been_written_is_known(chat: Neovim, peer: Peer) -> None:
    served(chat)
    peer.enqueue(Reply((Calls("toolu_1", "calculator", {"expression": "1"}),), "tool_use"))
    chat.press("<C-]>")
    chat.finished()
    chat.idle()
    assert "has no result" in ask(chat, "hover", "|**Tool Use")["contents"]["value"]


def test_a_chat_is_forked_by_a_code_action_at_its_message(talk: Neovim, tmp_path: Path) -> None:
    talk.command("write")
    before = {path.name for path in tmp_path.glob("*.chat")}
    act(talk, "|**Tool Use", "Fork here")
    (forked,) = talk.wait(lambda: {path.name for path in tmp_path.glob("*.chat")} - before, "the other chat")
    talk.wait(lambda: talk.lua("return vim.fn.expand('%:t')") == forked, "its window")
    assert "@You:" in talk.lines()
