"""A journal played to a state. Records are applied one after another, so a fold can go on where it stood.

It takes what it is given: a record that says nonsense changes nothing, and is counted. A record that comes twice counts
once, by its id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flemma_py.journal.ledger import Booking, Ledger, Sums, booking_of
from flemma_py.journal.lines import Damage, Foreign, Item, Record
from flemma_py.journal.parts import Binding, Change, Checkpoint, Message, Parent, Rewind, ToolRun, Turn
from flemma_py.journal.records import END_STATES, OPEN_STATES, count_of, number_of, table_of, text_of

TITLE_CHARACTERS = 60
SEARCHED = ("user", "assistant")
"""Whose words a session is found by: no thoughts, no tools, no system prompt."""


@dataclass(slots=True)
class Fold:
    """What a session is. `live`: ids of what is said now, in order; `messages` also holds what was cut away.
    `changes`: what tools did outside of the chat, by ids and in order; `updated_at` is the latest moment of any
    record."""

    sid: str = ""
    created_at: float | None = None
    updated_at: float = 0.0
    cwd: str = ""
    workspace: str = ""
    agent_id: str = ""
    parent: Parent | None = None
    binding: Binding | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    live: dict[str, None] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    tools: dict[str, ToolRun] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    metrics: list[Record] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    rewinds: list[Rewind] = field(default_factory=list)
    children: dict[str, str | None] = field(default_factory=dict)
    ends: list[Record] = field(default_factory=list)
    context_tokens: int | None = None
    unknown: Counter[str] = field(default_factory=Counter)
    foreign: int = 0
    damage: list[Damage] = field(default_factory=list)
    nonsense: int = 0
    seen: set[str] = field(default_factory=set)

    def apply(self, item: Item) -> None:
        """Go on by one item of the file."""
        match item:
            case Damage():
                self.damage.append(item)
            case Foreign():
                self.foreign += 1
            case Record() if item.id not in self.seen:
                self.seen.add(item.id)
                self.updated_at = max(self.updated_at, item.ts)
                play = _PLAYERS.get(item.type)
                if play is None:
                    self.unknown[item.type] += 1
                elif not play(self, item):
                    self.nonsense += 1

    def apply_all(self, items: Iterable[Item]) -> Fold:
        for item in items:
            self.apply(item)
        return self

    @property
    def title(self) -> str:
        """The name that somebody gave it, or the beginning of what the user said first; "" where nobody knows."""
        given = text_of(self.meta, "title")
        return given if given else shortened(self._first_said())

    @property
    def preview(self) -> str:
        given = text_of(self.meta, "preview")
        return given if given else shortened(self._last_said(), 2 * TITLE_CHARACTERS)

    @property
    def is_pinned(self) -> bool:
        return self.meta.get("pinned") is True

    @property
    def model(self) -> str:
        return text_of(self.meta, "model") or next(
            (turn.model for turn in reversed(self.turns.values()) if turn.model), ""
        )

    @property
    def provider(self) -> str:
        return text_of(self.meta, "provider") or next(
            (turn.provider for turn in reversed(self.turns.values()) if turn.provider), ""
        )

    @property
    def is_empty(self) -> bool:
        """Nothing was ever said, sent or spent here, and nothing is there that is not understood."""
        happened = (self.messages, self.turns, self.ledger.bookings, self.tools, self.unknown, self.damage)
        return not any(happened) and not self.foreign and not self.children

    @property
    def sums(self) -> Sums:
        """All that this session itself spent."""
        return self.ledger.sums()

    def spent_until(self, mid: str | None) -> Sums:
        """What was spent until a message was said, by the turn that it belongs to; all where that is not known."""
        message = self.messages.get(mid) if mid else None
        turn = self.turns.get(message.turn) if message and message.turn else None
        if turn is None:
            return self.sums

        def is_before(booking: Booking) -> bool:
            its = self.turns.get(booking.turn) if booking.turn else None
            return its is None or its.number <= turn.number

        return self.ledger.sums(is_before)

    @property
    def said(self) -> list[Message]:
        """What is said now, in order."""
        return [self.messages[mid] for mid in self.live]

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The last checkpoint that what is said now still reaches."""
        for each in reversed(self.checkpoints):
            if each.last_mid is None or each.last_mid in self.live:
                return each
        return None

    @property
    def open_turns(self) -> list[Turn]:
        return [turn for turn in self.turns.values() if turn.is_open]

    def _first_said(self) -> str:
        return next((each.text or "" for each in self.said if each.role == "user" and (each.text or "").strip()), "")

    def _last_said(self) -> str:
        return next((each.text or "" for each in reversed(self.said) if each.role in SEARCHED and each.text), "")


def shortened(text: str, most: int = TITLE_CHARACTERS) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _session(fold: Fold, record: Record) -> bool:
    data = record.data
    sid = text_of(data, "sid")
    if not sid or fold.sid:
        # A second first record is what is written where a file had gone: the first one stands.
        return bool(sid)
    fold.sid = sid
    fold.created_at = number_of(data, "created_at") or record.ts
    fold.cwd = text_of(data, "cwd") or ""
    fold.workspace = text_of(data, "workspace") or ""
    fold.agent_id = text_of(data, "agent_id") or ""
    parent = table_of(data, "parent")
    if from_sid := text_of(parent, "sid"):
        fold.parent = Parent(from_sid, text_of(parent, "at_id"), text_of(parent, "reason") or "fork")
    path = text_of(data, "chat_path")
    if path and fold.binding is None:
        fold.binding = Binding(path, 0, 0)
    return True


def _bind(fold: Fold, record: Record) -> bool:
    path = text_of(record.data, "chat_path")
    if not path:
        return False
    data = record.data
    fold.binding = Binding(path, count_of(data, "dev"), count_of(data, "ino"), data.get("embedded") is True)
    return True


def _meta(fold: Fold, record: Record) -> bool:
    for key, value in record.data.items():
        if value is None:
            fold.meta.pop(key, None)
        else:
            fold.meta[key] = value
    if text_of(record.data, "workspace"):
        fold.workspace = record.data["workspace"]
    return True


def _message(fold: Fold, record: Record) -> bool:
    data = record.data
    mid, role = text_of(data, "mid"), text_of(data, "role")
    if not mid or not role:
        return False
    known = fold.messages.get(mid)
    if known is None or data.get("again") is not True:
        ok = data.get("ok")
        known = Message(
            mid, role, text_of(data, "turn"), record.ts, count_of(data, "bytes"), text_of(data, "sha256"),
            text_of(data, "text"), text_of(data, "blob"), text_of(data, "name"), ok if isinstance(ok, bool) else None,
            text_of(data, "head"), record.start, record.size,
        )  # fmt: skip
    if mid in fold.live:
        return False
    fold.messages[mid] = known
    fold.live[mid] = None
    return True


def _turn(fold: Fold, record: Record) -> bool:
    data = record.data
    id, state = text_of(data, "turn"), text_of(data, "state")
    if not id or state not in OPEN_STATES | END_STATES:
        return False
    known = fold.turns.get(id)
    if known is None:
        known = Turn(
            id, len(fold.turns) + 1, state, text_of(data, "kind") or "chat", record.ts, record.writer,
            continuation_of=text_of(data, "continuation_of"),
        )  # fmt: skip
    elif not known.is_open and state in OPEN_STATES | {"interrupted"}:
        # What has ended neither begins again nor ends otherwise: another process was late.
        return False
    reserved = number_of(data, "reserved")
    fold.turns[id] = replace(
        known,
        state=state,
        ended_at=None if state in OPEN_STATES else record.ts,
        reason=text_of(data, "reason") or known.reason,
        provider=text_of(data, "provider") or known.provider,
        model=text_of(data, "model") or known.model,
        reserved=known.reserved if reserved is None else max(reserved, 0.0),
    )
    return True


def _usage(fold: Fold, record: Record) -> bool:
    booking = booking_of(record)
    if fold.ledger.add(booking):
        fold.context_tokens = booking.reached_context
    return True


def _tool(fold: Fold, record: Record) -> bool:
    data = record.data
    call, name = text_of(data, "call"), text_of(data, "name")
    if not call or not name:
        return False
    known = fold.tools.get(call) or ToolRun(call, name, text_of(data, "turn"), record.ts, writer=record.writer)
    if data.get("state") == "started" and known.is_over:
        # Run once more, under the same id.
        known = replace(known, began_at=record.ts, is_over=False, ok=None, ms=None, writer=record.writer)
    changes = data.get("changes")
    if isinstance(changes, list | tuple):
        known = replace(known, changes=_changes(fold, record, call, name, changes))
    if data.get("state") == "finished":
        ok = data.get("ok")
        known = replace(known, is_over=True, ok=ok if isinstance(ok, bool) else None, ms=number_of(data, "ms"))
    fold.tools[call] = known
    return True


def _changes(fold: Fold, record: Record, call: str, name: str, told: Sequence[Any]) -> tuple[Mapping[str, Any], ...]:
    """Take over changes of a run, each of which may be told more than once; what all of its changes are now. One that
    is told as `void` did not come about."""
    for number, each in enumerate(told):
        if not isinstance(each, dict):
            continue
        id = text_of(each, "id") or f"{record.id}-{number}"
        known = fold.changes.get(id)
        if known is not None and known.call != call:
            continue
        if each.get("void") is True:
            fold.changes.pop(id, None)
        elif known is not None:
            fold.changes[id] = replace(known, data=each)
        else:
            fold.changes[id] = Change(id, call, name, len(fold.turns), record.ts, each)
    return tuple(each.data for each in fold.changes.values() if each.call == call)


def _checkpoint(fold: Fold, record: Record) -> bool:
    data = record.data
    before, after = number_of(data, "tokens_before"), number_of(data, "tokens_after")
    fold.checkpoints.append(
        Checkpoint(
            record.id, record.ts, text_of(data, "text"), text_of(data, "blob"), text_of(data, "last_mid"),
            text_of(data, "first_live_mid"), None if before is None else int(before),
            None if after is None else int(after), text_of(data, "chat_sha"),
        )
    )  # fmt: skip
    return True


def _rewind(fold: Fold, record: Record) -> bool:
    data = record.data
    to = text_of(data, "to_mid")
    if "to_mid" not in data or (to is None and data["to_mid"] is not None):
        return False
    if to is not None and to not in fold.live:
        return False
    order = list(fold.live)
    for mid in order[order.index(to) + 1 if to is not None else 0 :]:
        del fold.live[mid]
    fold.rewinds.append(Rewind(record.id, record.ts, to, text_of(data, "source") or "user", table_of(data, "removed")))
    context = number_of(data, "context_tokens")
    fold.context_tokens = None if context is None else int(context)
    return True


def _fork(fold: Fold, record: Record) -> bool:
    child = text_of(record.data, "child")
    if child:
        fold.children[child] = text_of(record.data, "at_id")
    return child is not None


def _metric(fold: Fold, record: Record) -> bool:
    fold.metrics.append(record)
    return True


def _end(fold: Fold, record: Record) -> bool:
    fold.ends.append(record)
    return True


_PLAYERS = {
    "session": _session, "bind": _bind, "meta": _meta, "message": _message, "turn": _turn, "usage": _usage,
    "tool": _tool, "checkpoint": _checkpoint, "rewind": _rewind, "fork": _fork, "metric": _metric, "end": _end,
}  # fmt: skip
