"""Sessions are listed, found, opened, thrown away and brought back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flemma_py.journal.sayings import Saying
from flemma_py.sessions import SessionStore
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.talks import TWO_TURNS, asked, folder, left, page, picks, sid, talk, two_turns


@pytest.fixture
def told(chat: Neovim, peer: Peer) -> Neovim:
    """A chat with two turns."""
    two_turns(chat, peer)
    return chat


def test_a_session_is_loaded_from_its_file(told: Neovim, tmp_path: Path) -> None:
    name = sid(told)
    told.command("silent write")
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    told.command(f"Flemma session:load {name[:20]}")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk.chat", "the chat")
    assert told.lines() == TWO_TURNS


def test_a_chat_whose_file_is_gone_is_made_again(told: Neovim, tmp_path: Path, peer: Peer) -> None:
    name = sid(told)
    told.command("silent write")
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    told.command("bwipeout talk.chat")
    (tmp_path / "talk.chat").unlink()
    told.command(f"Flemma session:load {name}")
    told.wait(lambda: "And now?" in told.text(), "the chat")
    assert told.lines() == TWO_TURNS
    told.notice("is gone")
    told.command("silent write")
    assert (tmp_path / "talk.chat").read_text() == "\n".join(TWO_TURNS) + "\n"
    told.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'On?' })")
    talk(told, peer, "On.")
    assert sid(told) == name


def test_a_damaged_journal_makes_no_chat(told: Neovim, tmp_path: Path) -> None:
    name = sid(told)
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    told.command("bwipeout! talk.chat")
    (tmp_path / "talk.chat").unlink()
    journal = folder(told) / name / "journal.jsonl"
    told.wait(lambda: b'"end"' in journal.read_bytes(), "the end")
    journal.write_bytes(journal.read_bytes().replace(b"Hi.", b"Ho.", 1))
    told.command(f"Flemma session:load {name}")
    told.notice("cannot be read")
    assert told.lua("return vim.fn.expand('%:t')") == "other.chat"
    told.command("Flemma session:doctor")
    text = page(told, "doctor")
    assert "Not all is well" in text
    assert name in text


def test_a_deleted_session_comes_back(told: Neovim, tmp_path: Path) -> None:
    name = sid(told)
    told.command("silent write")
    told.command(f"Flemma session:delete {name}")
    told.notice("This is the session of this chat")
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    told.command(f"Flemma session:delete {name}")
    told.notice("is open here: close it first")
    told.command("bwipeout talk.chat")
    picks(told, "Keep it")
    left(told, name)
    told.command(f"Flemma session:delete {name}")
    told.notice("Nothing was deleted")
    picks(told, "Move it")
    told.command(f"Flemma session:delete {name[:22]}")
    told.notice("in the trash")
    assert "“Hello”" in asked(told)[-1]["prompt"]
    assert (tmp_path / "talk.chat").exists()
    told.command(f"Flemma session:load {name}")
    told.notice("undelete")
    assert told.lua("return vim.fn.getcompletion('Flemma session:undelete ', 'cmdline')") == [name]
    told.command(f"Flemma session:undelete {name[:22]}")
    told.notice("is back")
    told.command(f"Flemma session:load {name}")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk.chat", "the chat")
    assert sid(told) == name


def test_a_session_that_another_neovim_works_in_is_not_deleted(told: Neovim, start: Start, tmp_path: Path) -> None:
    name = sid(told)
    told.command("silent write")
    sessions = folder(told)
    state = str(sessions.parents[2])
    other = start("{}", XDG_STATE_HOME=state)
    other.open(tmp_path / "else.chat", "@You:\nElse\n")
    other.ready()
    other.command(f"Flemma! session:delete {name}")
    other.notice("open elsewhere")
    assert (sessions / name / "journal.jsonl").exists()
    told.client.process.kill()
    left(other, name)
    other.command(f"Flemma! session:delete {name}")
    other.notice("in the trash")
    assert not (sessions / name).exists()
    other.command(f"Flemma session:undelete {name}")
    other.wait(lambda: (sessions / name / "journal.jsonl").exists(), "the session")


def test_sessions_are_listed_and_one_is_opened(told: Neovim, tmp_path: Path) -> None:
    told.command("silent write")
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    picks(told, "Hello")
    told.command("Flemma session:list")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk.chat", "the chat")
    (choice,) = asked(told)
    assert choice["kind"] == "flemma_session"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d  Hello  claude\S+  .*\$0\.\d+", choice["items"][0])
    told.command("Flemma session:list all")
    told.wait(lambda: len(asked(told)) == 2, "the second choice")
    assert "● Hello" in asked(told)[1]["items"][0], "it is the session of this chat"


def test_a_long_list_goes_on(told: Neovim) -> None:
    # Another process works in the same folders.
    cache = Path(told.lua("return vim.fn.stdpath('cache')"), "flemma")
    store = SessionStore(folder(told), cache)
    store.start()
    for number in range(60):
        recorder = store.create(cwd="/x", workspace="/x")
        recorder.say([Saying("user", f"number {number}")])
        recorder.close()
    store.close()
    picks(told, "more")
    told.command("Flemma session:list all")
    told.wait(lambda: len(asked(told)) == 2, "the rest")
    first, second = (choice["items"] for choice in asked(told))
    assert len(first) == 51
    assert first[-1] == "more …"
    assert len(second) == 11
    assert not set(first) & set(second)


def test_words_are_found_with_the_line_that_has_them(told: Neovim, tmp_path: Path) -> None:
    told.command("silent write")
    told.open(tmp_path / "other.chat", "@You:\nElse\n")
    picks(told, "Hello")
    told.command("Flemma session:search now")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk.chat", "the chat")
    assert "│ And now?" in asked(told)[0]["items"][0]
    told.command("Flemma session:search nowhere")
    told.notice("no session says")
    told.lua("vim.ui.input = function(_, done) done('well') end")
    told.command("Flemma session:search")
    told.wait(lambda: len(asked(told)) == 2, "the choice")
    assert "Well." in asked(told)[1]["items"][0]


def test_turns_are_gone_to(told: Neovim) -> None:
    picks(told, "And now?")
    told.command("Flemma session:turns")
    assert told.cursor == [7, 0]
    told.press("<C-o>")
    told.wait(lambda: told.cursor != [7, 0], "the place before")


def test_a_pinned_session_stays_in_a_cleanup_and_others_come_back(told: Neovim, tmp_path: Path) -> None:
    name = sid(told)
    told.command("silent write")
    told.command("Flemma session:pin")
    told.notice("is pinned")
    told.open(tmp_path / "other.txt", "")
    told.command("bwipeout talk.chat")
    left(told, name)
    told.command("Flemma session:cleanup")
    told.notice("Say how old")
    told.command("Flemma session:cleanup 0d")
    told.notice("it is pinned")
    told.command(f"Flemma session:unpin {name}")
    told.notice("not pinned any more")
    told.command("Flemma session:cleanup 0d --dry-run")
    text = page(told, "cleanup")
    assert "Would go to the trash  1" in text
    assert name in text
    assert (folder(told) / name).exists()
    picks(told, "Keep them")
    told.command("Flemma session:cleanup 0d")
    told.notice("Nothing was deleted")
    told.command("Flemma! session:cleanup 0d")
    told.notice("1 session is in the trash now")
    assert not (folder(told) / name).exists()
    told.command(f"Flemma session:undelete {name}")
    told.notice("is back")
    assert (folder(told) / name / "journal.jsonl").exists()
