"""The session API for scripts: what it does with sessions, and what it refuses at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.session_calls import call, home, keep, refusal, until

pytestmark = pytest.mark.editor


def events(editor: Neovim, type: str) -> list[dict[str, Any]]:
    told = editor.events("FlemmaSessionEvent")
    return [event["data"] for event in told if event["data"]["type"] == type]


def happened(editor: Neovim, type: str) -> dict[str, Any]:
    """Wait until that was told."""
    return dict(editor.wait(lambda: events(editor, type), f"the event {type}")[-1])


def say(editor: Neovim, text: str, count: int) -> None:
    """Send one more message, the `count`-th request."""
    editor.press(f"Go{text}<Esc><C-]>")
    editor.finished(count)
    editor.idle()


@pytest.fixture
def talk(empty: Neovim, peer: Peer, tmp_path: Path) -> Neovim:
    """A chat with two turns behind it."""
    empty.attach_screen()
    peer.enqueue(script.text("One."), script.text("Two."))
    empty.open(tmp_path / "talk.chat", "@You:\n")
    empty.ready()
    say(empty, "first", 1)
    say(empty, "second<CR>and more", 2)
    until(empty, "context_tokens()")
    empty.command("write")
    return empty


def test_session_rewind_to(talk: Neovim, peer: Peer) -> None:
    whole = talk.text()
    id = call(talk, "id()")
    call(talk, "rewind_to(2)")
    assert talk.text().endswith("One.\n\n@You:\n\nsecond\nand more"), "what it said is the prompt again"
    assert "Two." not in talk.text() and "One." in talk.text()
    assert talk.mode == "n"
    told = happened(talk, "rewind")
    assert told["sid"] == id == call(talk, "id()")
    talk.press("u")
    assert talk.text() == whole, "one undo step"
    assert call(talk, "tokens()")["input"] == 20, "what was spent was spent"


def test_session_rewind_to_nil_goes_before_the_first_turn(talk: Neovim) -> None:
    call(talk, "rewind_to(nil)")
    assert call(talk, "turns()") == []
    assert "first" not in talk.text()
    talk.press("u")
    assert len(call(talk, "turns()")) == 2


def test_session_rewind_to_enters_insert_mode_again(talk: Neovim) -> None:
    call(talk, "rewind_to(1, { restore_vim_insert = true })")
    assert talk.wait(lambda: talk.mode == "i", "insert mode")
    talk.press("!<Esc>")
    assert talk.lines()[-1] == "first!"


def test_session_rewind_to_refuses_what_lua_can_know(talk: Neovim) -> None:
    whole = talk.text()
    for given, said in {
        "": "rewind_to(nil) goes to before the first turn",
        "3": "there is no turn 3: this chat has 2",
        "0": "there is no turn 0",
        "1.5": "not 1.5",
        "'x'": 'not "x"',
        "1, true": "a table of options",
    }.items():
        assert said in refusal(talk, f"rewind_to({given})")
    talk.command("%delete _")
    assert "nothing has been said" in refusal(talk, "rewind_to(1)")
    talk.press("u")
    talk.command("setlocal nomodifiable")
    assert "cannot be changed" in refusal(talk, "rewind_to(1)")
    assert talk.text() == whole


def test_what_would_change_a_chat_that_is_busy_is_refused(talk: Neovim, peer: Peer) -> None:
    peer.enqueue(script.deltas(1000, delay=0.05))
    talk.press("Gogo on<Esc><C-]>")
    talk.wait(lambda: talk.lua("return require('flemma.buffer').is_busy(vim.fn.bufnr())"), "a busy chat")
    assert "still busy" in refusal(talk, "rewind_to(1)")
    assert "still busy" in refusal(talk, "checkpoint()")
    talk.press("<C-c>")
    talk.idle()


def test_session_fork(talk: Neovim, tmp_path: Path) -> None:
    parent, text = call(talk, "id()"), talk.text()
    cost = call(talk, "cost()")
    call(talk, "fork()")
    talk.wait(lambda: "fork" in talk.lua("return vim.api.nvim_buf_get_name(0)"), "the other chat")
    told = happened(talk, "fork")
    child = until(talk, "id()")
    assert child != parent
    assert told["sid"] in (parent, child)
    assert [line for line in talk.lines() if line] == [line for line in text.split("\n") if line]
    assert (call(talk, "cost()"), cost > 0) == (0, True), "what was spent stays the parent's"
    talk.command("enew!")
    rows = {row["id"]: row for row in talk.wait(lambda: _all_of(talk, parent, child), "both in the list")}
    assert rows[child]["parent_id"] == parent


def _all_of(editor: Neovim, *ids: str) -> list[dict[str, Any]]:
    rows = [row for row in call(editor, "list()") if row["id"] in ids]
    return rows if len(rows) == len(ids) else []


def test_session_fork_refuses_what_lua_can_know(empty: Neovim, tmp_path: Path) -> None:
    empty.attach_screen()
    empty.open(tmp_path / "new.chat", "@You:\n")
    assert "nothing has been said" in refusal(empty, "fork()")
    assert "wants a table" in refusal(empty, "fork('x')")
    empty.command("enew")
    assert "is not a chat" in refusal(empty, "fork()")


def test_session_load(talk: Neovim, tmp_path: Path) -> None:
    id = call(talk, "id()")
    talk.open(tmp_path / "other.chat", "@You:\n")
    call(talk, "load(...)", id)
    path = str(tmp_path / "talk.chat")
    talk.wait(lambda: talk.lua("return vim.api.nvim_buf_get_name(0)") == path, "the chat")
    assert until(talk, "id()") == id
    assert happened(talk, "load")["sid"] == id


def test_session_load_makes_a_chat_again_whose_file_is_gone(empty: Neovim, tmp_path: Path) -> None:
    empty.attach_screen()
    (sid,) = keep(empty, ("What is tea?", "A drink."))
    empty.open(tmp_path / "other.chat", "@You:\n")
    call(empty, "load(...)", sid[:-3])
    empty.wait(lambda: "A drink." in empty.text(), "the chat")
    assert [turn["label"] for turn in call(empty, "turns()")] == ["What is tea?"]


@pytest.mark.parametrize("name", ["load", "delete"])
def test_an_id_that_is_no_sessions_is_refused_at_once(empty: Neovim, name: str) -> None:
    empty.attach_screen()
    keep(empty, ("one",))
    for given, said in {
        "'01NONE'": "there is no session 01NONE",
        "'../x'": "is not the id of a session",
        "'-rf'": "is not the id of a session",
        "('x'):rep(300)": "is not the id of a session",
        "'a\\0b'": "is not the id of a session",
        "nil": "wants the id of a session",
        "7": "wants the id of a session",
    }.items():
        assert said in refusal(empty, f"{name}({given})")


def test_session_delete(talk: Neovim) -> None:
    (sid,) = keep(talk, ("old", "chat"))
    folder = home(talk, "state") / "sessions"
    call(talk, "delete(...)", sid)
    assert happened(talk, "delete")["sid"] == sid
    assert not (folder / sid).exists()
    assert [path.name.startswith(sid) for path in (folder / "trash").iterdir()] == [True]
    talk.wait(lambda: sid not in [row["id"] for row in call(talk, "list()")], "the list without it")
    assert call(talk, "text(...)", sid) is None


def test_session_delete_refuses_the_current_one(talk: Neovim, tmp_path: Path) -> None:
    id = call(talk, "id()")
    assert "the session of the current chat" in refusal(talk, "delete(...)", id)
    assert "the session of the current chat" in refusal(talk, "delete(...)", id[:-2])
    talk.open(tmp_path / "other.chat", "@You:\n")
    assert "is open in buffer" in refusal(talk, "delete(...)", id)
    assert (home(talk, "state") / "sessions" / id / "journal.jsonl").exists()


def test_session_reset(talk: Neovim, peer: Peer) -> None:
    before, text = call(talk, "id()"), talk.text()
    peer.enqueue(script.deltas(1000, delay=0.05))
    talk.press("Gogo on<Esc><C-]>")
    talk.wait(lambda: len(peer.bodies) == 3, "the request")
    call(talk, "reset()")
    told = happened(talk, "agent_stop")
    assert told["reason"] == "user_cancel_and_clear"
    talk.idle()
    assert call(talk, "turns()") == []
    talk.wait(lambda: call(talk, "id()") not in (None, before), "a session of its own")
    assert call(talk, "cost()") == 0
    talk.press("u")
    assert "first" in talk.text() and text.split("\n")[1] in talk.text(), "undo brings it back"


def test_session_reset_refuses_what_lua_can_know(start: Start) -> None:
    editor = start()
    editor.attach_screen()
    assert "is not a chat" in refusal(editor, "reset()")
    assert "a table" in refusal(editor, "reset('x')")


def test_session_pin(talk: Neovim) -> None:
    (sid,) = keep(talk, ("kept", "chat"))
    for pinned in (True, False):
        call(talk, "pin(...)", sid, pinned)
        talk.wait(partial(_is_pinned, talk, sid, pinned), "the pin")
    assert "there is no session" in refusal(talk, "pin('01NONE', true)")


def _is_pinned(editor: Neovim, sid: str, wanted: bool) -> bool:
    return any(row["id"] == sid and row["pinned"] is wanted for row in call(editor, "list()"))


def test_session_export(talk: Neovim, tmp_path: Path) -> None:
    target = tmp_path / "out.md"
    call(talk, "export(nil, 'md', ...)", str(target))
    talk.wait(target.exists, "the file")
    assert "second" in talk.wait(target.read_text, "its text")
    assert "there is no session" in refusal(talk, "export('01NONE')")
    talk.command("enew!")
    assert "is not a chat" in refusal(talk, "export()")


@pytest.mark.parametrize("name", ["load", "delete"])
def test_without_a_host_that_runs_an_action_says_so(start: Start, name: str) -> None:
    editor = start()
    editor.attach_screen()
    (sid,) = keep(editor, ("one",))
    editor.lua("vim.g.flemma_python = '/nowhere/python'")
    assert "the host does not run" in refusal(editor, f"{name}(...)", sid)
