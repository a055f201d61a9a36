"""The host's copy of a buffer is the buffer, whatever is done to it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Reply
from tests.editor.conftest import Peer
from tests.editor.edits import BASE, Hand
from tests.editor.mirrors import agree, agree_by_itself
from tests.editor.neovim import Neovim
from tests.editor.streams import WORDS, slowly

KINDS = [
    "type",
    "open",
    "join",
    "delete",
    "put",
    "substitute",
    "global",
    "visual",
    "macro",
    "normal",
    "lines",
    "text",
    "odd_bytes",
    "long",
    "everything",
    "move",
    "filter",
    "undo",
    "redo",
    "reload",
    "sort",
    "read",
    "write",
]


def open_chats(editor: Neovim, folder: Path, count: int) -> list[int]:
    bufs = [editor.open(folder / f"chat {number} é.chat", BASE) for number in range(count)]
    editor.ready()
    return bufs


def test_what_is_typed_reaches_the_host_after_a_moment_of_quiet(chat: Neovim) -> None:
    chat.press("GoHow are you?<Esc>ddpggO# a title<Esc>")
    agree_by_itself(chat)


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_edit_is_mirrored(chat: Neovim, tmp_path: Path, name: str) -> None:
    (buf,) = open_chats(chat, tmp_path, 1)
    hand = Hand(chat, random.Random(name))
    for _ in range(4):
        hand.perform("type", buf)
        hand.perform(name, buf)
        agree(chat)


def test_a_buffer_that_is_emptied_and_filled_again_is_mirrored(chat: Neovim) -> None:
    for command in ("%d", "normal! ihello", "%d", "0put =['a','b']", "%d", "undo", "1,$d", "silent! g/./d", "undo 0"):
        chat.command(command)
        agree(chat)


def test_edits_undo_reload_macros_and_streams_at_once(chat: Neovim, peer: Peer, tmp_path: Path, soak: bool) -> None:
    bufs = open_chats(chat, tmp_path, 3)
    for seed in range(40 if soak else 3):
        chance = random.Random(seed)
        hand = Hand(chat, chance)
        for step in range(150 if soak else 70):
            buf = chance.choice(bufs)
            if chance.random() < 0.08:
                peer.enqueue(script.deltas(30, 8, 0.004))
                chat.lua("vim.cmd.buffer(...); require('flemma.actions').send()", buf)
            else:
                hand.perform(chance.choice(hand.names), buf)
            if chance.random() < 0.3:
                agree(chat, f"seed {seed}, step {step}: {hand.done[-4:]}")
        for buf in bufs:
            chat.idle(buf)
        agree(chat, f"seed {seed}, at the end")


def test_edits_during_the_first_transfer_of_a_large_chat_are_not_lost(chat: Neovim, tmp_path: Path, soak: bool) -> None:
    text = "@You:\n" + "".join(f"line {number} of a long story, é\n" for number in range(60_000))
    for seed in range(20 if soak else 3):
        chance = random.Random(seed)
        chat.open(tmp_path / f"large {seed}.chat", text)
        for _ in range(6):
            line = chance.randrange(60_000)
            chat.lua("vim.api.nvim_buf_set_lines(0, ..., ..., false, { 'new', 'lines' })", line)
            if chance.random() < 0.3:
                agree(chat, f"seed {seed}")
        agree_by_itself(chat)
        chat.command("bwipeout!")


def test_a_large_chat_can_be_sent_while_its_text_is_still_on_its_way(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    text = "@You:\n" + "a long story\n" * 60_000
    buf = chat.open(tmp_path / "large.chat", text)
    chat.command("call append('$', 'the end') | call setline(2, 'The beginning') | Flemma send")
    chat.finished()
    chat.idle(buf)
    agree(chat)
    (said,) = peer.bodies[0]["messages"]
    assert "The beginning" in str(said)
    assert "the end" in str(said)


def test_our_own_writes_are_not_sent_back(chat: Neovim, peer: Peer) -> None:
    chat.lua(
        """
        local host = require('flemma.host')
        local send = host.send
        _G.sent = {}
        host.send = function(kind, payload) table.insert(_G.sent, kind); return send(kind, payload) end
        """
    )
    peer.enqueue(slowly(Reply((WORDS,)), 0.002))
    chat.press("G<C-]>")
    chat.finished()
    agree(chat)
    assert chat.lua("return _G.sent") == ["submit", "report"]


def test_a_mirror_that_is_wrong_is_fetched_once_and_counted(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("One"), script.text("Two"))
    chat.lua(
        "require('flemma.host').send('changes', { buf = 1, tick = 0, first = 0, last = 0, count = 1, text = '?' })"
    )
    chat.press("G<C-]>")
    chat.finished()
    assert "?" not in str(peer.bodies[-1]["messages"])
    agree(chat, resyncs=1)
    chat.press("Gimore<Esc><C-]>")
    chat.finished(2)
    agree(chat, resyncs=1)


def test_a_buffer_that_another_program_changed_is_read_anew_and_mirrored(chat: Neovim, tmp_path: Path) -> None:
    chat.command("set autoread")
    chat.command("write")
    (tmp_path / "talk.chat").write_text("@You:\nquite another text\n@You:\nand more\n")
    chat.command("checktime")
    chat.wait(lambda: "and more" in chat.lines(), "the new text")
    agree(chat)
    chat.press("ggotyped<Esc>")
    agree_by_itself(chat)


def test_a_chat_that_becomes_another_filetype_is_let_go_and_comes_back(chat: Neovim) -> None:
    chat.command("set filetype=text")
    assert chat.report()["buffers"] == []
    chat.press("Gosomething<Esc>")
    chat.command("set filetype=chat")
    chat.ready()
    agree(chat)
