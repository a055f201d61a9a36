"""A chat that nobody looks at says when it has finished, failed or waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim
from tests.editor.streams import slowly

pytestmark = pytest.mark.editor

LIST = "return require('flemma.attention').list()[...]"


def send_and_leave(editor: Neovim, tmp_path: Path) -> int:
    buf = int(editor.lua("return vim.api.nvim_get_current_buf()"))
    editor.press("<C-]>")
    editor.wait(lambda: editor.events("FlemmaRequestSending"), "the request")
    editor.command(f"edit {tmp_path}/other.txt")
    editor.wait(lambda: editor.lua("return not require('flemma.buffer').is_busy(...)", buf), "the end")
    return buf


@pytest.mark.parametrize(
    ("answer", "reason", "words"),
    [
        (slowly(Reply((Says("Good day to you. "),)), 0.05), "finished", "talk.chat has its answer"),
        (
            slowly(Reply((Says("I compute it now."), Calls("t", "calculator", {"expression": "1"})), "tool_use"), 0.03),
            "approval",
            "talk.chat waits for you",
        ),
        (script.deltas(20, 10, 0.02, cut_after=20), "failed", "talk.chat failed"),
    ],
)
def test_a_hidden_chat_is_told_of_and_counted(
    chat: Neovim, peer: Peer, tmp_path: Path, answer: script.Scripted, reason: str, words: str
) -> None:
    peer.enqueue(answer)
    buf = send_and_leave(chat, tmp_path)
    chat.notice(words)
    assert chat.lua(LIST, buf) == reason
    assert chat.lua("return require('flemma.attention').count()") == 1
    chat.command("Flemma attention")
    assert chat.lua("return vim.api.nvim_get_current_buf()") == buf
    assert chat.lua("return require('flemma.attention').count()") == 0
    assert [event["data"]["reason"] for event in chat.events("FlemmaAttention")] == [reason, "none"]


def test_a_chat_in_sight_says_nothing(chat: Neovim) -> None:
    chat.press("<C-]>")
    chat.finished()
    chat.idle()
    assert chat.lua("return require('flemma.attention').count()") == 0
    assert not [notice for notice in chat.notices() if "talk.chat" in notice]


def test_nobody_is_told_where_that_is_not_wanted(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    chat.lua("""
        local settings = require('flemma.settings').plain()
        require('flemma').setup(vim.tbl_extend('force', settings, { ui = { attention = { enabled = false } } }))
    """)
    peer.enqueue(slowly(Reply((Says("Good day to you. "),)), 0.05))
    send_and_leave(chat, tmp_path)
    assert chat.lua("return require('flemma.attention').count()") == 0
