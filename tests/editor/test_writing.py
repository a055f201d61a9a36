"""A reply is written whatever the user does meanwhile, and what the user does stays theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Reply, Says
from tests.editor.conftest import Peer
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.streams import WORDS, held, slowly

STORY = Says("".join(f"line {number} of the story\n" for number in range(40)))
TOLD = [f"line {number} of the story" for number in range(40)]
SLOW_MAP = "vim.keymap.set('n', 'X', function() {} return '' end, {{ expr = true }})"


def tell(chat: Neovim, peer: Peer) -> None:
    """A reply of a second or so has begun."""
    peer.enqueue(slowly(Reply((STORY,)), 0.003))
    chat.press("G<C-]>")
    chat.wait(lambda: "line 1 of the story" in chat.lines(), "the reply")


def told(chat: Neovim, buf: int = 0) -> None:
    """The reply has come whole, each line once, and the chat is as it should be."""
    chat.finished()
    chat.idle(buf)
    lines = chat.lines(buf)
    start = lines.index("@Assistant:") + 1
    assert lines[start:] == [*TOLD, "", "@You:", ""]


def blocked(chat: Neovim) -> bool:
    return bool(chat.client.request("nvim_get_mode")["blocking"])


@pytest.mark.parametrize(
    "wait", ["vim.fn.getchar()", "vim.cmd('sleep 600m')", "vim.uv.sleep(500)", "vim.wait(500, function() end)"]
)
def test_a_text_lock_delays_a_write_and_loses_none(chat: Neovim, peer: Peer, wait: str) -> None:
    chat.lua(SLOW_MAP.format(wait))
    tell(chat, peer)
    chat.press("X")
    before = chat.lines()
    chat.client.settle(0.3)
    if "getchar" in wait:
        assert len(chat.lines()) <= len(before) + 1
        chat.press("q")
    told(chat)
    agree(chat)


@pytest.mark.parametrize("keys", ["2d", "g", '"', "f", "r", "qa", "<C-w>", "z", "d2", "m"])
def test_a_half_typed_command_delays_a_write_and_loses_none(chat: Neovim, peer: Peer, keys: str) -> None:
    tell(chat, peer)
    chat.press(keys)
    chat.client.settle(0.3)
    chat.press("<Esc>")
    told(chat)
    agree(chat)


@pytest.mark.parametrize(
    ("keys", "leave"),
    [
        (":echo 1", "<C-c>"),
        ("/word", "<Esc>"),
        ("q:", "<C-c><C-c>"),
        (":call input('? ')<CR>", "abc<CR>"),
        (":echo confirm('?', \"&Yes\\n&No\")<CR>", "y<CR>"),
        (":echo getchar()<CR>", "y"),
        (":echo 1 | echo 2 | echo 3<CR>", "<CR>"),
        ("V", "<Esc>"),
        ("<C-v>", "<Esc>"),
        (":new<CR>isome text", "<Esc>"),
        ("<C-w>v<C-w>c", ""),
    ],
)
def test_prompts_and_command_lines_delay_a_write_and_lose_none(chat: Neovim, peer: Peer, keys: str, leave: str) -> None:
    chat.attach_screen()
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    tell(chat, peer)
    chat.press(keys)
    chat.client.settle(0.3)
    chat.press(leave)
    told(chat, buf)
    agree(chat)


def test_a_command_that_is_typed_during_the_stream_arrives_as_typed(chat: Neovim, peer: Peer) -> None:
    tell(chat, peer)
    for keys in (":let g:", "typed = ", "'as it ", "was'<CR>"):
        chat.press(keys)
        chat.client.settle(0.1)
    told(chat)
    assert chat.lua("return vim.g.typed") == "as it was"


def test_the_buffer_is_locked_while_it_streams_and_others_are_not(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    tell(chat, peer)
    chat.press("ggdd")
    chat.press("ihello<Esc>")
    chat.lua("pcall(vim.cmd, 'silent! undo')")
    assert chat.lines()[:2] == ["@You:", "Hello"]
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    chat.open(tmp_path / "other.txt", "other\n")
    chat.press("ityped <Esc>")
    chat.wait(lambda: chat.lines() == ["typed other"], "the edit of another buffer")
    told(chat, buf)
    assert chat.events("FlemmaRequestFinished")[0]["modifiable"] is True


def test_three_chats_stream_at_once_one_of_them_hidden(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    bufs = []
    for number in range(3):
        peer.enqueue(slowly(Reply((STORY,)), 0.003))
        bufs.append(chat.open(tmp_path / f"chat {number} – é.chat", f"@You:\nnumber {number}\n"))
        chat.press("G<C-]>")
        chat.wait(lambda number=number: len(peer.bodies) == number + 1, "the request")  # type: ignore[misc]
        if number == 0:
            chat.command("split")
    assert peer.server.open_connections == 3
    agree(chat)
    chat.finished(3)
    for number, buf in enumerate(bufs):
        chat.idle(buf)
        assert chat.lines(buf) == ["@You:", f"number {number}", "", "@Assistant:", *TOLD, "", "@You:", ""]
    agree(chat)


def test_windows_at_the_end_follow_others_stay_and_the_focus_too(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    chat.attach_screen(80, 40)
    chat.open(tmp_path / "long.chat", "@You:\n" + "word\n" * 100)
    chat.command("normal! G")
    chat.command("split | normal! 50Gzt")
    chat.command("new")
    above, reader, writer = chat.lua("return vim.api.nvim_tabpage_list_wins(0)")
    peer.enqueue(slowly(Reply((STORY,)), 0.003))
    chat.lua("vim.api.nvim_win_call(..., function() require('flemma.actions').send() end)", writer)
    view = "return vim.api.nvim_win_call(..., vim.fn.winsaveview)"
    before = chat.lua(view, reader)
    chat.finished()
    assert chat.lua(view, reader) == before
    assert chat.lua("return vim.api.nvim_get_current_win()") == above
    last = chat.lua("return vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(...))", writer)
    assert chat.lua("return vim.api.nvim_win_get_cursor(...)", writer) == [last, 0]


def test_a_user_who_went_up_to_read_is_left_there(chat: Neovim, peer: Peer) -> None:
    chat.attach_screen(80, 20)
    tell(chat, peer)
    chat.press("gg0")
    told(chat)
    assert chat.cursor == [1, 0]
    assert chat.mode == "n"


@pytest.mark.parametrize(("moved", "mode"), [("", "i"), ("gg", "n"), ("v", "v"), (":new<CR>", "n")])
def test_insert_mode_is_entered_again_only_where_it_was_left(chat: Neovim, peer: Peer, moved: str, mode: str) -> None:
    peer.enqueue(slowly(Reply((STORY,)), 0.003))
    chat.press("GA, you é<C-]>")
    chat.wait(lambda: "line 1 of the story" in chat.text(), "the reply")
    assert chat.mode == "n"
    chat.press(moved)
    chat.finished()
    chat.wait(lambda: chat.mode == mode, f"mode {mode}")
    chat.client.settle(0.1)
    assert chat.mode == mode


def test_insert_mode_comes_back_behind_the_character_where_an_error_left_the_text_as_it_was(
    chat: Neovim, peer: Peer
) -> None:
    peer.enqueue(script.refusal(400, {"type": "error", "error": {"type": "x", "message": "no"}}))
    chat.press("GoA line: éé<CR>another<Esc>kA<C-]>")
    chat.finished()
    chat.wait(lambda: chat.mode == "i", "insert mode")
    chat.press("!<Esc>")
    chat.wait(lambda: "A line: éé!" in chat.lines(), "the character")


def test_the_normal_mode_key_never_ends_in_insert_mode(chat: Neovim, peer: Peer) -> None:
    tell(chat, peer)
    told(chat)
    assert chat.mode == "n"


def test_write_during_a_stream_saves_what_is_there(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    tell(chat, peer)
    chat.command("write")
    saved = (tmp_path / "talk.chat").read_text()
    assert "line 1 of the story" in saved
    told(chat)
    assert chat.text().startswith(saved.rstrip("\n"))
    agree(chat)


@pytest.mark.parametrize("command", ["edit!", "bdelete!", "bwipeout!", "new | bunload! #", "enew! | bdelete! #"])
def test_taking_the_buffer_away_cancels_first(chat: Neovim, peer: Peer, command: str) -> None:
    peer.enqueue(held(WORDS))
    chat.press("G<C-]>")
    chat.wait(lambda: "lazy dog" in chat.text(), "the reply")
    assert peer.server.open_connections == 1
    chat.command(command)
    assert chat.finished()[0]["data"]["status"] == "cancelled"
    chat.wait(lambda: peer.server.open_connections == 0, "the closed connection", 5)
    chat.command("edit talk.chat") if "edit" not in command else None
    chat.wait(lambda: chat.lua("return vim.bo.modifiable"), "an unlocked buffer", 5)
    agree(chat)
    assert chat.notices() == []


def test_a_reply_never_gets_into_the_text_that_was_read_anew(
    chat: Neovim, peer: Peer, tmp_path: Path, soak: bool
) -> None:
    for number in range(60 if soak else 8):
        peer.enqueue(script.deltas(400, 8, 0.0005))
        chat.press("G<C-]>")
        chat.wait(lambda: len(chat.lines()) > 5, "the reply")
        chat.lua("vim.cmd('edit!')")
        chat.wait(lambda: chat.lua("return not require('flemma.buffer').is_busy(0)"), "the end")
        if number % 2:
            peer.enqueue(script.text("Good day"))
            chat.press("G<C-]>")
            chat.wait(lambda: "Good day" in chat.lines(), "the answer")
            chat.idle()
            assert chat.lines() == ["@You:", "Hello", "", "@Assistant:", "Good day", "", "@You:", ""]
            chat.command("edit!")
        chat.client.settle(0.05)
        assert chat.lines() == ["@You:", "Hello"]
        agree(chat)


@pytest.mark.parametrize("command", ["quit!", "qall!", "wqall", "bwipeout! | quit"])
def test_quitting_during_a_stream_never_hangs(chat: Neovim, peer: Peer, command: str) -> None:
    tell(chat, peer)
    chat.client.notify("nvim_command", command)
    assert chat.client.process.wait(5) == 0


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_write_that_fails_ends_the_reply_in_one_notice(chat: Neovim, peer: Peer, writes: int) -> None:
    chat.lua(
        """
        local apply, left = require('flemma.buffer.apply'), ...
        local write = apply.apply
        apply.apply = function(request)
          left = left - 1
          return left >= 0 and write(request) or { problem = 'out of ink' }
        end
        """,
        writes,
    )
    peer.enqueue(slowly(Reply((WORDS,)), 0.003))
    chat.press("G<C-]>")
    chat.notice("could not be written: out of ink")
    chat.idle()
    chat.wait(lambda: all(request.finished_at for request in peer.server.recorded), "the end of the request", 5)
    assert len(chat.notices()) == 1
    assert "completed" not in [event["data"]["status"] for event in chat.events("FlemmaRequestFinished")]
    assert chat.lua("return vim.bo.modifiable") is True
