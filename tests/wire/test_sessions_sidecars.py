"""What is kept beside the journals for an editor without a host: the list of sessions, and what is said in each."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.wire.session_support import chat, store, store_in, turn

from flemma_py.sessions import Saying, SessionStore, Spending


def wait(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + 15
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def table(place: Path) -> list[dict[str, Any]]:
    """The list; empty where there is none yet."""
    path = place / "cache" / "sessions.mpack"
    data = path.read_bytes() if path.exists() else b""
    if not data:
        return []
    end = 8 + int(data[:8])
    head = msgpack.unpackb(data[8:end])
    assert (head["v"], head["state"]) == (1, str(place / "state"))
    rows: list[dict[str, Any]] = []
    for size, updated, sid in head["blocks"]:
        rows += [dict(zip(head["columns"], row, strict=True)) for row in msgpack.unpackb(data[end : end + size])]
        assert (rows[-1]["updated_at_ms"], rows[-1]["id"]) == (updated, sid)
        end += size
    assert end == len(data)
    return rows


def content(place: Path, sid: str) -> Path:
    return place / "state" / sid / "content.txt"


def started(kept: SessionStore) -> SessionStore:
    kept.start()
    wait(lambda: kept.index_is_whole)
    return kept


def test_the_list_follows_what_comes_changes_and_goes(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        started(kept)
        first, second = chat(kept, "one"), chat(kept, "two", "and a reply")
        wait(lambda: [row["id"] for row in table(tmp_path)] == [second, first])
        kept.rename(first, "Another name").result()
        wait(lambda: [row["title"] for row in table(tmp_path)] == ["Another name", "two"])
        kept.delete(second)
        wait(lambda: [row["id"] for row in table(tmp_path)] == [first])
        kept.undelete(second)
        wait(lambda: len(table(tmp_path)) == 2)


def test_the_last_of_many_changes_is_in_the_list_when_the_store_is_closed(tmp_path: Path) -> None:
    for number in range(5):
        with store(tmp_path) as kept:
            started(kept)
            chat(kept, f"chat {number}")
    assert [row["title"] for row in table(tmp_path)] == [f"chat {number}" for number in range(4, -1, -1)]


def test_the_list_is_its_owners_alone_and_made_again_when_it_is_gone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with store(tmp_path) as kept:
            started(kept)
            sid = chat(kept, "one")
    finally:
        os.umask(before)
    listed = tmp_path / "cache" / "sessions.mpack"
    for path in (listed, content(tmp_path, sid)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    listed.unlink()
    with store(tmp_path) as kept:
        started(kept)
        assert wait(listed.exists)
    assert [row["id"] for row in table(tmp_path)] == [sid]
    assert not list(tmp_path.rglob("*.new"))


def test_while_the_index_is_made_the_old_list_stays(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        started(kept)
        sids = {chat(kept, f"chat {number}") for number in range(4)}
    for path in (tmp_path / "cache").glob("index*"):
        path.unlink()
    with store(tmp_path) as kept:
        kept.start()
        while not kept.index_is_whole:
            assert {row["id"] for row in table(tmp_path)} == sids
    assert {row["id"] for row in table(tmp_path)} == sids


def test_a_list_that_cannot_be_written_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "cache" / "sessions.mpack").mkdir(parents=True)
    with store(tmp_path) as kept:
        started(kept)
        sid = chat(kept, "one")
        wait(lambda: content(tmp_path, sid).exists())
        assert [row.sid for row in kept.page().rows] == [sid]


def test_the_text_follows_what_is_said_and_has_its_journals_moment(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        started(kept)
        recorder = kept.create(cwd="/x", workspace="/x")
        path = content(tmp_path, recorder.sid)
        turn(recorder, kept.ids, "one", "two")
        wait(lambda: path.exists() and path.read_text() == "one\ntwo")
        wait(lambda: path.stat().st_mtime_ns >= (path.parent / "journal.jsonl").stat().st_mtime_ns)
        recorder.say([Saying("user", "one"), Saying("tool", "no", "ls"), Saying("assistant", "three")])
        wait(lambda: path.read_text() == "one\nthree")
        written = path.stat().st_ino
        recorder.meta(title="A name")
        wait(lambda: path.stat().st_mtime_ns >= (path.parent / "journal.jsonl").stat().st_mtime_ns)
        assert path.stat().st_ino == written, "the same words are not written again"
        recorder.close()


@pytest.mark.parametrize("mirror", ["hash", "off"])
def test_no_text_is_kept_where_it_is_not_wanted_any_more(tmp_path: Path, mirror: Any) -> None:
    with store(tmp_path) as kept:
        started(kept)
        sid = chat(kept, "one", "two")
    assert content(tmp_path, sid).exists()
    with store(tmp_path, mirror=mirror) as kept:
        started(kept)
        kept.rename(sid, "changed").result()
        wait(lambda: not content(tmp_path, sid).exists())


def test_content_is_made_where_it_is_missing_or_old(tmp_path: Path) -> None:
    kept = store_in(tmp_path)
    sid = chat(kept, "one", "é\ud83d two")
    assert not content(tmp_path, sid).exists()
    assert kept.content(sid) == kept.text(sid)
    assert content(tmp_path, sid).exists()
    content(tmp_path, sid).write_text("old")
    os.utime(content(tmp_path, sid), (1, 1))
    assert kept.content(sid) == kept.text(sid)
    assert kept.content("01NONE") is None
    kept.close()


def test_bookings_are_told_each_once_in_the_order_of_their_ends(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        for workspace in ("/x", "/y", "/x"):
            chat(kept, workspace, workspace=workspace)
        for wanted, count in ((Spending(), 3), (Spending(workspace="/x"), 2), (Spending(workspace="/z"), 0)):
            found = kept.bookings(wanted)
            assert len({each.id for each in found}) == len(found) == count
            assert [each.day_from for each in found] == sorted(each.day_from for each in found)
        assert kept.last_writer() is None
        mine = kept.instance
    for is_started in (False, True):
        with store(tmp_path) as other:
            if is_started:
                started(other)
            assert other.last_writer() == mine
            assert len(other.bookings(Spending(writer=mine))) == 3
