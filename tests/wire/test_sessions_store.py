"""What a store does with sessions: they are made, gone on with, forked, deleted, brought back and cleaned up."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from tests.wire.session_support import COST, REQUEST, Clock, chat, store, store_in, turn

from flemma_py.errors import SessionError
from flemma_py.journal.lines import encode
from flemma_py.journal.records import Entry
from flemma_py.sessions import ChatFile, Copied, Filter, Known, Likely, Saying, Spending, Unknown, waiting
from flemma_py.sessions.troubles import Damaged, NoSuchSession, Unreadable

DAY = 86400.0


def test_nothing_is_on_the_disk_before_there_is_something_to_tell(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/", workspace="/")
        assert not (tmp_path / "state" / recorder.sid).exists()
        recorder.close()
        assert kept.page().rows == []


async def test_a_request_waits_for_its_record_but_not_for_long(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/", workspace="/")
        receipt = await asyncio.to_thread(recorder.begin_turn, "t", [Saying("user", "hello")])
        assert await waiting.trouble(receipt) is None
        with kept._locks.held(f"{recorder.sid}.lock"):
            late = recorder.turn("t", "running")
            told = await waiting.trouble(late, 0.05)
            assert told is not None and "it follows" in told
        await asyncio.wrap_future(late)
        assert kept.fold(recorder.sid).turns["t"].state == "running"
        recorder.close()


def test_turns_that_a_dead_process_left_are_marked_once_and_tools_are_known(tmp_path: Path) -> None:
    dead = store_in(tmp_path)
    recorder = dead.create(cwd="/", workspace="/")
    recorder.begin_turn("t", [Saying("user", "hello")]).result()
    recorder.tool_started("c", "bash", turn="t").result()
    with store(tmp_path) as kept:
        second = kept.open(recorder.sid)
        assert second.lease is None and second.holder["pid"] == os.getpid() and second.recover() == []
        recorder.close()
        third = kept.open(recorder.sid)
        assert [turn.id for turn in third.recover()] == ["t"] and third.recover() == []
        fold = kept.fold(recorder.sid)
        assert fold.turns["t"].state == "interrupted" and not fold.tools["c"].is_over
        third.close()
    dead.close()


def test_two_processes_in_one_session_know_of_each_other(tmp_path: Path) -> None:
    one, two = store_in(tmp_path), store_in(tmp_path)
    first = one.create(cwd="/", workspace="/")
    turn(first, one.ids, "hello", "world")
    second = two.open(first.sid)
    turn(second, two.ids, "hello", "world", "more", "reply")
    turn(first, one.ids, "hello", "world", "more", "reply", "again", "reply")
    second.refresh()
    for fold in (second.fold, first.fold, one.fold(first.sid)):
        assert [each.text for each in fold.said] == ["hello", "world", "more", "reply", "again", "reply"]
        assert sorted(turn.number for turn in fold.turns.values()) == [1, 2, 3] and not fold.rewinds
        assert fold.sums.cost == 3 * COST
    assert first.look(lambda fold: fold.sums.requests) == 3
    for closing in (first, second, one, two):
        closing.close()


def test_a_fork_says_the_same_and_costs_nothing(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept, "hello", "world")
        last = sid
        for _ in range(10):
            fork = kept.fork(last, None)
            assert kept.text(fork.sid) == "hello\nworld"
            last = fork.sid
            fork.close()
        assert kept.sums().cost == COST and kept.sums(Spending(sid=last)).requests == 0
        assert [sums.requests for _, sums in kept.lineage(last)] == [0] * 10 + [1]
        assert kept.fold(sid).children and kept.page(Filter(parent=sid)).rows
        fork = kept.open(last)
        turn(fork, kept.ids, "hello", "world", "on", "reply")
        fork.close()
        assert kept.sums().cost == 2 * COST


def test_a_fork_may_stop_earlier(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept, "one", "two", "three", "four")
        at = list(kept.fold(sid).live)[1]
        fork = kept.fork(sid, at)
        assert kept.text(fork.sid) == "one\ntwo" and kept.fold(fork.sid).parent is not None
        with pytest.raises(NoSuchSession):
            kept.fork(sid, "nowhere")
        fork.close()


def test_what_must_be_exact_is_not_done_with_a_damaged_journal(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        path = tmp_path / "state" / sid / "journal.jsonl"
        raw = path.read_bytes()
        path.write_bytes(raw.replace(b'"hello"', b'"jello"', 1))
        with pytest.raises(Damaged, match="session:doctor"):
            kept.fork(sid, None)
        assert kept.text(sid) == "world" and kept.examine().damaged[sid][0].why == "bad"  # type: ignore[union-attr]


def test_a_session_is_named_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        one, two = chat(kept), chat(kept)
        same = next(at for at in range(len(one)) if one[at] != two[at])
        shared = one[:same]
        assert kept.fold(one[: same + 1].lower()).sid == one
        with pytest.raises(NoSuchSession, match="2 sessions"):
            kept.fold(shared)


def test_what_tools_did_to_files_is_known_and_can_be_brought_back(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/", workspace="/")
        before = kept.blobs(recorder.sid).put(b"old content")
        recorder.tool_started("c", "write", durable=True)
        change = {"path": "/x/f", "before": before, "after": None}
        recorder.tool_finished("c", "write", ok=True, ms=1.5, changes=[change]).result()
        recorder.close()
        ran = kept.fold(recorder.sid).tools["c"]
        assert ran.ok and ran.changes == (change,) and kept.blobs(recorder.sid).get(before) == b"old content"
        (tmp_path / "state" / recorder.sid / "blobs" / before).write_bytes(b"other content")
        with pytest.raises(Unreadable, match="damaged"):
            kept.blobs(recorder.sid).get(before)


def test_copies_of_a_journal_are_joined_by_the_ids_of_records(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        path = tmp_path / "state" / sid / "journal.jsonl"
        copy = path.with_name("journal (conflicted copy).jsonl")
        extra = kept.stamp(Entry("usage", {**REQUEST, "request_id": "there"}))
        copy.write_bytes(path.read_bytes() + encode(extra))
        assert kept.examine().conflicts == {sid: [copy]}
        before = path.read_bytes()
        assert kept.merge_conflicts(sid) == 1 and kept.merge_conflicts(sid) == 0
        assert path.read_bytes().startswith(before) and kept.fold(sid).sums.requests == 2
        assert kept.sums().requests == 2 and not kept.examine().conflicts


def test_a_journal_that_was_replaced_or_cut_is_read_anew(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        kept.start()
        sid, other = chat(kept, "first", "reply"), chat(kept, "second", "reply")
        recorder = kept.open(sid)
        path = tmp_path / "state" / sid / "journal.jsonl"
        longer = (tmp_path / "state" / other / "journal.jsonl").read_bytes() * 2
        path.unlink()
        path.write_bytes(longer)
        recorder.refresh()
        assert [each.text for each in recorder.fold.said] == ["second", "reply"]
        recorder.meta(title="T")
        kept.flush()
        assert kept.fold(sid).title == "T" and kept.sums().requests == 1
        path.write_bytes(longer[: len(longer) // 4])
        recorder.refresh()
        recorder.meta(title="U")
        assert kept.flush() and kept.fold(sid).title == "U"
        recorder.close()


def test_records_of_later_versions_stay_as_they_are(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        path = tmp_path / "state" / sid / "journal.jsonl"
        theirs = b'{"v":2,"shape":["new"]}\n' + encode(kept.stamp(Entry("of_tomorrow", {"x": 1})))
        with path.open("ab") as file:
            file.write(theirs)
        recorder = kept.open(sid)
        turn(recorder, kept.ids, "hello", "world", "on", "reply")
        recorder.close()
        assert theirs in path.read_bytes() and kept.fold(sid).unknown == {"of_tomorrow": 1}
        kept.delete(sid)
        kept.undelete(sid)
        assert theirs in path.read_bytes()


def test_a_chat_finds_its_session(tmp_path: Path) -> None:
    said = (Saying("user", "hello"), Saying("assistant", "world"))

    def file(path: Path) -> ChatFile:
        status = path.stat()
        return ChatFile(str(path), status.st_dev, status.st_ino, None, said)

    home = tmp_path / "a.chat"
    home.write_text("hello")
    with store(tmp_path) as kept:
        for _ in range(2):
            recorder = kept.create(cwd="/", workspace="/")
            turn(recorder, kept.ids, "hello", "world")
            recorder.bind(str(home), home.stat().st_dev, home.stat().st_ino)
            recorder.close()
            kept.flush()
            sid = recorder.sid
            assert kept.identify(file(home)) == Known(sid, "path", moved=False)
            moved = home.rename(tmp_path / "b.chat")
            assert kept.identify(file(moved)) == Known(sid, "inode", moved=True)
            moved.rename(home)
            copy = Path(shutil.copy(home, tmp_path / "copy.chat"))
            last = list(kept.fold(sid).live)[-1]
            assert kept.identify(file(copy)) == Copied(sid, last, asks=True)
            home.rename(tmp_path / "gone")
            (tmp_path / "gone").unlink()
            assert isinstance(kept.identify(file(copy)), Likely)
            home.write_text("hello")
            assert kept.identify(ChatFile(str(tmp_path / "new.chat"), 1, 1)) == Unknown()
            kept.delete(sid)
            kept.start()


def test_sums_are_taken_by_day_and_project_and_what_is_under_way(tmp_path: Path) -> None:
    clock = Clock()
    with store(tmp_path, clock=clock) as kept:
        chat(kept, workspace="/a")
        clock.now += 2 * DAY
        chat(kept, workspace="/b")
        recorder = kept.create(cwd="/b", workspace="/b")
        recorder.begin_turn("t", [Saying("user", "hello")], reserved=0.75).result()
        for _ in range(2):
            assert {name: sums.cost for name, sums in kept.sums_by("workspace").items()} == {"/a": COST, "/b": COST}
            assert len(kept.sums_by("day")) == 2
            assert kept.sums(Spending(since=clock.now - DAY)).cost == COST
            assert kept.reserved() == 0.75 and kept.reserved(Spending(workspace="/a")) == 0
            kept.start()
        with pytest.raises(SessionError, match="workspace"):
            kept.sums_by("moon")
        recorder.turn("t", "cancelled").result()
        assert kept.reserved() == 0
        recorder.close()
