"""The session API for scripts: what it says of all sessions that are kept, with a host and without one."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from flemma_py.sessions import Saying, SessionStore
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.session_calls import call, has_no_host, home, keep, refusal, until

pytestmark = pytest.mark.editor


@pytest.fixture
def alone(start: Start) -> Neovim:
    """A Neovim without a host, before a screen."""
    editor = start()
    editor.attach_screen()
    return editor


def titles(editor: Neovim, code: str = "list()") -> list[str | None]:
    return [row.get("title") for row in call(editor, code)]


# ---- list


def test_session_list(alone: Neovim) -> None:
    before = time.time() * 1000 - 2000
    first, second = keep(alone, ("one", "two"), ("tea, please", "Green or black?"))
    rows = call(alone, "list()")
    assert [row["id"] for row in rows] == [second, first]
    row = rows[0]
    assert (row["title"], row["subtitle"], row["cwd"]) == ("tea, please", "Green or black?", "/x")
    assert (row["status"], row["turns"], row["pinned"]) == ("completed", 1, False)
    assert row["size_bytes"] == len("tea, pleaseGreen or black?")
    assert before < row["created_at_ms"] <= row["updated_at_ms"] < time.time() * 1000 + 2000
    assert not {"parent_id", "chat_path"} & row.keys(), "nil where there is none"
    assert has_no_host(alone)


def test_session_list_goes_on_where_it_ended(alone: Neovim) -> None:
    ids = keep(alone, *((f"chat {number}",) for number in range(7)))[::-1]
    found: list[str] = []
    cursor = None
    while True:
        rows, cursor = alone.lua(
            "local rows, cursor = require('flemma.session').list({ limit = 3, cursor = ... })\n"
            "return { rows, cursor or false }",
            *([cursor] if cursor else []),
        )
        found += [row["id"] for row in rows]
        if not cursor:
            break
    assert found == ids
    assert titles(alone, "list({ cwd = '/x', limit = 2 })") == ["chat 6", "chat 5"]
    assert titles(alone, "list({ cwd = '/elsewhere' })") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [("7", "wants a table"), ("{ limit = 0 }", "limit"), ("{ limit = 1.5 }", "limit"), ("{ cursor = 'x' }", "go on")],
)
def test_session_list_refuses_what_is_no_option(alone: Neovim, given: str, said: str) -> None:
    assert said in refusal(alone, f"list({given})")


def test_session_list_leaves_out_the_current_one_and_tells_of_others_soon(
    empty: Neovim, peer: Peer, tmp_path: Path
) -> None:
    empty.attach_screen()
    (other,) = keep(empty, ("before", "that"))
    peer.enqueue(script.text("Hi"))
    buffer = empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    empty.ready()
    empty.press("G<C-]>")
    empty.finished(1)
    own = until(empty, "id()")
    listed = home(empty, "cache") / "sessions.mpack"
    empty.wait(lambda: listed.exists() and own.encode() in listed.read_bytes(), "its row")
    assert [row["id"] for row in call(empty, "list()")] == [other]
    empty.command("enew!")
    row = empty.wait(lambda: [row for row in call(empty, "list()") if row["id"] == own], "it in the list")[0]
    assert row["chat_path"] == str((tmp_path / "talk.chat").resolve())
    assert row["title"] == "Hello"
    assert buffer


def test_session_list_without_its_file_comes_from_the_journals(alone: Neovim) -> None:
    first, second = keep(alone, ("one",), ("two",))
    journal = home(alone, "state") / "sessions" / first / "journal.jsonl"
    os.utime(journal, (1, 1))
    (home(alone, "cache") / "sessions.mpack").unlink()
    rows = call(alone, "list()")
    assert [(row["id"], row["cwd"]) for row in rows] == [(second, "/x"), (first, "/x")]
    (home(alone, "cache") / "sessions.mpack").write_bytes(b"\xc1 no list")
    assert [row["id"] for row in call(alone, "list()")] == [second, first]


def test_session_list_of_another_folder_is_not_taken_for_ours(alone: Neovim, tmp_path: Path) -> None:
    keep(alone, ("one",))
    alone.lua("require('flemma').setup({ sessions = { dir = ... } })", str(tmp_path / "elsewhere"))
    assert call(alone, "list()") == []


def test_session_tree(alone: Neovim) -> None:
    (parent,) = keep(alone, ("root", "reply"))
    with_child = SessionStore(home(alone, "state") / "sessions", home(alone, "cache"))
    with_child.start()
    child = with_child.fork(parent, None)
    child.close()
    while not with_child.index_is_whole:
        time.sleep(0.01)
    with_child.close()
    (later,) = keep(alone, ("later",))
    rows = call(alone, "tree(require('flemma.session').list())")
    assert [(row["id"], row["depth"]) for row in rows] == [(later, 0), (parent, 0), (child.sid, 1)]
    looped = "tree({ { id = 'a', parent_id = 'b' }, { id = 'b', parent_id = 'a' } })"
    assert [(row["id"], row["depth"]) for row in call(alone, looped)] == [("a", 0), ("b", 1)]


# ---- text


def test_session_text(alone: Neovim) -> None:
    (sid,) = keep(alone, ("What is *tea*?", "A drink.\nWarm.", "é\u2028 and?"))
    expected = "What is *tea*?\nA drink.\nWarm.\né\u2028 and?"
    content = home(alone, "state") / "sessions" / sid / "content.txt"
    assert content.read_text() == expected
    assert stat.S_IMODE(content.stat().st_mode) == 0o600
    assert call(alone, "text(...)", sid) == expected
    assert call(alone, "text('01NOSUCHSESSION')") is None
    assert call(alone, "text('../' .. ...)", sid) is None
    assert has_no_host(alone)


def test_session_text_without_its_file_or_with_an_old_one_comes_from_the_journal(alone: Neovim) -> None:
    long = "long " * 20_000
    (sid,) = keep(alone, ("first", long, "third"))
    folder = home(alone, "state") / "sessions" / sid
    assert (folder / "blobs").exists(), "a long text has a file of its own"
    expected = f"first\n{long}\nthird"
    (folder / "content.txt").write_text("old")
    os.utime(folder / "content.txt", (1, 1))
    assert call(alone, "text(...)", sid) == expected
    (folder / "content.txt").unlink()
    assert call(alone, "text(...)", sid) == expected


def test_session_text_follows_what_was_edited_and_cut(alone: Neovim) -> None:
    kept = SessionStore(home(alone, "state") / "sessions", home(alone, "cache"))
    kept.start()
    recorder = kept.create(cwd="/x", workspace="/x")
    said = [Saying("user", "one"), Saying("assistant", "two"), Saying("tool", "no", "ls", ok=True), Saying("user", "3")]
    recorder.say(said)
    recorder.say([said[0], Saying("assistant", "other"), said[3]])
    recorder.say([said[0], said[1]])
    recorder.close()
    kept.close()
    folder = home(alone, "state") / "sessions" / recorder.sid
    for remove in (False, True):
        if remove:
            (folder / "content.txt").unlink()
        assert call(alone, "text(...)", recorder.sid) == "one\ntwo"


@pytest.mark.parametrize("mirror", ["hash", "off"])
def test_session_text_is_not_kept_where_the_mirror_keeps_none(alone: Neovim, mirror: Any) -> None:
    (sid,) = keep(alone, ("a secret", "told"), mirror=mirror)
    assert call(alone, "text(...)", sid) == ""
    assert not (home(alone, "state") / "sessions" / sid / "content.txt").exists()
    for folder in ("state", "cache"):
        for path in home(alone, folder).rglob("*"):
            assert path.is_dir() or b"secret" not in path.read_bytes(), path


# ---- texts


def test_session_texts(alone: Neovim) -> None:
    first, second = keep(alone, ("one", "two"), ("three",))
    ids = [second, "01NOSUCHSESSION", first]
    assert call(alone, "texts(...)", ids) == {first: "one\ntwo", second: "three"}
    assert "wants a list" in refusal(alone, "texts('x')")
    assert has_no_host(alone)


def test_session_texts_with_a_function_come_from_the_host(empty: Neovim, tmp_path: Path) -> None:
    empty.attach_screen()
    long = "many words " * 30_000
    ids = keep(empty, ("one", "two"), (long,), ("three", long))
    gone = home(empty, "state") / "sessions" / ids[0] / "content.txt"
    gone.unlink()
    empty.open(tmp_path / "a.chat", "@You:\n")
    empty.ready()
    empty.lua("require('flemma.session').texts(..., function(texts) _G.texts = texts end)", [*ids, "01NONE"])
    found = empty.wait(lambda: empty.lua("return _G.texts"), "the texts")
    assert found == {ids[0]: "one\ntwo", ids[1]: long, ids[2]: f"three\n{long}"}
    assert gone.read_text() == "one\ntwo", "it is made again"


def test_session_texts_with_a_function_come_without_a_host_too(start: Start) -> None:
    editor = start(FLEMMA_NOTHING="1")
    editor.attach_screen()
    (sid,) = keep(editor, ("one", "two"))
    editor.lua("vim.g.flemma_python = '/nowhere/python'")
    editor.lua("require('flemma.session').texts(..., function(texts) _G.texts = texts end)", [sid])
    assert editor.wait(lambda: editor.lua("return _G.texts"), "the texts") == {sid: "one\ntwo"}


# ---- questions to the host


def asked(editor: Neovim, code: str) -> tuple[Any, str | None]:
    """What the callback of a question is given. `done` is the callback."""
    editor.lua(
        "_G.answer = nil\n"
        "local done = function(answer, problem) _G.answer = { answer or false, problem or false } end\n"
        f"require('flemma.session').{code}"
    )
    answer, problem = editor.wait(lambda: editor.lua("return _G.answer"), "the answer")
    return answer, problem or None


@pytest.fixture
def library(empty: Neovim, tmp_path: Path) -> Neovim:
    """An editor whose host knows three sessions."""
    keep(empty, ("green tea", "warm"), ("black tea", "hot"), ("coffee", "cold"))
    empty.open(tmp_path / "a.chat", "@You:\n")
    empty.ready()
    return empty


def test_session_search(library: Neovim) -> None:
    rows, problem = asked(library, "search('tea', { limit = 5 }, done)")
    assert problem is None
    assert [(row["title"], row["snippet"], row["role"]) for row in rows] == [
        ("black tea", "black tea", "user"),
        ("green tea", "green tea", "user"),
    ]
    assert asked(library, "search('nowhere', done)") == ([], None)
    assert "words to look for" in refusal(library, "search(nil, print)")
    assert "a function" in refusal(library, "search('x')")


def test_session_stats(library: Neovim) -> None:
    found, _ = asked(library, "stats({ by = 'model' }, done)")
    assert found["m"]["requests"] == 3
    assert found["m"]["cost"] == pytest.approx(9.0)
    assert found["m"]["tokens"]["total"] == 6_000_000
    _, problem = asked(library, "stats({ by = 'colour' }, done)")
    assert problem and "not by colour" in problem


def test_session_history(library: Neovim) -> None:
    entries, _ = asked(library, "history({ limit = 2 }, done)")
    assert len(entries) == 2
    (usage,) = {json.dumps(entry["usage"], sort_keys=True) for entry in entries}
    assert json.loads(usage)["steps"] == 1
    assert entries[0]["cost"] == {"type": "byok", "usd_byok": 3.0}
    assert entries[0]["message_count"] == 2


def test_session_doctor(library: Neovim) -> None:
    report, _ = asked(library, "doctor(done)")
    assert report["is_well"] is True
    assert report["sessions"] == 3


def test_a_question_is_answered_also_when_the_host_dies(library: Neovim) -> None:
    library.lua(
        "vim.uv.kill(require('flemma.host').status().pid, 'sigstop')\n"
        "require('flemma.session').doctor(function(answer, problem) _G.answer = { answer or false, problem } end)\n"
        "vim.uv.kill(require('flemma.host').status().pid, 'sigkill')"
    )
    answer, problem = library.wait(lambda: library.lua("return _G.answer"), "an answer")
    assert answer is False
    assert "stopped" in problem


# ---- telling


def test_session_subscribe(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    empty.attach_screen()
    empty.lua(
        "_G.all, _G.some = {}, {}\nlocal session = require('flemma.session')\n"
        "_G.stop = session.subscribe(function(event) table.insert(_G.all, event) end)\n"
        "session.subscribe(function(event) table.insert(_G.some, event.type) end, { types = { 'usage' } })"
    )
    peer.enqueue(script.text("Hi", " you"), script.text("Yes"))
    buffer = empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    empty.ready()
    empty.press("G<C-]>")
    empty.finished(1)
    empty.wait(lambda: empty.lua("return _G.some"), "the usage")
    events = empty.lua("return _G.all")
    assert events[0]["type"] == "session_info"
    ended = [event for event in events if event["type"] == "turn_state"][-1]
    assert (ended["state"], ended["number"], ended["bufnr"]) == ("completed", 1, buffer)
    used = next(event for event in events if event["type"] == "usage")
    assert used["cost"] == pytest.approx(40e-6)
    assert {event["sid"] for event in events} == {call(empty, "id()")}
    assert {event["name"] for event in empty.events("FlemmaSessionEvent")} == {"FlemmaSessionEvent"}
    empty.lua("_G.stop(); _G.stop()")
    empty.press("Gomore<Esc><C-]>")
    empty.finished(2)
    empty.wait(lambda: len(empty.lua("return _G.some")) == 2, "the second usage")
    assert empty.lua("return #_G.all") == len(events)
    assert "wants a function" in refusal(empty, "subscribe('x')")


def test_session_info(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    empty.attach_screen()
    path = tmp_path / "talk.chat"
    peer.enqueue(script.text("Hi"))
    buffer = empty.open(path, "@You:\nHello\n")
    empty.ready()
    empty.press("G<C-]>")
    empty.finished(1)
    until(empty, "context_tokens()")
    info = call(empty, "info()")
    assert (info["bufnr"], info["chat_path"], info["turns"]) == (buffer, str(path), 1)
    for name in ("id", "dir", "created_at_ms", "cwd", "cost", "tokens", "context_tokens", "context_window", "system"):
        assert info[name] == call(empty, f"{name}()")
