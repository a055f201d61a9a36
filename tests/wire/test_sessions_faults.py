"""Whatever system call fails, once or for good: what was acknowledged is there, what failed is said, and all goes on
when the disk does."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.wire.session_support import FAULTS, Faulty, attempt, faults, ids_in, store_in

from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Record, read
from flemma_py.journal.records import Entry, entry
from flemma_py.sessions.journal import Journal
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places

MOST_CALLS = 400


def records(place: Path, many: int) -> tuple[Journal, list[Record]]:
    places = Places(place / "state", place / "cache")
    kept = store_in(place)
    made = [kept.stamp(entry("message", mid=f"m{at}", role="user", text="x" * 50)) for at in range(many)]
    return Journal(places, Locks(places.locks), "S"), made


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("stays", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("durable", [False, True], ids=["at ease", "durable"])
def test_no_failing_call_loses_what_was_acknowledged(
    fault: dict[str, Any], stays: bool, durable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for fail in range(1, MOST_CALLS):
        place = tmp_path / str(fail)
        journal, made = records(place, 4)
        first = store_in(place).stamp(Entry("session", {"sid": "S"}))
        with faults(monkeypatch, Faulty(fail, stays=stays, **fault)) as faulty:
            done = [attempt(partial(journal.append, [[each]], first, durable=durable)) for each in made]
        acknowledged = [each.id for each, is_done in zip(made, done, strict=True) if is_done]
        assert set(acknowledged) <= set(ids_in(journal.path) if journal.path.exists() else [])
        # The disk is well again: the same records once more, and all are there once.
        for each in made:
            journal.append([[each]], first, durable=durable)
        fold = Fold().apply_all(journal.items())
        assert list(fold.messages) and set(fold.messages) == {f"m{at}" for at in range(4)} and fold.sid == "S"
        # Where a cut could not be undone either, it stays, told as what it is.
        assert all(each.why == "torn" for each in fold.damage) and fold.nonsense == 0
        assert not fold.damage or ("short" in fault and stays)
        if not faulty.failed:
            return
    pytest.fail("the calls do not come to an end")


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_file_is_as_it_was_when_an_append_fails(
    fault: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, made = records(tmp_path, 2)
    journal.append([[made[0]]], durable=False)
    before = journal.path.read_bytes()
    for fail in range(1, MOST_CALLS):
        with faults(monkeypatch, Faulty(fail, **fault)) as faulty:
            done = attempt(lambda: journal.append([[made[1]]], durable=True))
        after = journal.path.read_bytes()
        assert after.startswith(before)
        if not done:
            assert after == before
        elif not faulty.failed:
            return
        else:
            before = after


def test_a_store_tells_of_the_failure_and_the_record_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store_in(tmp_path)
    recorder = kept.create(cwd="/", workspace="/")
    with faults(monkeypatch, Faulty(1, 28, stays=True)):
        receipt = recorder.meta(title="first")
        assert receipt is not None
        problem = receipt.exception(5)
        assert "no space left" in str(problem) and kept.waiting == 1
        given_up = recorder.record(Entry("turn", {"turn": "t", "state": "ready"}), follows=False)
        assert given_up.exception(5) is not None
    assert kept.flush(5)
    recorder.close()
    fold = kept.fold(recorder.sid)
    assert fold.title == "first" and not fold.turns
    kept.close()


def test_a_file_that_cannot_be_read_is_never_taken_for_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, made = records(tmp_path, 2)
    journal.append([made], durable=True)
    for fail in range(1, 20):
        with faults(monkeypatch, Faulty(fail, 5)) as faulty:
            done = attempt(lambda: [*journal.items()])
        assert done != bool(faulty.failed)
    assert len([each for each in read(journal.path.read_bytes()) if isinstance(each, Record)]) == 2
