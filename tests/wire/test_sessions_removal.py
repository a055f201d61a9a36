"""The trash, and what a cleanup takes there: only what is surely old, and all of it comes back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.wire.session_support import COST, Clock, chat, store, turn

from flemma_py.sessions.troubles import Leased, NoSuchSession

DAY = 86400.0


def test_deleted_and_brought_back_a_session_is_as_it_was(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        before = (tmp_path / "state" / sid / "journal.jsonl").read_bytes()
        recorder = kept.open(sid)
        with pytest.raises(Leased):
            kept.delete(sid)
        recorder.close()
        kept.delete(sid)
        assert kept.page().rows == [] and kept.text(sid) is None and kept.trashed()[0].sid == sid
        assert kept.sums().cost == COST, "what was spent was spent"
        kept.undelete(sid)
        assert (tmp_path / "state" / sid / "journal.jsonl").read_bytes() == before
        assert kept.sums().cost == COST and len(kept.page().rows) == 1
        kept.delete(sid)
        assert kept.purge(1) == 0 and kept.purge(-1) == 1 and not kept.trashed()
        assert kept.sums().cost == COST
        with pytest.raises(NoSuchSession):
            kept.undelete(sid)


def test_a_cleanup_takes_only_what_is_surely_old(tmp_path: Path) -> None:
    clock = Clock()
    with store(tmp_path, clock=clock) as kept:
        names = ("old", "pinned", "leased", "later", "odd")
        old, pinned, leased, later, odd = (chat(kept, name, "reply") for name in names)
        kept.pin(pinned, pinned=True).result()
        holder = kept.open(leased)
        with (tmp_path / "state" / later / "journal.jsonl").open("ab") as file:
            file.write(b'{"v":2,"what":"is this"}\n')
        path = tmp_path / "state" / odd / "journal.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"odd"', b'"ODD"', 1))
        (tmp_path / "state/no-journal").mkdir()
        border = clock.now
        clock.now += 60
        young = chat(kept, "young", "reply")
        assert kept.cleanup(border).removed == [], "what is as old as that is not older"
        report = kept.cleanup(border + 1, dry_run=True)
        assert report.removed == [old] and len(kept.page().rows) == 6
        report = kept.cleanup(border + 1)
        assert report.removed == [old] and not report.failed
        assert set(report.kept) == {pinned, leased, later, odd, "no-journal"}
        assert {row.sid for row in kept.page().rows} == {pinned, leased, later, odd, young}
        kept.undelete(old)
        assert kept.text(old) == "old\nreply"
        holder.close()


def test_a_clock_that_was_wrong_makes_no_session_immortal_and_deletes_none_early(tmp_path: Path) -> None:
    clock = Clock()
    with store(tmp_path, clock=clock) as kept:
        clock.now += 3650 * DAY
        future = chat(kept, "future", "reply")
        clock.now -= 3650 * DAY
        recent = chat(kept, "recent", "reply")
        clock.now -= DAY
        recorder = kept.open(recent)
        turn(recorder, kept.ids, "recent", "reply", "on", "reply")
        recorder.close()
        fold = kept.fold(recent)
        assert fold.updated_at == 1.7e9 and [each.text for each in fold.said][-2:] == ["on", "reply"]
        clock.now += 2 * DAY
        os.utime(tmp_path / "state" / future / "journal.jsonl", (clock.now, clock.now))
        assert kept.cleanup(clock.now - 10 * DAY).removed == []
        clock.now += 100 * DAY
        assert set(kept.cleanup(clock.now - 10 * DAY).removed) == {future, recent}


def test_locks_are_never_taken_away(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        sid = chat(kept)
        locks = {path: path.stat().st_ino for path in (tmp_path / "state/locks").iterdir()}
        assert {path.name for path in locks} >= {f"{sid}.lock", f"{sid}.lease"}
        kept.delete(sid)
        kept.purge(-1)
        kept.cleanup(9e9)
        assert {path: path.stat().st_ino for path in locks} == locks
