"""The session object. It knows nothing of files; a store reads and writes it."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from flemma_py.journal.entries import MOST_METRICS, MetricEvent, TokenUsage, TunnelEvent, UsageEntry, endpoint_stats_key
from flemma_py.journal.fold import shortened
from flemma_py.journal.messages import Message, has_words, text_in
from flemma_py.journal.tags import NEVER, Tagged, at
from flemma_py.sessions.ids import Ids

if TYPE_CHECKING:
    from flemma_py.sessions.whole.store import JSONLStore

NEW_TITLE = "New session"
_ids = Ids(time.time)
_books = threading.RLock()
"""For the numbers of all sessions: whoever adds to them holds it for a moment."""


@dataclass(slots=True)
class Known:
    """What an object knows to be on the disk: messages up to the one with the id `until`, the values `meta`, and of its
    own messages the first `count`, which had the sum `digest`. `beside`: messages that were recorded and that it may
    not have yet."""

    until: str | None = None
    meta: dict[str, Any] = field(default_factory=dict)
    count: int = 0
    digest: str = ""
    beside: list[Message] = field(default_factory=list)

    def add(self, messages: Iterable[Message]) -> None:
        for each in messages:
            self.count += 1
            self.digest = hashlib.sha256(f"{self.digest}{json.dumps(each, sort_keys=True)}".encode()).hexdigest()

    def rest(self, messages: list[Message]) -> list[Message] | None:
        """Those that were not recorded yet; None where others were changed or are gone."""
        then = Known()
        then.add(messages[: self.count])
        if (then.count, then.digest) != (self.count, self.digest):
            return None
        return self.behind(messages)

    def behind(self, messages: list[Message]) -> list[Message]:
        """What was not recorded yet, where nothing was changed."""
        rest = messages[self.count :]
        for each in self.beside:
            if rest and rest[0] == each:
                del rest[0]
        return rest

    def not_in(self, messages: list[Message]) -> list[Message]:
        """Those of `beside` that it does not have."""
        rest = messages[self.count :]
        return [each for at, each in enumerate(self.beside) if at >= len(rest) or rest[at] != each]


@dataclass(slots=True)
class Session(Tagged):
    """A conversation. `messages`: what a model would be sent, a checkpoint and what came after it; `said`: all that is
    said, what the checkpoint stands for included; `cost_json`: JSON of the caller's, as bytes;
    `tunnel_events_complete`: there are events, and none were ever left out; `damage`: places of its journal that could
    not be read.

    `home` and `known` are the store's: where it is kept, and what of it this object knows to be there."""

    TAGS: ClassVar = {"cost_json": "cost"}
    ALWAYS: ClassVar = frozenset(
        {"id", "created_at", "updated_at", "title", "vendor", "endpoint", "model", "token_usage"}
    )
    UNTOLD: ClassVar = frozenset({"more", "said", "preview", "damage", "home", "known"})
    HOLDS: ClassVar = {
        "endpoint_usage": TokenUsage,
        "usage_history": UsageEntry,
        "metrics": MetricEvent,
        "endpoint_metrics": MetricEvent,
        "tunnel_events": TunnelEvent,
    }

    id: str = ""
    created_at: datetime = NEVER
    updated_at: datetime = NEVER
    title: str = ""
    workspace: str = ""
    vendor: str = ""
    endpoint: str = ""
    model: str = ""
    token_usage: TokenUsage = field(default_factory=TokenUsage)
    endpoint_usage: dict[str, TokenUsage] = field(default_factory=dict)
    usage_history: list[UsageEntry] = field(default_factory=list)
    metrics: list[MetricEvent] = field(default_factory=list)
    endpoint_metrics: dict[str, list[MetricEvent]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    tunnel_events: list[TunnelEvent] = field(default_factory=list)
    tunnel_events_complete: bool = False
    cost_json: bytes = b""
    more: dict[str, Any] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list, compare=False, repr=False)
    preview: str = field(default="", compare=False, repr=False)
    damage: int = field(default=0, compare=False)
    home: JSONLStore | None = field(default=None, compare=False, repr=False)
    known: Known | None = field(default=None, compare=False, repr=False)

    def __deepcopy__(self, memory: dict[int, Any]) -> Session:
        from copy import deepcopy

        copied = {name: deepcopy(getattr(self, name), memory) for name in self.__slots__ if name != "home"}
        return Session(**copied, home=self.home)

    # ---- messages

    def has_user_interaction(self) -> bool:
        """Whether a user says something in it; those that nobody spoke in are not worth keeping."""
        return any(map(has_words, (*self.messages, *self.said)))

    def hear(self, message: Message, when: datetime) -> None:
        """Somebody says something. Who speaks first gives the session its name."""
        self.messages.append(message)
        self.said.append(message)
        self.updated_at = max(self.updated_at, when)
        if self.title in ("", NEW_TITLE) and has_words(message):
            self.title = shortened(text_in(message))

    # ---- numbers of endpoints

    def add_usage_for_endpoint(self, vendor: str, endpoint: str, usage: TokenUsage) -> None:
        """Count tokens under an endpoint; without a name they are not. Any thread may."""
        if key := endpoint_stats_key(vendor, endpoint):
            with _books:
                _count(self.endpoint_usage, key, usage)

    def usage_for_endpoint(self, vendor: str, endpoint: str) -> TokenUsage:
        """What an endpoint used; where nothing was ever counted apart, the session's total for its own one."""
        key = endpoint_stats_key(vendor, endpoint)
        with _books:
            if not self.endpoint_usage and self.usage_history:
                self.rebuild_endpoint_stats()
            if key and key in self.endpoint_usage:
                return self.endpoint_usage[key]
            own = endpoint_stats_key(self.vendor, self.endpoint)
            is_own = not self.endpoint_usage if not key else own in ("", key)
            return self.token_usage if is_own and not self.usage_history else TokenUsage()

    def append_metric_for_endpoint(self, vendor: str, endpoint: str, event: MetricEvent) -> None:
        """Keep a metric under an endpoint, of which the latest 200 stay. Any thread may."""
        if key := endpoint_stats_key(vendor, endpoint):
            with _books:
                _keep(self.endpoint_metrics, key, event)

    def metrics_for_endpoint(self, vendor: str, endpoint: str) -> list[MetricEvent]:
        """An endpoint's metrics, as a list of the caller's own; where none tells of an endpoint, all for the session's
        own one."""
        key = endpoint_stats_key(vendor, endpoint)
        with _books:
            if not self.endpoint_metrics and self.metrics:
                self.rebuild_endpoint_stats()
            if key and key in self.endpoint_metrics:
                return list(self.endpoint_metrics[key])
            if self.endpoint_metrics or any(endpoint_stats_key(each.vendor, each.endpoint) for each in self.metrics):
                return []
            own = endpoint_stats_key(self.vendor, self.endpoint)
            return list(self.metrics) if not key or own in ("", key) else []

    def rebuild_endpoint_stats(self) -> None:
        """Count anew what the history of usage and the metrics say."""
        usage: dict[str, TokenUsage] = {}
        metrics: dict[str, list[MetricEvent]] = {}
        with _books:
            for each in self.usage_history:
                if key := endpoint_stats_key(each.vendor, each.endpoint):
                    _count(usage, key, each.usage)
            for event in self.metrics:
                if key := endpoint_stats_key(event.vendor, event.endpoint):
                    _keep(metrics, key, event)
            self.endpoint_usage, self.endpoint_metrics = usage, metrics


def _count(usage: dict[str, TokenUsage], key: str, more: TokenUsage) -> None:
    usage[key] = usage.get(key, TokenUsage()).add(more)


def _keep(metrics: dict[str, list[MetricEvent]], key: str, event: MetricEvent) -> None:
    kept = metrics.setdefault(key, [])
    kept.append(event)
    del kept[:-MOST_METRICS]


def new_session(vendor: str, endpoint: str, model: str) -> Session:
    """A session with an id of its own, of which nothing is on the disk."""
    now = at(round(time.time(), 6))
    return Session(_ids(), now, now, NEW_TITLE, vendor=vendor, endpoint=endpoint, model=model)


def last_turn_index(session: Session | None) -> int:
    """The number of the last turn that anything tells of; 0 before the first."""
    if session is None:
        return 0
    told: Iterable[UsageEntry | MetricEvent] = (*session.usage_history, *session.metrics)
    return max((each.turn_index for each in told), default=0)


def named_after(session: Session) -> str:
    """The name that it has of itself: what a user said first."""
    first = next(filter(has_words, session.said or session.messages), None)
    return shortened(text_in(first)) if first else ""


def meta_of(session: Session) -> Mapping[str, Any]:
    """What is written down of it, besides what is said."""
    import base64

    return {
        "title": "" if session.title in (NEW_TITLE, named_after(session)) else session.title,
        "workspace": session.workspace,
        "provider": session.vendor,
        "endpoint": session.endpoint,
        "model": session.model,
        "token_usage": session.token_usage.to_json() if session.token_usage != TokenUsage() else None,
        "cost": base64.b64encode(session.cost_json).decode() if session.cost_json else None,
    }
