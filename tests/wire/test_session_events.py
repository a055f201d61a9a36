"""The event log of a session: telling, watching, forgetting, and what goes wrong with files."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.wire.session_support import FAULTS, Faulty, chat, faults, store

from flemma_py.errors import SessionError
from flemma_py.sessions import SessionStore
from flemma_py.sessions.events import Event, EventLog, Following, Gap, Told
from flemma_py.sessions.events import queue as queue_module


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[SessionStore]:
    with store(tmp_path) as made:
        yield made


@pytest.fixture
def log(kept: SessionStore) -> EventLog:
    return kept.events(chat(kept))


def ids(told: list[Told]) -> list[str]:
    return [each.event_id for each in told if isinstance(each, Event)]


def words(told: list[Told]) -> list[str]:
    return [str(each.data["word"]) for each in told if isinstance(each, Event) and "word" in each.data]


def gaps(told: list[Told]) -> list[str]:
    return [each.why for each in told if isinstance(each, Gap)]


def told_words(log: EventLog, *some: str, type: str = "word") -> list[str]:
    made = [log.append(type, {"word": each}) for each in some]
    log.flush()
    return made


def test_append_gives_ids_that_rise_and_replay_gives_the_events_in_order(log: EventLog) -> None:
    made = told_words(log, "a", "b", "c")
    assert made == sorted(made) and len({*made}) == 3
    told = log.replay()
    assert ids(told) == made and words(told) == ["a", "b", "c"]
    assert [each.number for each in told if isinstance(each, Event)] == [1, 2, 3]
    assert log.is_complete and log.last_id == made[-1]


def test_replay_goes_on_behind_an_event_and_says_when_nobody_knows_it(log: EventLog) -> None:
    made = told_words(log, "a", "b", "c")
    assert ids(log.replay(made[0])) == made[1:]
    assert log.replay(made[2]) == []
    told = log.replay("no such event")
    assert told[0] == Gap("no such event", None, "unknown") and ids(told) == made


def test_types_are_chosen_and_gaps_told_all_the_same(log: EventLog) -> None:
    told_words(log, "a")
    told_words(log, "b", type="other")
    assert words(log.replay(types={"other"})) == ["b"]
    assert gaps(log.replay("nobody", types={"other"})) == ["unknown"]


def test_what_is_written_is_a_line_of_json_with_the_fields_of_an_event(log: EventLog) -> None:
    import json

    log.append("tool_call", {"call": "c", "name": "bash"}, stream_id="turn", event_id="mine")
    log.flush()
    header, line = [json.loads(each) for each in (log.folder / "events.jsonl").read_bytes().splitlines()]
    assert header["type"] == "segment"
    assert {key: line[key] for key in ("v", "event_id", "stream_id", "epoch", "type", "data")} == {
        "v": 1,
        "event_id": "mine",
        "stream_id": "turn",
        "epoch": 0,
        "type": "tool_call",
        "data": {"call": "c", "name": "bash"},
    }


def test_an_event_with_an_id_that_is_there_is_not_told_twice(log: EventLog) -> None:
    for _ in range(2):
        log.append("word", {"word": "a"}, event_id="mine")
        log.flush()
    assert ids(log.replay()) == ["mine"]


def test_deltas_of_a_stream_become_one_event_and_nothing_passes_another(log: EventLog) -> None:
    first = log.append("message_delta", {"mid": "m", "text": "Hel"}, stream_id="s")
    assert log.append("message_delta", {"mid": "m", "text": "lo"}, stream_id="s") == first
    assert log.append("message_delta", {"mid": "n", "text": "other"}, stream_id="s") != first
    log.append("usage", {})
    log.append("message_delta", {"mid": "n", "text": "later"}, stream_id="s")
    log.flush()
    told = [each for each in log.replay() if isinstance(each, Event)]
    assert [each.data.get("text") for each in told] == ["Hello", "other", None, "later"]


def test_a_delta_is_never_joined_to_one_that_may_be_written(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.append("message_delta", {"text": "a"})
    with faults(monkeypatch, Faulty(1, 5, stays=True)), pytest.raises(SessionError):
        log.flush()
    log.append("message_delta", {"text": "b"})
    log.flush()
    assert [each.data["text"] for each in log.replay() if isinstance(each, Event)] == ["a", "b"]


def test_epochs_rise_and_late_events_are_dropped_and_counted(log: EventLog) -> None:
    before = log.epoch
    log.append("word", {"word": "early"}, epoch=before)
    assert log.bump_epoch("rewind") == before + 1 == log.epoch
    log.append("word", {"word": "late"}, epoch=before)
    log.append("word", {"word": "new"}, epoch=log.epoch)
    log.append("word", {"word": "whenever"})
    log.flush()
    told = log.replay()
    assert words(told) == ["early", "new", "whenever"] and log.dropped == 1
    assert [(each.type, each.epoch) for each in told if isinstance(each, Event)] == [
        ("word", 0), ("epoch", 1), ("word", 1), ("word", 1)
    ]  # fmt: skip


def test_an_epoch_that_another_process_began_counts_here(tmp_path: Path, kept: SessionStore, log: EventLog) -> None:
    epoch = log.epoch
    with store(tmp_path) as other:
        other.events(log.sid).bump_epoch("reset")
    log.append("word", {"word": "late"}, epoch=epoch)
    log.flush()
    assert log.dropped == 1 and log.epoch == 1 and words(log.replay()) == []


def test_a_reader_drops_and_counts_late_events_that_somebody_wrote(log: EventLog) -> None:
    from flemma_py.journal.events import encode

    told_words(log, "a")
    log.bump_epoch()
    with (log.folder / "events.jsonl").open("ab") as file:
        file.write(encode(Event("late", "", 0, 3, "word", {"word": "late"})))
    following = Following(log.folder)
    assert words(following.poll()) == ["a"] and following.dropped == 1


def small(kept: SessionStore, sid: str, most: int) -> EventLog:
    kept.max_events = most
    kept.events(sid).close()
    return kept.events(sid)


def test_the_oldest_segments_go_and_a_gap_says_so(kept: SessionStore, log: EventLog) -> None:
    log = small(kept, log.sid, 20)
    log.append("status", {"state": "thinking"})
    made = [told_words(log, str(at))[0] for at in range(60)]
    told = log.replay()
    assert gaps(told) == ["trimmed"] and not log.is_complete
    first, second = told[:2]
    assert isinstance(first, Gap) and first.after == "" and first.lost == 61 - len(ids(told)) + 1
    assert isinstance(second, Event) and second.data == {"state": "thinking"}, "the latest status is told to everybody"
    assert ids(told)[1:] == made[-len(ids(told)) + 1 :] and 20 <= len(ids(told)) <= 26
    assert gaps(log.replay(made[0])) == ["trimmed"] and ids(log.replay(made[-2]))[-1:] == made[-1:]


def test_trim_forgets_as_much_as_is_wanted(log: EventLog) -> None:
    made = told_words(log, *map(str, range(9)))
    following = Following(log.folder)
    assert ids(following.poll()) == made
    assert log.trim(max_events=100) == 0 and ids(log.replay()) == made
    assert log.trim(max_events=0) == 1 and ids(log.replay()) == []
    more = told_words(log, "more")
    assert following.poll() == [each for each in log.replay() if isinstance(each, Event)]
    assert gaps(log.replay()) == ["trimmed"] and ids(log.replay()) == more


def test_a_follower_goes_through_closed_segments(kept: SessionStore, log: EventLog) -> None:
    log = small(kept, log.sid, 40)
    following = Following(log.folder)
    made: list[str] = []
    seen: list[str] = []
    for at in range(12):
        made += told_words(log, *map(str, range(7)))
        if at % 3 == 0:
            told = following.poll()
            assert not gaps(told)
            seen += ids(told)
    assert seen == made[: len(seen)] and len(seen) == 70


def test_a_replaced_and_a_cut_file_are_said(log: EventLog) -> None:
    made = told_words(log, "a", "b", "c")
    path = log.folder / "events.jsonl"
    following = Following(log.folder)
    following.poll()
    lines = path.read_bytes().splitlines(keepends=True)

    same = path.with_name("copy")
    same.write_bytes(b"".join(lines))
    same.replace(path)
    assert following.poll() == [], "the same bytes in another file are the same log"

    path.write_bytes(b"".join(lines[:3]))
    assert gaps(following.poll()) == ["replaced"]
    more = told_words(log, "d")
    assert ids(following.poll()) == more
    told = log.replay()
    assert ids(told) == [*made[:2], *more] and gaps(told) == ["damaged"]


def test_a_torn_line_hides_no_other_and_a_bad_one_is_a_gap(log: EventLog) -> None:
    made = told_words(log, "a", "b", "c")
    path = log.folder / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'{"v":1,"event_id":"to')
    more = told_words(log, "d")
    assert ids(log.replay()) == made + more and gaps(log.replay()) == []
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"b"', b'"x"')
    path.write_bytes(b"".join(lines))
    told = log.replay()
    assert words(told) == ["a", "c", "d"] and told[1] == Gap(made[0], 1, "damaged")


@pytest.mark.parametrize("name", FAULTS)
def test_no_event_is_lost_or_doubled_whichever_call_fails(
    name: str, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    for at in range(1, 60):
        faulty = Faulty(at, **FAULTS[name])  # type: ignore[arg-type]
        made.append(log.append("word", {"word": str(at)}))
        with faults(monkeypatch, faulty):
            try:
                log.flush()
            except SessionError as error:
                assert "could not be" in error.message
        log.flush()
        if not faulty.failed:
            break
    else:
        raise AssertionError("the run never came to its end")
    assert ids(log.replay()) == made and not gaps(log.replay())


def test_too_many_that_cannot_be_written_are_given_up_and_a_gap_says_so(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_module, "MOST_WAITING", 10)
    with faults(monkeypatch, Faulty(1, 28, stays=True)):
        for at in range(30):
            log.append("word", {"word": str(at)})
        with pytest.raises(SessionError):
            log.flush()
    log.flush()
    told = log.replay()
    assert words(told) == [str(at) for at in range(21, 30)] and log.lost == 21
    assert isinstance(told[0], Gap) and (told[0].lost, told[0].why) == (21, "shed")


def test_nothing_is_on_the_disk_before_the_session_is_and_all_follows(kept: SessionStore) -> None:
    recorder = kept.create(cwd="/", workspace="/")
    log = kept.events(recorder.sid)
    first = told_words(log, "a")
    assert not log.folder.exists()
    recorder.meta(title="x")
    assert kept.flush()
    assert ids(log.replay()) == first
    recorder.close()


def test_events_of_a_deleted_session_do_not_bring_it_back(kept: SessionStore, log: EventLog) -> None:
    told_words(log, "a")
    trashed = kept.delete(log.sid)
    told_words(log, "b")
    assert not log.folder.exists() and (trashed.path / "events.jsonl").exists() and log.lost == 1
    kept.undelete(log.sid)
    assert words(log.replay()) == ["a"]


def test_data_that_no_line_can_hold_is_refused(log: EventLog) -> None:
    for data in ({"x": float("nan")}, {"x": object()}, {"text": "x" * (2 << 20)}):
        with pytest.raises(SessionError):
            log.append("word", data)
    log.flush()
    assert log.replay() == []


@pytest.mark.parametrize("mirror", ["off", "hash"])
def test_without_a_mirror_no_text_is_kept(tmp_path: Path, mirror: str) -> None:
    canary = "my secret words"
    with store(tmp_path, mirror=mirror) as kept:
        log = kept.events(chat(kept, canary, canary))
        log.append("session_info", {"title": canary, "model": "m-1", "messages": 2})
        log.append("message_delta", {"mid": "m", "text": canary})
        log.append("tool_call", {"name": "bash", "input": {"command": canary, "name": canary.split()[1], canary: 1}})
        log.append("error", {"message": canary, "reason": canary, canary: 1})
        log.bump_epoch(canary)
        told = [each for each in log.replay() if isinstance(each, Event)]
    assert told[0].data["model"] == "m-1" and told[0].data["messages"] == 2 and told[2].data["name"] == "bash"
    assert ("sha256" in told[1].data["text"]) == (mirror == "hash")
    for path in (tmp_path / "state").rglob("*"):
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path


def test_secrets_are_taken_out_of_all_texts(tmp_path: Path) -> None:
    with store(tmp_path, redact=lambda text: text.replace("sk-1", "***")) as kept:
        log = kept.events(chat(kept))
        log.append("tool_call", {"input": {"sk-1": ["sk-1", {"x": "a sk-1 b"}]}})
        log.flush()
        assert b"sk-1" not in (log.folder / "events.jsonl").read_bytes()


def test_files_are_their_owners_alone(log: EventLog) -> None:
    old = os.umask(0)
    try:
        told_words(log, "a")
        log.trim(max_events=0)
        told_words(log, "b")
    finally:
        os.umask(old)
    modes = {path.stat().st_mode & 0o777 for path in log.folder.glob("events*")}
    assert modes == {0o600}


async def next_words(told: AsyncIterator[Told], many: int) -> list[str]:
    found: list[str] = []
    while len(found) < many:
        found += words([await anext(told)])
    return found


async def test_subscribe_gives_what_is_there_and_then_what_comes(log: EventLog) -> None:
    await asyncio.to_thread(told_words, log, "a", "b")
    subscription = log.subscribe(look=60.0)
    assert await next_words(subscription, 2) == ["a", "b"]
    log.append("word", {"word": "c"})
    assert await asyncio.wait_for(next_words(subscription, 1), 20) == ["c"], "written soon, and told when it is"
    log.append("word", {"word": "last"})
    await asyncio.to_thread(log.close)
    assert words([each async for each in subscription]) == ["last"], "it ends with the log"


async def test_a_subscriber_that_went_away_is_forgotten(log: EventLog) -> None:
    await asyncio.to_thread(told_words, log, "a")
    subscription = log.subscribe()
    await anext(subscription)
    await subscription.aclose()
    assert not log._wakes


async def test_what_another_process_tells_arrives(tmp_path: Path, kept: SessionStore, log: EventLog) -> None:
    program = """
        import sys
        from pathlib import Path
        from flemma_py.sessions import SessionStore
        place, sid = Path(sys.argv[1]), sys.argv[2]
        store = SessionStore(place / "state", place / "cache", max_events=8)
        log = store.events(sid)
        for at in range(40):
            log.append("word", {"word": str(at)})
            if at % 5 == 4:
                log.flush()
                sys.stdin.readline()
        store.close()
    """
    subscription = log.subscribe(look=0.01)
    other = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(program),
        str(tmp_path),
        log.sid,
        stdin=subprocess.PIPE,
        env={"PYTHONPATH": "python"},
    )
    assert other.stdin is not None
    for at in range(8):
        assert await asyncio.wait_for(next_words(subscription, 5), 60) == [str(5 * at + each) for each in range(5)]
        other.stdin.write(b"go on\n")
    assert await other.wait() == 0
    await subscription.aclose()
