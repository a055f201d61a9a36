"""What the send key would run has been before the eyes of whoever presses it: else the press shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim

CALL = Calls("toolu_1", "calculator", {"expression": "6 * 7"})
SECOND = Calls("toolu_2", "calculator", {"expression": "6 * 6"})
FLOATS = """
local found = {}
for _, win in ipairs(vim.api.nvim_list_wins()) do
  local buf = vim.api.nvim_win_get_buf(win)
  if vim.bo[buf].filetype == 'flemma-preview' then
    found[#found + 1] = table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), ' ')
  end
end
return found
"""


def asked(editor: Neovim, peer: Peer, *blocks: Calls | Says) -> None:
    """The model wants to call something, and it was read."""
    peer.enqueue(Reply(blocks, "tool_use"))
    editor.press("G<C-]>")
    editor.finished()
    editor.wait(lambda: not editor.lua("return require('flemma.reveal').is_typed_ahead(vim.fn.bufnr())"), "a look")


def shown(editor: Neovim, text: str, count: int = 1) -> None:
    """A press showed the calls, changed nothing and ran nothing."""
    editor.notice("this tool call will run" if count == 1 else f"{count} tool calls will run")
    editor.idle()
    assert editor.text() == text
    assert not editor.events("FlemmaToolExecuting")
    agree(editor)


def in_sight(editor: Neovim, part: str) -> bool:
    """Whether the window shows a line with `part`, and no fold hides it."""
    line = next(number for number, each in enumerate(editor.lines(), 1) if part in each)
    first, last = editor.lua("return { vim.fn.line('w0'), vim.fn.line('w$') }")
    return bool(first <= line <= last and editor.lua("return vim.fn.foldclosed(...)", line) == -1)


def test_what_is_in_sight_runs_at_once(chat: Neovim, peer: Peer) -> None:
    asked(chat, peer, CALL)
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
    assert not [each for each in chat.notices() if "will run" in each]


def test_what_was_scrolled_away_is_shown_first(chat: Neovim, peer: Peer) -> None:
    asked(chat, peer, CALL, SECOND, Says("word\n\n" * 60))
    before = chat.text()
    chat.press("G<C-]>")
    shown(chat, before, 2)
    assert in_sight(chat, "6 * 7")
    assert "toolu_1" in chat.lines()[chat.cursor[0] - 1]
    chat.wait(lambda: any("6 * 7" in each for each in chat.lua(FLOATS)), "the preview")
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines() and "36" in chat.lines(), "the results")


def test_what_is_folded_is_opened_first(chat: Neovim, peer: Peer) -> None:
    asked(chat, peer, CALL)
    line = next(number for number, each in enumerate(chat.lines(), 1) if "toolu_1" in each)
    chat.command(f"{line}foldclose")
    assert not in_sight(chat, "6 * 7")
    before = chat.text()
    chat.press("<C-]>")
    shown(chat, before)
    assert in_sight(chat, "6 * 7")
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")


def test_what_no_window_can_show_whole_runs_with_the_next_press(chat: Neovim, peer: Peer) -> None:
    asked(chat, peer, Calls("toolu_1", "calculator", {"expression": "6 * 7" + " + 0" * 2000}))
    before = chat.text()
    chat.press("<C-]>")
    shown(chat, before)
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")


@pytest.mark.parametrize("hidden", ["zl", ""])
def test_a_line_that_is_cut_at_the_side_is_not_seen(chat: Neovim, peer: Peer, hidden: str) -> None:
    chat.command("setlocal nowrap")
    tail = "" if hidden else " + 0" * 30
    asked(chat, peer, Calls("toolu_1", "calculator", {"expression": f"6 * 7{tail}"}), Says("x" * 200))
    if hidden:
        # On the long line, so that the view can move to the right.
        chat.press("?xxx<CR>")
        chat.lua("vim.fn.winrestview({ leftcol = 4 })")
    before = chat.text()
    chat.press("<C-]>")
    shown(chat, before)


def test_a_key_that_was_typed_ahead_runs_nothing(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(Reply((CALL,), "tool_use"))
    # As the queue of the terminal gives it: the moment that the reply ends.
    chat.lua("""vim.api.nvim_create_autocmd('User', { pattern = 'FlemmaRequestFinished', once = true,
      callback = function() vim.api.nvim_input('<C-]>') end })""")
    chat.press("G<C-]>")
    chat.finished()
    chat.notice("this tool call will run")
    chat.idle()
    assert "42" not in chat.lines()
    # Nor does a second one, on the heels of what the first one brought up.
    chat.type_ahead("<C-]>")
    chat.client.settle(0.1)
    chat.idle()
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")


def test_the_owner_may_want_the_press_to_be_enough(start: Start, peer: Peer, tmp_path: Path) -> None:
    setup = f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, tools = {{ consent = 'seed' }} }}"
    editor = start(setup, ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    asked(editor, peer, CALL, Says("word\n\n" * 60))
    editor.press("G<C-]>")
    editor.wait(lambda: "42" in editor.lines(), "the result")


def test_a_chat_may_want_more_care_than_its_owner(start: Start, peer: Peer, tmp_path: Path) -> None:
    setup = f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, tools = {{ consent = 'seed' }} }}"
    editor = start(setup, ANTHROPIC_API_KEY=CANARY)
    front = "```lua\nflemma.opt.tools.consent = 'seen'\n```\n\n"
    editor.open(tmp_path / "talk.chat", f"{front}@You:\nHello\n")
    editor.ready()
    asked(editor, peer, CALL, Says("word\n\n" * 60))
    before = editor.text()
    editor.press("G<C-]>")
    shown(editor, before)


def test_the_call_at_the_cursor_is_shown_first_too(chat: Neovim, peer: Peer) -> None:
    asked(chat, peer, CALL, Says("word\n\n" * 60))
    before = chat.text()
    chat.press("G<M-CR>")
    shown(chat, before)
    chat.press("<M-CR>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
