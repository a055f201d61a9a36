"""Files as they come: names, encodings, line ends; and what a send says of a buffer that cannot be sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.streams import WORDS, held

ADDED = "\n@Assistant:\nGood day, é\n\n@You:\n\n"


@pytest.mark.parametrize(
    ("encoding", "end", "before", "last"),
    [
        ("utf-8", "\n", b"", "\n"),
        ("utf-8", "\n", b"\xef\xbb\xbf", "\n"),
        ("utf-8", "\r\n", b"", "\r\n"),
        ("utf-8", "\r\n", b"\xef\xbb\xbf", "\r\n"),
        ("latin-1", "\n", b"", "\n"),
        ("latin-1", "\r\n", b"", "\r\n"),
        ("utf-16-le", "\n", b"\xff\xfe", "\n"),
        ("utf-8", "\n", b"", ""),
        ("latin-1", "\n", b"", ""),
    ],
)
def test_a_file_is_saved_as_it_was_with_the_answer_behind_it(
    chat: Neovim, peer: Peer, tmp_path: Path, encoding: str, end: str, before: bytes, last: str
) -> None:
    path = tmp_path / "Über mich, Seite 2 ‘x’.chat"
    text = f"@You:{end}Grüße  {end}\ttab é{last}"
    peer.enqueue(script.text("Good day, é"))
    chat.open(path, before + text.encode(encoding))
    chat.ready()
    agree(chat)
    chat.press("G<C-]>")
    chat.finished()
    chat.command("write")
    added = (end if not last else "") + ADDED.replace("\n", end)
    assert path.read_bytes() == before + (text + added).encode(encoding)
    assert "Grüße  \n\ttab é" in str(peer.bodies[0]["messages"][0]["content"]).replace("\\n", "\n").replace("\\t", "\t")
    agree(chat)


def test_bytes_that_are_no_utf8_and_nuls_are_kept(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    path = tmp_path / "odd.chat"
    odd = b"@You:\nfine\nnot fine: \xe9\xff and \x00 nul\n\x00\n\nand \xc3\xa9\n"
    peer.enqueue(script.text("Good day, é"))
    chat.command("set fileencodings=utf-8")
    chat.open(path, odd)
    chat.ready()
    agree(chat)
    chat.press("G<C-]>")
    chat.finished()
    agree(chat)
    chat.command("set nomodified | edit ++enc=utf-8 ++bad=keep")
    assert chat.lines()[2].encode("utf-8", "surrogateescape") == b"not fine: \xe9\xff and \x00 nul"


def test_an_unnamed_buffer_is_a_chat_once_its_filetype_says_so(chat: Neovim, peer: Peer) -> None:
    chat.command("enew | set filetype=chat")
    chat.press("i@You:<CR>Hello<Esc>")
    peer.enqueue(script.text("Good day"))
    chat.press("<C-]>")
    chat.finished()
    assert chat.lines() == ["@You:", "Hello", "", "@Assistant:", "Good day", "", "@You:", ""]
    agree(chat)


@pytest.mark.parametrize("text", ["", "\n", "@You:\n", "@You:\n\n  \n", "no marker at all\n", "@System:\nBe nice.\n"])
def test_a_chat_with_nothing_to_send_stays_as_it_is_and_a_notice_says_why(
    chat: Neovim, peer: Peer, tmp_path: Path, text: str
) -> None:
    chat.open(tmp_path / "empty.chat", text)
    lines = chat.lines()
    chat.press("G<C-]>")
    chat.wait(chat.notices, "a notice")
    chat.idle()
    assert chat.lines() == lines
    assert len(chat.notices()) == 1
    assert "@You:" in chat.notices()[0]
    assert peer.bodies == []
    assert chat.events("FlemmaRequestSending") == []
    assert not chat.lua("return vim.bo.modified")


def test_a_buffer_that_cannot_be_changed_is_not_sent(chat: Neovim, peer: Peer) -> None:
    chat.command("set nomodifiable")
    chat.press("G<C-]>")
    assert ":set modifiable" in chat.notice("cannot be changed")
    assert chat.lines() == ["@You:", "Hello"]
    assert peer.bodies == []
    assert chat.lua("return vim.bo.modifiable") is False


def test_a_read_only_file_can_be_sent_all_the_same(chat: Neovim, peer: Peer) -> None:
    chat.command("set readonly")
    peer.enqueue(script.text("Good day"))
    chat.press("G<C-]>")
    chat.finished()
    assert "Good day" in chat.lines()


def test_commands_and_autocommands_run_around_a_request(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.text("Good day"))
    chat.command("Flemma send on_request_start=let\\ g:started=1 on_request_complete=let\\ g:done=&modifiable")
    (finished,) = chat.finished()
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    assert chat.lua("return { vim.g.started, vim.g.done }") == [1, 1]
    (sending,) = chat.events("FlemmaRequestSending")
    assert sending == {"name": "FlemmaRequestSending", "data": {"bufnr": buf}, "modifiable": False}
    assert finished["data"] == {"bufnr": buf, "status": "completed"}
    assert finished["modifiable"] is True


def test_an_error_of_the_users_own_code_breaks_nothing(chat: Neovim, peer: Peer) -> None:
    chat.lua(
        """
        for _, event in ipairs({ 'FlemmaRequestSending', 'FlemmaRequestFinished' }) do
          vim.api.nvim_create_autocmd('User', { pattern = event, callback = function() error('mine: ' .. event) end })
        end
        vim.api.nvim_create_autocmd({ 'TextChanged', 'CursorMoved' }, { command = 'throw the-users-own' })
        """
    )
    peer.enqueue(script.text("Good day"))
    chat.command("Flemma send on_request_complete=throw\\ 'this-one-too'")
    chat.wait(lambda: "Good day" in chat.lines(), "the answer")
    chat.idle()
    assert "mine" in chat.notice("an autocommand for FlemmaRequestSending failed")
    assert "mine" in chat.notice("an autocommand for FlemmaRequestFinished failed")
    assert "this-one-too" in chat.notice("the command given with :Flemma send failed")
    chat.command("Flemma send on_request_start=throw\\ 'before'")
    assert "before" in chat.notice("on_request_start failed")
    assert chat.lua("return vim.bo.modifiable") is True


def test_a_second_send_while_it_is_busy_is_a_notice(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(held(WORDS))
    chat.press("G<C-]>")
    chat.wait(lambda: "lazy dog" in chat.text(), "the reply")
    chat.press("<C-]>")
    assert chat.notice("still busy")
    chat.press("<C-c>")
    chat.finished()
    assert len(peer.bodies) == 1


def test_a_chat_that_is_opened_and_sent_in_one_breath_is_answered(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "other.chat").write_text("@You:\nAnother\n")
    peer.enqueue(script.text("Good day"))
    chat.command(f"edit {tmp_path}/other.chat | Flemma send")
    chat.finished()
    assert chat.lines()[-4:] == ["Good day", "", "@You:", ""]
    agree(chat)


def test_a_chat_that_is_sent_before_there_is_a_host_is_answered(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "talk.chat").write_text("@You:\nHello\n")
    peer.enqueue(script.text("Good day"))
    empty.command(f"edit {tmp_path}/talk.chat | Flemma send")
    empty.finished()
    assert empty.lines()[-4:] == ["Good day", "", "@You:", ""]


def test_a_message_that_the_host_does_not_take_unlocks_the_buffer(chat: Neovim) -> None:
    chat.lua("require('flemma.host').send('detach', { buf = vim.api.nvim_get_current_buf() })")
    chat.press("G<C-]>")
    chat.notice("was never attached")
    chat.idle()
