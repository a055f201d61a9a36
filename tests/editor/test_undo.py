"""One `u` takes a reply back, `<C-r>` brings it again, and what the user typed stays apart from it."""

from __future__ import annotations

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor.conftest import Peer
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.streams import CALL, FENCED, THOUGHTS, WORDS, held, slowly

QUESTION = ["@You:", "Hello"]


def undone_and_redone(chat: Neovim, before: list[str]) -> None:
    after = chat.lines()
    chat.press("<Esc>u")
    chat.wait(lambda: chat.lines() == before, "the undo")
    agree(chat)
    chat.press("<C-r>")
    chat.wait(lambda: chat.lines() == after, "the redo")
    agree(chat)


@pytest.mark.parametrize("said", [(WORDS,), (THOUGHTS, WORDS), (FENCED, WORDS), (THOUGHTS, WORDS, CALL)])
def test_one_u_takes_a_whole_reply_back(chat: Neovim, peer: Peer, said: tuple[Says | Thinks | Calls, ...]) -> None:
    peer.enqueue(slowly(Reply(said), 0.01))
    chat.press("G<C-]>")
    chat.finished()
    undone_and_redone(chat, QUESTION)


@pytest.mark.parametrize("said", [(WORDS,), (THOUGHTS,), (WORDS, FENCED)])
def test_one_u_takes_a_cancelled_reply_back(chat: Neovim, peer: Peer, said: tuple[Says | Thinks | Calls, ...]) -> None:
    peer.enqueue(held(*said))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.lines()) > 4, "the reply")
    chat.press("<C-c>")
    chat.finished()
    undone_and_redone(chat, QUESTION)


def test_one_u_takes_a_reply_back_that_an_error_or_a_dead_host_cut(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.deltas(40, 8, 0.01, cut_after=20))
    chat.press("G<C-]>")
    chat.finished()
    undone_and_redone(chat, QUESTION)
    chat.press("u")
    peer.enqueue(held(WORDS))
    chat.press("G<C-]>")
    chat.wait(lambda: "lazy dog" in chat.text(), "the reply")
    chat.lua("vim.uv.kill(require('flemma.host').status().pid, 9)")
    chat.finished(2)
    chat.ready()
    undone_and_redone(chat, QUESTION)


def test_what_was_typed_right_before_the_send_stays(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(slowly(Reply((WORDS,)), 0.01))
    chat.press("GA, you<C-]>")
    chat.finished()
    undone_and_redone(chat, ["@You:", "Hello, you"])
    chat.press("uu")
    chat.wait(lambda: chat.lines() == QUESTION, "the undo of what was typed")
    chat.press("2<C-r>")
    chat.wait(lambda: "lazy dog" in chat.text(), "all of it again")


def test_what_was_typed_after_the_reply_is_undone_alone(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(slowly(Reply((WORDS,)), 0.01))
    chat.press("GA<C-]>")
    chat.finished()
    chat.wait(lambda: chat.mode == "i", "insert mode")
    answered = chat.lines()
    chat.press("More<Esc>u")
    chat.wait(lambda: chat.lines() == answered, "the undo of what was typed")
    chat.press("u")
    chat.wait(lambda: chat.lines() == QUESTION, "the undo of the reply")


def test_a_reply_stays_one_step_while_the_user_writes_saves_and_reads_elsewhere(chat: Neovim, peer: Peer) -> None:
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    peer.enqueue(script.deltas(60, 8, 0.01))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.lines(buf)) > 5, "the reply")
    chat.command("silent write")
    chat.press(":new<CR>")
    for keys in ("isome text<Esc>", "u", "<C-r>", "yyp", ":wincmd p<CR>gg", ":wincmd p<CR>"):
        chat.press(keys)
        chat.client.settle(0.05)
    chat.finished()
    assert chat.lines() == ["some text", "some text"]
    chat.command(f"buffer! {buf}")
    undone_and_redone(chat, QUESTION)


def test_an_edit_that_forces_the_lock_open_is_not_joined_to_the_reply(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.deltas(60, 8, 0.01))
    chat.press("G<C-]>")
    chat.wait(lambda: len(chat.lines()) > 5, "the reply")
    chat.lua("vim.bo.modifiable = true; vim.api.nvim_buf_set_lines(0, 1, 2, true, { 'Hello, forced' })")
    chat.finished()
    chat.idle()
    lines = chat.lines()
    assert lines[1] == "Hello, forced"
    assert lines[-2:] == ["@You:", ""]
    chat.press("u")
    chat.wait(lambda: chat.lines() != lines, "an undo")
    assert chat.lines()[1] == "Hello, forced"
    agree(chat)


def test_two_replies_are_two_steps(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One"), script.text("Two"))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("iAgain<Esc><C-]>")
    chat.finished(2)
    chat.press("u")
    chat.wait(lambda: "Two" not in chat.lines(), "the first undo")
    assert chat.lines()[-2:] == ["@You:", "Again"]
    chat.press("uu")
    chat.wait(lambda: chat.lines() == QUESTION, "the others")
