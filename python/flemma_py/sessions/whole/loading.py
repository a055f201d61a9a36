"""A journal as a session object."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from flemma_py.journal.entries import MetricEvent, TokenUsage, entry_of, tunnel_event
from flemma_py.journal.events import Event, Told
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Item, Record
from flemma_py.journal.messages import Fetch, Message, body_in, message_of, said
from flemma_py.journal.parts import Checkpoint
from flemma_py.journal.records import table_of, text_of
from flemma_py.journal.tags import at
from flemma_py.sessions.whole.session import NEW_TITLE, Known, Session, meta_of


class Whole:
    """A fold, and what its records say that a fold need not know."""

    def __init__(self, fetch: Fetch, items: Iterable[Item] = ()) -> None:
        self.fold = Fold()
        self._fetch = fetch
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._checkpoints: dict[str, Mapping[str, Any]] = {}
        self._entries: dict[str, Mapping[str, Any]] = {}
        for each in items:
            self.take(each)

    def take(self, item: Item) -> None:
        if isinstance(item, Record) and item.id not in self.fold.seen:
            data = item.data
            match item.type:
                case "message" if data.get("again") is not True:
                    self._messages.setdefault(text_of(data, "mid") or "", data)
                case "checkpoint":
                    self._checkpoints[item.id] = data
                case "usage":
                    self._entries.setdefault(text_of(data, "request_id") or item.id, data)
        self.fold.apply(item)

    def message(self, mid: str) -> Message:
        """Raises `Unreadable` where its text cannot be read: what a model is sent is whole."""
        return message_of(self.fold.messages[mid], self._messages.get(mid, {}), self._fetch)

    def said(self) -> list[Message]:
        """All that is said."""
        return [self.message(mid) for mid in self.fold.live]

    def context(self) -> list[Message]:
        """What a model would be sent."""
        checkpoint = self.fold.checkpoint
        if checkpoint is None:
            return self.said()
        live = list(self.fold.live)
        given = body_in(self._checkpoints.get(checkpoint.id, {}), self._fetch)
        if isinstance(given, list):
            begin = [each if "role" in each else self.message(each["ref"]) for each in given if self._has(each)]
            rest = self._later(checkpoint)
        else:
            begin = [said("user", self._summary(checkpoint))]
            first = checkpoint.first_live_mid
            rest = live[live.index(first) :] if first in live else self._later(checkpoint)
        return [*begin, *(self.message(mid) for mid in rest)]

    def _later(self, checkpoint: Checkpoint) -> list[str]:
        """What is said behind a checkpoint."""
        live = list(self.fold.live)
        return live[live.index(checkpoint.last_mid) + 1 :] if checkpoint.last_mid in live else live

    def _has(self, given: Any) -> bool:
        """Whether it is a message, or names one that is there."""
        return isinstance(given, dict) and ("role" in given or given.get("ref") in self.fold.messages)

    def _summary(self, checkpoint: Checkpoint) -> str:
        return self._fetch(checkpoint.blob) if checkpoint.blob else checkpoint.text or ""

    def entries(self) -> dict[str, Any]:
        """What requests used, by what they are billed by."""
        fold = self.fold
        numbers = {turn.id: turn.number for turn in fold.turns.values()}
        return {
            id: entry_of(booking, numbers.get(booking.turn or "", 0), self._entries.get(id, {}).get("entry"))
            for id, booking in fold.ledger.bookings.items()
        }

    def meta(self) -> dict[str, Any]:
        """What was written down of it besides, under the names of `meta_of`."""
        fold = self.fold
        told = {"workspace": fold.workspace, "provider": fold.provider, "model": fold.model}
        return {**{key: value for key, value in told.items() if value}, **fold.meta}


def session_of(whole: Whole, told: Iterable[Told] = (), *, has_all_events: bool = False) -> Session:
    """The session object. Raises `Unreadable`."""
    fold = whole.fold
    entries = list(whole.entries().values())
    used = TokenUsage()
    for each in entries:
        used = used.add(each.usage)
    updated = at(fold.updated_at)
    session = Session(
        fold.sid,
        updated if fold.created_at is None else at(fold.created_at),
        updated,
        fold.title or NEW_TITLE,
        fold.workspace,
        fold.provider,
        text_of(fold.meta, "endpoint") or "",
        fold.model,
        TokenUsage.from_json(table_of(fold.meta, "token_usage")).at_least(used),
        usage_history=entries,
        metrics=[MetricEvent.from_json(each.data) for each in fold.metrics],
        messages=whole.context(),
        tunnel_events=[tunnel_event(each) for each in told if isinstance(each, Event) and each.type != "epoch"],
        tunnel_events_complete=has_all_events,
        cost_json=_cost(fold.meta.get("cost")),
        said=whole.said(),
        preview=fold.preview,
        damage=len(fold.damage) + fold.foreign,
    )
    session.rebuild_endpoint_stats()
    session.known = Known(next(reversed(fold.live), None), dict(meta_of(session)))
    session.known.add(session.messages)
    return session


def _cost(kept: Any) -> bytes:
    try:
        return base64.b64decode(kept, validate=True) if isinstance(kept, str) else b""
    except (binascii.Error, ValueError):
        return b""
