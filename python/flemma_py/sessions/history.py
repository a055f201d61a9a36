"""`history.jsonl`: a line when a session begins and one when it ends. For people and other programs; what counts is in
the journals.

    record_session_start(agent_id="", session_id=sid, project="/x", model="m", provider="p")
    record_session_end("", sid, {"usage": {"prompt_tokens": 9}, "total_wall_ms": 1200}, exit_reason=…)
    get_session_history(merged=True)                   one entry for each time that a session was open
    History(state).ended(fold, wall_ms=…, exit_reason="bdelete")       the end as the journal tells it
    History(state).left_open()                         those that began and of which nobody heard again

All of it blocks, and raises `SessionError`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flemma_py.journal import history as values
from flemma_py.journal.fold import Fold
from flemma_py.journal.history import HistoryCost, HistoryDuration, HistoryUsage, SessionHistoryEntry, ended, parse
from flemma_py.sessions import disk
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import own_folders
from flemma_py.sessions.troubles import Damaged, Unreadable, Unwritten, reason

log = logging.getLogger(__name__)

FILE = "history.jsonl"
_LOCK = "history.lock"
OTHERS = (".letta-code/sessions.jsonl", ".letta/sessions.jsonl")
"""Under the home folder: histories in the same form that another program left. They are only read."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a history says; `skipped` lines could not be read."""

    entries: list[SessionHistoryEntry]
    skipped: int


class History:
    """The history in the folder `state`, which is made when something is first told. `clock`: seconds since the
    epoch."""

    def __init__(self, state: str | Path, *, clock: Callable[[], float] = time.time) -> None:
        self.path = Path(state).absolute() / FILE
        self._locks = Locks(self.path.parent / "locks")
        self._clock = clock

    def add(self, *entries: SessionHistoryEntry) -> None:
        """Raises `Unwritten`."""
        lines = [json.dumps(each.to_json(), allow_nan=False, separators=(",", ":")) + "\n" for each in entries]
        try:
            disk.make_folder(str(self.path.parent))
            with self._locks.held(_LOCK):
                disk.append(str(self.path), "".join(lines).encode("ascii"), durable=True)
        except OSError as error:
            raise Unwritten(f"{self.path} could not be written: {reason(error)}.") from error

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._clock() * 1000)

    def started(
        self, session_id: str, *, project: str = "", model: str = "", provider: str = "", agent_id: str = ""
    ) -> None:
        """A session begins."""
        self.add(SessionHistoryEntry(agent_id, session_id, self.now(), project, model, provider, event="start"))

    def ended(self, fold: Fold, *, wall_ms: float, exit_reason: str) -> None:
        """A session ends, as its journal tells."""
        self.add(ended(fold, at_ms=self.now(), wall_ms=wall_ms, exit_reason=exit_reason))

    def crashed(self, fold: Fold) -> bool:
        """Write the ends that a process of the session did not come to; how long it was open nobody knows. Call it
        where nobody else works in the session. True where there was one."""
        left = [each for each in self.left_open() if each.session_id == fold.sid]
        at_ms = int(fold.updated_at * 1000) or self.now()
        if left:
            self.add(*(ended(fold, at_ms=max(at_ms, each.timestamp), wall_ms=0, exit_reason="crash") for each in left))
        return bool(left)

    def read(self) -> Read:
        """All of it. Raises `Unreadable`."""
        return read_history(self.path)

    def left_open(self) -> list[SessionHistoryEntry]:
        """Starts that have no end: sessions that are open now, and those that crashed."""
        return [each for each in values.merged(self.read().entries) if each.half == "start"]


def read_history(path: str | Path) -> Read:
    """The history in a file of anybody's; one that is not there is empty. Raises `Unreadable`."""
    try:
        data = b"".join(disk.read_chunks(str(path)))
    except FileNotFoundError:
        return Read([], 0)
    except OSError as error:
        raise Unreadable(f"{path} could not be read: {reason(error)}.") from error
    lines = [line for line in data.split(b"\n") if line.strip(b"\0\r\t ")]
    found = [parse(line) for line in lines]
    return Read([each for each in found if each is not None], sum(each is None for each in found))


def record_session_start(
    data: Mapping[str, Any] | None = None, /, *, history: History | None = None, **more: str
) -> None:
    """A session begins: agent_id, session_id, project, model, provider, as a table or by name."""
    told = _snake({**(data or {}), **more})
    (history or _own()).started(
        str(told.get("session_id", "")),
        project=str(told.get("project", "")),
        model=str(told.get("model", "")),
        provider=str(told.get("provider", "")),
        agent_id=str(told.get("agent_id", "")),
    )


def record_session_end(
    agent_id: str,
    session_id: str,
    stats: Mapping[str, Any],
    session_info: Mapping[str, str] | None = None,
    cost: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    *,
    history: History | None = None,
) -> None:
    """A session ends. `stats`: {usage {prompt_tokens, completion_tokens, total_tokens, cached_input_tokens,
    cache_write_tokens, reasoning_tokens, context_tokens, step_count}, total_api_ms, total_wall_ms}; `session_info`:
    {project, model, provider}; `cost`: {type, credits_used, usd_byok}; `metadata`: {message_count, tool_call_count,
    exit_reason}. Negative numbers count as nought: a counter was set back."""
    kept = history or _own()
    told, info, counted = _snake(stats), _snake(session_info or {}), _snake(metadata or {})
    usage = {
        key: max(value, 0) if isinstance(value, int) else value for key, value in _snake(told.get("usage")).items()
    }
    usage["steps"] = usage.pop("step_count", usage.get("steps", 0))
    duration = {"api_ms": _ms(told, "total_api_ms"), "wall_ms": _ms(told, "total_wall_ms")}
    body = {**info, **counted, "agent_id": agent_id, "session_id": session_id, "timestamp": kept.now(), "event": "end"}
    entry = SessionHistoryEntry.from_json(body)
    kept.add(
        replace(
            entry,
            usage=HistoryUsage.from_json(usage),
            duration=HistoryDuration.from_json(duration),
            cost=HistoryCost.from_json(_snake(cost or {})),
            more={},
        )
    )


def get_session_history(
    strict: bool = False,
    *,
    merged: bool = False,
    others: bool = False,
    history: History | None = None,
) -> list[SessionHistoryEntry]:
    """All entries, in the order in which they were written. `strict`: raises `Damaged` where a line cannot be read,
    instead of leaving it out; `merged`: starts and ends put together; `others`: with what another program left, by
    time.
    """
    found = [(history or _own()).read()]
    if others:
        found += [read_history(Path.home() / each) for each in OTHERS]
    skipped = sum(each.skipped for each in found)
    if skipped and strict:
        raise Damaged(f"{skipped} lines of the session history cannot be read.")
    if skipped:
        log.warning("%d lines of the session history cannot be read", skipped)
    entries = [each for part in found for each in part.entries]
    if others:
        entries.sort(key=lambda each: each.timestamp)
    return values.merged(entries) if merged else entries


def import_session_history(path: str | Path | None = None, *, history: History | None = None) -> int:
    """Take over what another program's history says, and is not there yet; returns how many entries. `path` None: where
    that program keeps it. Its file is only read."""
    kept = history or _own()
    known = {_identity(each) for each in kept.read().entries}
    fresh: list[SessionHistoryEntry] = []
    for place in [Path(path)] if path else [Path.home() / each for each in OTHERS]:
        for each in read_history(place).entries:
            if _identity(each) not in known:
                known.add(_identity(each))
                fresh.append(replace(each, event=each.half))
    if fresh:
        kept.add(*fresh)
    return len(fresh)


def _identity(entry: SessionHistoryEntry) -> tuple[str, str, int, str]:
    return entry.agent_id, entry.session_id, entry.timestamp, entry.half


def _own() -> History:
    return History(own_folders()[0])


def _ms(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name, 0)
    return max(round(value), 0) if isinstance(value, int | float) else 0


def _snake(told: Any) -> dict[str, Any]:
    """With the names of JavaScript, `agentId`, as our own."""
    if not isinstance(told, Mapping):
        return {}
    return {"".join(f"_{one.lower()}" if one.isupper() else one for one in key): value for key, value in told.items()}
