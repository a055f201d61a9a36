"""What has gone wrong with stores of sessions elsewhere, and does not here."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.wire.object_support import CALLS, HELLO, REPLY, RESULT, journal, objects, talk
from tests.wire.session_support import Faulty, attempt, faults

from flemma_py.errors import SessionError
from flemma_py.journal.lines import MOST_BYTES
from flemma_py.sessions import JSONLStore, MetricEvent, Session, TokenUsage, UsageEntry
from flemma_py.sessions.troubles import Uncleaned, Unreadable

SAY = {"role": "user", "content": "more"}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[JSONLStore]:
    with objects(tmp_path) as store:
        yield store


def test_a_cleanup_keeps_what_it_cannot_read(kept: JSONLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [talk(kept, HELLO) for _ in range(3)]
    # Whichever call fails, and with it all that follow: nothing goes that was not read to its end.
    for at in range(1, 40):
        with faults(monkeypatch, Faulty(at, errno.EIO, stays=True)) as faulty:
            attempt(lambda: kept.cleanup_older_than(1.0))
            if not faulty.failed:
                break
        assert {each.id for each in kept.list()} == {each.id for each in made}
    with faults(monkeypatch, Faulty(1, errno.EIO, stays=True)):
        assert kept.has_user_interaction_on_disk(made[0].id) == "unknown"
        silent = Session(made[0].id)
        attempt(lambda: kept.save(silent))
    assert {each.id for each in kept.list()} == {each.id for each in made}


def test_a_cleanup_goes_on_past_what_fails_and_tells_of_it(kept: JSONLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [talk(kept, HELLO) for _ in range(3)]
    from flemma_py.sessions import disk

    move, stuck = disk.move_folder, made[1].id

    def failing(old: str, new: str) -> None:
        if stuck in old:
            raise OSError(errno.EIO, "I/O error")
        move(old, new)

    monkeypatch.setattr(disk, "move_folder", failing)
    with pytest.raises(Uncleaned) as caught:
        kept.cleanup_older_than(4e9)
    assert caught.value.removed == 2 and list(caught.value.failed) == [stuck]
    assert [each.id for each in kept.list()] == [stuck]


def test_a_cleanup_keeps_what_is_damaged(kept: JSONLStore) -> None:
    made = talk(kept)
    path = journal(kept, made)
    path.write_bytes(path.read_bytes().replace(b'"Hello"', b'"Hallo"'))
    assert kept.cleanup_older_than(4e9) == 0 and kept.has_user_interaction_on_disk(made.id) == "unknown"


WRITER = """
    import sys
    from flemma_py.sessions import JSONLStore
    store = JSONLStore(sys.argv[1], cache=sys.argv[2])
    session = store.load(sys.argv[3])
    for at in range(int(sys.argv[5])):
        store.append_message(session, {"role": "user", "content": f"{sys.argv[4]}{at}"})
        if at % 5 == 0:
            store.save(session)
        if at % 7 == 0:
            store.append_meta_to_disk(session)
    store.close()
"""


def test_processes_that_save_and_append_at_once_lose_nothing(kept: JSONLStore, tmp_path: Path) -> None:
    made = talk(kept, HELLO)
    command = [sys.executable, "-c", textwrap.dedent(WRITER), kept.dir(), str(tmp_path / "cache"), made.id]
    environment = {**os.environ, "PYTHONPATH": "python"}
    writers = [subprocess.Popen([*command, name, "40"], env=environment) for name in "abc"]
    assert [each.wait(120) for each in writers] == [0, 0, 0]
    loaded = kept.load(made.id)
    said = [each["content"] for each in loaded.messages]
    assert sorted(said[1:]) == sorted(f"{name}{at}" for name in "abc" for at in range(40)) and not loaded.damage
    for name in "abc":
        assert [each for each in said if each[0] == name] == [f"{name}{at}" for at in range(40)]


def test_nothing_is_written_where_there_can_be_no_lock(kept: JSONLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = talk(kept, HELLO)
    before = journal(kept, made).read_bytes()

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        acts: list[Callable[[], None]] = [
            lambda: kept.append_message(made, SAY),
            lambda: kept.append_checkpoint(made, [SAY], 1),
            lambda: kept.append_usage_entry(made, UsageEntry(usage=TokenUsage(1))),
        ]
        for act in acts:
            with pytest.raises(SessionError):
                act()
        made.messages.append(SAY)
        with pytest.raises(SessionError):
            kept.save(made)
    assert journal(kept, made).read_bytes() == before


def test_a_damaged_index_and_a_delete_hide_no_other_session(kept: JSONLStore, tmp_path: Path) -> None:
    made = [talk(kept, HELLO) for _ in range(4)]
    assert len(kept.list()) == 4
    kept.close()
    for path in (tmp_path / "cache").glob("*.db*"):
        path.write_bytes(b"no database at all" * 100)
    with objects(tmp_path) as store:
        store.delete(made[0].id)
        assert {each.id for each in store.list()} == {each.id for each in made[1:]}


def test_lock_files_are_never_taken_away(kept: JSONLStore) -> None:
    made = talk(kept)
    there = set(Path(kept.dir(), "locks").iterdir())
    assert there
    kept.delete(made.id)
    kept.cleanup_older_than(4e9)
    assert there <= set(Path(kept.dir(), "locks").iterdir())


def test_a_torn_tail_does_not_take_the_next_record_along(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    with journal(kept, made).open("ab") as file:
        file.write(b'{"v":1,"id":"torn","ty')
    kept.append_message(made, REPLY)
    loaded = kept.load(made.id)
    assert loaded.messages == [HELLO, REPLY] and loaded.damage == 1


def test_an_append_that_cannot_see_the_tail_is_refused(kept: JSONLStore, monkeypatch: pytest.MonkeyPatch) -> None:
    made = talk(kept, HELLO)
    before = journal(kept, made).read_bytes()
    from flemma_py.sessions import disk

    blind = Faulty(1, errno.EIO, stays=True)
    monkeypatch.setattr(blind, "CALLS", ("pread",), raising=False)
    monkeypatch.setattr(disk, "os", blind)
    with pytest.raises(SessionError):
        kept.append_message(made, REPLY)
    monkeypatch.undo()
    assert journal(kept, made).read_bytes() == before and made.messages == [HELLO]


def test_one_line_that_is_too_long_hides_no_other(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    with journal(kept, made).open("ab") as file:
        file.write(b'{"v":1,' + b"x" * (MOST_BYTES + 10) + b"}\n")
    kept.append_message(made, REPLY)
    loaded = kept.load(made.id)
    assert loaded.messages == [HELLO, REPLY] and loaded.damage == 1


def test_an_error_of_the_disk_fails_the_load_and_shortens_nothing(
    kept: JSONLStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = talk(kept, {"role": "user", "content": "x" * 100_000}, REPLY)
    whole = kept.load(made.id).messages
    kept._kept.events(made.id)
    outcomes = set()
    for at in range(1, 60):
        with faults(monkeypatch, Faulty(at, errno.EIO)) as faulty:
            try:
                assert kept.load(made.id).messages == whole
                outcomes.add("loaded")
            except SessionError:
                outcomes.add("refused")
        if not faulty.failed:
            break
    assert outcomes == {"loaded", "refused"}


def test_a_large_text_that_is_gone_fails_the_load(kept: JSONLStore) -> None:
    made = talk(kept, {"role": "user", "content": "x" * 100_000}, REPLY)
    for path in Path(kept.dir(), made.id, "blobs").iterdir():
        path.unlink()
    with pytest.raises(Unreadable):
        kept.load(made.id)


def test_a_long_session_is_loaded_whole_and_its_checkpoint_found(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    made.messages += [{"role": "user", "content": str(at)} for at in range(700)]
    kept.save(made)
    kept.append_checkpoint(made, [HELLO, *made.messages[-2:]], 5)
    made.messages += [REPLY, RESULT] * 300
    kept.save(made)
    loaded = kept.load(made.id)
    assert loaded.messages == made.messages and len(loaded.messages) == 603
    assert len(loaded.said) == 1301 and loaded.messages[0] == HELLO


def test_a_rebuild_keeps_no_more_metrics_than_counting_does(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    made.metrics = [MetricEvent(turn_index=at, vendor="v") for at in range(250)]
    kept.save(made)
    loaded = kept.load(made.id)
    assert len(loaded.metrics) == 250
    assert [each.turn_index for each in loaded.endpoint_metrics["v"]] == list(range(50, 250))


def test_the_last_message_of_a_burst_is_in_the_list(kept: JSONLStore) -> None:
    made = talk(kept, HELLO)
    for at in range(30):
        kept.append_message_to_disk(made, {"role": "user", "content": f"burst {at}"})
    listed = kept.list()[0]
    assert listed.preview == "burst 29" and listed.updated_at == kept.load(made.id).updated_at


@pytest.mark.parametrize("words", ['say "this"', "back\\slash", "a\ttab", "two\nlines", "ÄÖÜ größer"])
def test_a_search_finds_what_json_writes_otherwise(kept: JSONLStore, words: str) -> None:
    made = talk(kept, {"role": "user", "content": f"before {words} after"})
    hits = kept._kept.search(words)
    assert [each.row.sid for each in hits] == [made.id] and "before" in hits[0].snippet


def test_history_is_only_ever_added_to(kept: JSONLStore) -> None:
    made = talk(kept)
    path = journal(kept, made)
    seen = path.read_bytes()
    inode = path.stat().st_ino
    acts: list[Callable[[], None]] = [
        lambda: kept.append_checkpoint(made, [SAY], 1),
        lambda: kept.save(made),
        lambda: made.messages.clear(),
        lambda: made.messages.append(HELLO),
        lambda: kept.save(made),
        lambda: kept.append_meta_to_disk(made),
    ]
    for act in acts:
        act()
        now = path.read_bytes()
        assert now.startswith(seen) and path.stat().st_ino == inode
        seen = now
    assert kept.load(made.id).said[:3] == CALLS
