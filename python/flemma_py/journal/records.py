"""The kinds of records that a journal holds, and how surely each must be on the disk.

Each function makes the payload of one kind. What is None is left out. A kind that is not here is kept, though nobody
understands it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

TurnState = Literal["ready", "running", "completed", "failed", "cancelled", "interrupted"]
OPEN_STATES = frozenset({"ready", "running"})
END_STATES = frozenset({"completed", "failed", "cancelled", "interrupted"})

DURABLE = frozenset({"session", "usage", "checkpoint", "rewind", "fork", "end"})
"""Kinds that are brought to the disk before anybody goes on; of a turn only that it is `ready`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be recorded. `durable`: acknowledged only once it would outlive a power loss."""

    type: str
    data: Mapping[str, Any]
    durable: bool = False


def is_durable(type: str, data: Mapping[str, Any]) -> bool:
    return type in DURABLE or (type == "turn" and data.get("state") == "ready")


def entry(type: str, /, **values: Any) -> Entry:
    """A record of any type with what is known of it."""
    data = {name: value for name, value in values.items() if value is not None}
    return Entry(type, data, is_durable(type, data))


def session(
    sid: str,
    *,
    created_at: float,
    cwd: str,
    workspace: str,
    chat_path: str | None = None,
    parent: Mapping[str, Any] | None = None,
    agent_id: str | None = None,
) -> Entry:
    """The first record. `parent`: {sid, at_id, reason} where the session was forked off another."""
    return entry(
        "session", format=1, sid=sid, created_at=created_at, cwd=cwd, workspace=workspace, chat_path=chat_path,
        parent=parent, agent_id=agent_id,
    )  # fmt: skip


def bind(chat_path: str, dev: int, ino: int, *, embedded: bool = False) -> Entry:
    """Where the chat is now: its real path, its device and inode; whether the session's id stands in it."""
    return entry("bind", chat_path=chat_path, dev=dev, ino=ino, embedded=embedded or None)


def meta(patch: Mapping[str, Any]) -> Entry:
    """Only what changed. None takes a key away. The last writer of each key wins."""
    return Entry("meta", dict(patch))


def turn(
    turn: str,
    state: TurnState,
    *,
    kind: str | None = None,
    continuation_of: str | None = None,
    reason: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    chat_sha: str | None = None,
    reserved: float | None = None,
) -> Entry:
    """A turn changed its state. `turn` is an id that is never used again; `kind` says what it is for (chat,
    autopilot, checkpoint, …); `reserved`: USD that the request may cost at worst, counted while it is under way."""
    return entry(
        "turn", turn=turn, state=state, kind=kind, continuation_of=continuation_of, reason=reason, provider=provider,
        model=model, chat_sha=chat_sha, reserved=reserved,
    )  # fmt: skip


def usage(
    request: Mapping[str, Any],
    *,
    request_id: str,
    turn: str | None = None,
    vendor: str | None = None,
    endpoint: str | None = None,
    source: str = "agent",
    cost_type: Literal["byok", "hosted"] = "byok",
    credits: float | None = None,
    usd: float | None = None,
    context_tokens: int | None = None,
    api_ms: float | None = None,
    estimated: bool = False,
) -> Entry:
    """What a request used: `request` has the fields of `accounting.request.entry`. `request_id` is what it is billed
    by, once, wherever the record is found; `source`: agent, compaction, title, subagent; `usd` and `credits` only where
    the provider itself told them; `estimated`: nobody counted."""
    return entry(
        "usage", **{**request, "request_id": request_id, "turn": turn, "vendor": vendor, "endpoint": endpoint,
        "source": source, "cost_type": cost_type, "credits": credits, "usd": usd, "context_tokens": context_tokens,
        "api_ms": api_ms, "estimated": estimated or None},
    )  # fmt: skip


def tool(
    call: str,
    name: str,
    state: Literal["started", "finished"],
    *,
    turn: str | None = None,
    ok: bool | None = None,
    ms: float | None = None,
    changes: Sequence[Mapping[str, Any]] | None = None,
    durable: bool = False,
) -> Entry:
    """A tool began, or ended. `changes`: what it did or is about to do (`journal.changes`); one that is told again, by
    its `id`, takes the place of what was told before. `durable` for one that changes what cannot be brought back:
    whether it ran must be known after a power loss, too."""
    made = entry("tool", call=call, name=name, state=state, turn=turn, ok=ok, ms=ms, changes=changes)
    return Entry(made.type, made.data, durable)


def checkpoint(
    summary: Mapping[str, Any],
    *,
    last_mid: str | None,
    first_live_mid: str | None,
    tokens_before: int | None = None,
    tokens_after: int | None = None,
    chat_sha: str | None = None,
) -> Entry:
    """What was said up to `last_mid` is now `summary` ({text} or {blob}); requests go on at `first_live_mid`."""
    return entry(
        "checkpoint", **summary, last_mid=last_mid, first_live_mid=first_live_mid, tokens_before=tokens_before,
        tokens_after=tokens_after, chat_sha=chat_sha,
    )  # fmt: skip


def rewind(
    to_mid: str | None,
    *,
    source: Literal["user", "edit", "reset"],
    removed: Mapping[str, Any] | None = None,
    context_tokens: int | None = None,
) -> Entry:
    """Nothing behind the message `to_mid` is said any more; None: nothing at all. `source` edit: the chat was changed
    by hand. `removed`: {blob, bytes, sha} of what was cut."""
    made = entry("rewind", source=source, removed=removed, context_tokens=context_tokens)
    return Entry(made.type, {"to_mid": to_mid, **made.data}, made.durable)


def fork(child: str, at_id: str | None) -> Entry:
    """Another session went off from here; told in the parent, for trees. What counts is the child's own `parent`."""
    return entry("fork", child=child, at_id=at_id)


def end(*, api_ms: float, wall_ms: float, messages: int, tool_calls: int, exit_reason: str) -> Entry:
    """A process left the session."""
    return entry(
        "end", duration={"api_ms": api_ms, "wall_ms": wall_ms}, message_count=messages, tool_call_count=tool_calls,
        exit_reason=exit_reason,
    )  # fmt: skip


def text_of(data: Mapping[str, Any], key: str) -> str | None:
    """A text of a record that anybody may have written."""
    value = data.get(key)
    return value if isinstance(value, str) else None


def number_of(data: Mapping[str, Any], key: str) -> float | None:
    """A finite number, or None for anything else."""
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def count_of(data: Mapping[str, Any], key: str) -> int:
    """A count: nought for what is no number, and never below it."""
    return max(int(number_of(data, key) or 0), 0)


def table_of(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}
