"""When sessions began and ended, and what they had come to: a line for each, in the form that other programs use."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from flemma_py.journal.fold import Fold
from flemma_py.journal.tags import Tagged

Half = Literal["start", "end"]


@dataclass(frozen=True, slots=True)
class HistoryUsage(Tagged):
    """Tokens of a session until then. `prompt_tokens` are all that were read, cached or not; `steps` requests;
    `context_tokens` of the last one, None where nobody knows."""

    ALWAYS: ClassVar = frozenset(
        {
            "prompt_tokens", "completion_tokens", "total_tokens", "cached_input_tokens", "cache_write_tokens",
            "reasoning_tokens", "steps",
        }
    )  # fmt: skip

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    context_tokens: int | None = None
    steps: int = 0


@dataclass(frozen=True, slots=True)
class HistoryDuration(Tagged):
    """Milliseconds: in which requests were under way, and in all."""

    ALWAYS: ClassVar = frozenset({"api_ms", "wall_ms"})

    api_ms: int = 0
    wall_ms: int = 0


@dataclass(frozen=True, slots=True)
class HistoryCost(Tagged):
    """`type`: byok with a key of the user's own, `usd_byok` then; hosted by credits, `credits_used`."""

    ALWAYS: ClassVar = frozenset({"type"})

    type: str = "hosted"
    credits_used: float | None = None
    usd_byok: float | None = None


@dataclass(frozen=True, slots=True)
class SessionHistoryEntry(Tagged):
    """A session began or ended. `timestamp` in milliseconds since the epoch; of `merged` ones `started_at`, too. Those
    below `cost` are told by ends only. `event`: start, end, or "" where a line does not say it: see `half`."""

    ALWAYS: ClassVar = frozenset(
        {"agent_id", "session_id", "timestamp", "project", "model", "provider", "usage", "duration", "cost"}
    )

    agent_id: str = ""
    session_id: str = ""
    timestamp: int = 0
    project: str = ""
    model: str = ""
    provider: str = ""
    usage: HistoryUsage = HistoryUsage()
    duration: HistoryDuration = HistoryDuration()
    cost: HistoryCost = HistoryCost()
    message_count: int | None = None
    tool_call_count: int | None = None
    exit_reason: str | None = None
    event: str = ""
    started_at: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def half(self) -> Half:
        """Which of both it tells of. Other programs do not say it: who used something, or counted, has ended."""
        if self.event in ("start", "end"):
            return "start" if self.event == "start" else "end"
        ends = (self.message_count, self.tool_call_count, self.exit_reason, self.usage.context_tokens)
        is_end = any(each is not None for each in ends) or self.usage != HistoryUsage()
        return "end" if is_end or self.duration != HistoryDuration() else "start"

    @property
    def began_ms(self) -> int:
        """About when it began."""
        return self.timestamp - (self.duration.wall_ms if self.half == "end" else 0)


def parse(line: bytes) -> SessionHistoryEntry | None:
    """What a line says; None where it is no entry."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("session_id"), str) or not body["session_id"]:
        return None
    return SessionHistoryEntry.from_json(body)


def ended(fold: Fold, *, at_ms: int, wall_ms: float, exit_reason: str) -> SessionHistoryEntry:
    """How a session ended, as its journal tells. `wall_ms`: how long it was open here; a clock that went back makes it
    no less than nothing."""
    sums = fold.sums
    is_hosted = any(each.cost_type == "hosted" for each in fold.ledger.bookings.values())
    own = sum(each.cost for each in fold.ledger.bookings.values() if each.cost_type != "hosted")
    usage = HistoryUsage(
        sums.prompt, sums.output, sums.prompt + sums.output, sums.cache_read, sums.cache_write, sums.thoughts,
        fold.context_tokens, sums.requests,
    )  # fmt: skip
    return SessionHistoryEntry(
        fold.agent_id,
        fold.sid,
        at_ms,
        fold.workspace,
        fold.model,
        fold.provider,
        usage,
        HistoryDuration(round(sums.api_ms), round(max(wall_ms, 0.0))),
        HistoryCost("hosted" if is_hosted else "byok", sums.credits or None, own or None),
        len(fold.live),
        len(fold.tools),
        exit_reason,
        "end",
    )


def merged(entries: Iterable[SessionHistoryEntry]) -> list[SessionHistoryEntry]:
    """Starts and ends put together: one entry for each time that a session was open, in the order of their starts. One
    that never ended stays as it began, without an `exit_reason`; so does an end whose start nobody wrote down."""
    whole: list[SessionHistoryEntry] = []
    open_at: dict[str, list[int]] = {}
    for each in entries:
        if each.half == "start":
            open_at.setdefault(each.session_id, []).append(len(whole))
            whole.append(replace(each, started_at=each.timestamp))
            continue
        starts = open_at.get(each.session_id)
        if not starts:
            whole.append(replace(each, started_at=each.began_ms))
            continue
        # Two processes may have had it open: the nearest start is the one.
        place = min(starts, key=lambda at: abs(whole[at].timestamp - each.began_ms))
        starts.remove(place)
        start = whole[place]
        whole[place] = replace(
            each,
            agent_id=each.agent_id or start.agent_id,
            project=each.project or start.project,
            model=each.model or start.model,
            provider=each.provider or start.provider,
            started_at=start.timestamp,
        )
    return whole
