"""The history of sessions: when they began and ended, and what another program left of that."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.wire.session_support import COST, Clock, Faulty, attempt, chat, faults, store, turn

from flemma_py.errors import SessionError
from flemma_py.journal.history import HistoryCost, HistoryDuration, HistoryUsage
from flemma_py.sessions import (
    History,
    SessionHistoryEntry,
    get_session_history,
    import_session_history,
    record_session_end,
    record_session_start,
)
from flemma_py.sessions.troubles import Damaged

START = {"agent_id": "a", "session_id": "s", "project": "/p", "model": "m", "provider": "v"}
STATS = {
    "usage": {
        "promptTokens": 10, "completionTokens": 5, "totalTokens": 15, "cachedInputTokens": 3, "cacheWriteTokens": 2,
        "reasoningTokens": 1, "contextTokens": 12, "stepCount": 4,
    },
    "totalApiMs": 1200.4,
    "totalWallMs": 60_000,
}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def history(tmp_path: Path, clock: Clock) -> History:
    return History(tmp_path / "not" / "there" / "yet", clock=clock)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "home").mkdir()
    yield tmp_path / "home"


def test_record_session_start_writes_noughts_and_makes_its_folder(history: History, clock: Clock) -> None:
    record_session_start(START, history=history)
    assert history.path.stat().st_mode & 0o777 == 0o600 and history.path.parent.stat().st_mode & 0o777 == 0o700
    assert json.loads(history.path.read_bytes()) == {
        **START,
        "timestamp": int(clock.now * 1000),
        "usage": {
            "prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "cached_input_tokens": 0,
            "cache_write_tokens": 0, "reasoning_tokens": 0, "steps": 0,
        },
        "duration": {"api_ms": 0, "wall_ms": 0},
        "cost": {"type": "hosted"},
        "event": "start",
    }  # fmt: skip


def test_record_session_start_takes_names_of_javascript_and_of_ours(home: Path, tmp_path: Path) -> None:
    record_session_start({"agentId": "a", "sessionId": "one", "project": "/p", "model": "m", "provider": "v"})
    record_session_start(**{**START, "session_id": "two"})
    found = get_session_history()
    assert [(each.session_id, each.agent_id) for each in found] == [("one", "a"), ("two", "a")]
    assert {each.half for each in found} == {"start"}
    assert (tmp_path / "state/nvim/flemma/sessions/history.jsonl").exists()


def test_record_session_end_makes_its_folder_too_and_tells_all(history: History, clock: Clock) -> None:
    info = {"project": "/p", "model": "m", "provider": "v"}
    cost = {"type": "byok", "usd_byok": 0.25}
    counted = {"messageCount": 7, "toolCallCount": 2, "exitReason": "quit"}
    record_session_end("a", "s", STATS, info, cost, counted, history=history)
    (entry,) = get_session_history(history=history)
    assert entry == SessionHistoryEntry(
        "a", "s", int(clock.now * 1000), "/p", "m", "v", HistoryUsage(10, 5, 15, 3, 2, 1, 12, 4),
        HistoryDuration(1200, 60_000), HistoryCost("byok", None, 0.25), 7, 2, "quit", "end",
    )  # fmt: skip
    told = json.loads(history.path.read_bytes())
    assert told["usage"]["context_tokens"] == 12 and told["usage"]["steps"] == 4 and told["exit_reason"] == "quit"


def test_record_session_end_needs_only_what_there_is_and_nothing_gets_below_nought(history: History) -> None:
    record_session_end("", "s", {"usage": {"prompt_tokens": -5, "steps": 2}, "total_wall_ms": -3}, history=history)
    (entry,) = get_session_history(history=history)
    assert entry.usage == HistoryUsage(steps=2) and entry.duration == HistoryDuration() and entry.half == "end"
    assert entry.cost == HistoryCost("hosted") and entry.exit_reason is None


def test_get_session_history_is_empty_where_there_is_none(history: History, home: Path) -> None:
    assert get_session_history(history=history) == get_session_history() == get_session_history(others=True) == []
    assert not history.path.exists()


def test_get_session_history_leaves_bad_lines_out_and_strict_refuses(history: History) -> None:
    record_session_start(START, history=history)
    with history.path.open("ab") as file:
        file.write(b'{"session_id": 5}\nnot json\n\0\0\n[]\n{"session_id":"to')
    record_session_end("a", "s", STATS, history=history)
    assert [each.half for each in get_session_history(history=history)] == ["start", "end"]
    assert history.read().skipped == 4
    with pytest.raises(Damaged):
        get_session_history(strict=True, history=history)


def test_get_session_history_merged_pairs_starts_and_ends(history: History, clock: Clock) -> None:
    def tell(half: str, sid: str, after: float, **more: Any) -> None:
        clock.now += after
        if half == "start":
            record_session_start({**START, "session_id": sid}, history=history)
        else:
            record_session_end("", sid, {**STATS, **more}, history=history)

    tell("end", "unheard of", 0, totalWallMs=1000)
    tell("start", "x", 10)
    tell("start", "x", 10)
    tell("start", "crashed", 0)
    tell("end", "x", 10, totalWallMs=10_000)
    tell("end", "x", 5, totalWallMs=25_000)
    found = get_session_history(merged=True, history=history)
    began = [round((each.started_at or 0) / 1000 - 1.7e9) for each in found]
    assert [(each.session_id, each.half) for each in found] == [
        ("unheard of", "end"), ("x", "end"), ("x", "end"), ("crashed", "start")
    ]  # fmt: skip
    assert began == [-1, 10, 20, 20]
    assert [each.duration.wall_ms for each in found[1:3]] == [25_000, 10_000], "each end belongs to the nearest start"
    assert found[1].project == "/p" and found[1].agent_id == "a", "what an end does not tell its start does"
    assert [each.session_id for each in history.left_open()] == ["crashed"]


def test_an_end_is_what_the_journal_tells_and_a_crash_gets_one_too(tmp_path: Path) -> None:
    with store(tmp_path) as kept:
        recorder = kept.create(cwd="/w", workspace="/w", agent_id="agent")
        kept.history.started(recorder.sid, project="/w")
        turn(recorder, kept.ids, "hello", "world")
        recorder.tool_started("c", "bash").result()
        fold = kept.fold(recorder.sid)
        assert kept.history.crashed(fold) and not kept.history.crashed(fold)
        kept.history.ended(fold, wall_ms=1234.5, exit_reason="bdelete")
        recorder.close()
        (crash, end) = get_session_history(merged=True, history=kept.history)
        assert crash.exit_reason == "crash" and crash.started_at and crash.timestamp >= crash.started_at
        assert (end.agent_id, end.session_id, end.project) == ("agent", fold.sid, "/w")
        assert (end.model, end.provider) == ("m", "p")
        assert end.usage == HistoryUsage(1_000_000, 1_000_000, 2_000_000, 0, 0, 0, 1_000_000, 1)
        assert end.duration.wall_ms == 1234 and end.cost == HistoryCost("byok", None, COST)
        assert (end.message_count, end.tool_call_count, end.exit_reason) == (2, 1, "bdelete")
        assert kept.page().rows and chat(kept) != fold.sid, "a history is no session"


def other(home: Path, *lines: bytes, folder: str = ".letta-code") -> Path:
    path = home / folder / "sessions.jsonl"
    path.parent.mkdir()
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def left(sid: str, at: int, **more: Any) -> bytes:
    usage = dict.fromkeys(
        ["prompt_tokens", "completion_tokens", "total_tokens", "cached_input_tokens", "cache_write_tokens",
         "reasoning_tokens", "steps"], 0
    )  # fmt: skip
    body = {
        "agent_id": "a", "session_id": sid, "timestamp": at, "project": "/p", "model": "m", "provider": "v",
        "usage": usage, "duration": {"api_ms": 0, "wall_ms": 0}, "cost": {"type": "hosted"}, **more,
    }  # fmt: skip
    return json.dumps(body).encode()


def test_import_session_history_takes_over_what_another_program_left_once(home: Path) -> None:
    old = other(home, left("x", 5), b"not json", left("x", 9, message_count=3, exit_reason="quit", future=[1]))
    newer = other(home, left("y", 7), folder=".letta")
    before = old.read_bytes(), newer.read_bytes(), old.stat().st_mtime_ns
    record_session_start(START)
    assert [(each.session_id, each.half) for each in get_session_history(others=True)][:3] == [
        ("x", "start"), ("y", "start"), ("x", "end")
    ]  # fmt: skip
    with pytest.raises(Damaged):
        get_session_history(strict=True, others=True)
    assert import_session_history() == 3 and import_session_history() == 0
    found = get_session_history(merged=True)
    assert [(each.session_id, each.exit_reason) for each in found] == [("s", None), ("x", "quit"), ("y", None)]
    assert found[1].more == {"future": [1]}
    assert (old.read_bytes(), newer.read_bytes(), old.stat().st_mtime_ns) == before, "the files of others are only read"


def test_import_session_history_takes_a_file_that_is_named(home: Path, tmp_path: Path, history: History) -> None:
    path = tmp_path / "backup.jsonl"
    path.write_bytes(left("z", 1))
    assert import_session_history(path, history=history) == 1
    assert [each.session_id for each in get_session_history(history=history)] == ["z"]
    assert import_session_history(tmp_path / "missing.jsonl", history=history) == 0


def test_a_history_that_cannot_be_written_or_read_says_so(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    record_session_start(START, history=history)
    before = history.path.read_bytes()
    for at in range(1, 50):
        with faults(monkeypatch, Faulty(at, errno.ENOSPC, stays=True)) as faulty:
            told = attempt(lambda: record_session_start(START, history=history))
        assert told == (not faulty.failed) and history.path.read_bytes().startswith(before)
        if told:
            break
    else:
        raise AssertionError("the run never came to its end")
    history.path.unlink()
    history.path.mkdir()
    with pytest.raises(SessionError):
        get_session_history(history=history)


def test_processes_that_write_at_once_tear_nothing(history: History) -> None:
    program = (
        "import sys\nfrom flemma_py.sessions import History, record_session_start\n"
        "for at in range(50):\n"
        "    record_session_start(session_id=f'{sys.argv[2]}{at}', model='x' * 500, history=History(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", program, str(history.path.parent)]
    writers = [subprocess.Popen([*command, name], env={"PYTHONPATH": "python"}) for name in "abc"]
    assert [each.wait(60) for each in writers] == [0, 0, 0]
    found = [each.session_id for each in get_session_history(strict=True, history=history)]
    assert sorted(found) == sorted(f"{name}{at}" for name in "abc" for at in range(50))
