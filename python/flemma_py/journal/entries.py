"""What a session object holds beside its messages: what requests used, how long things took, what was told to others.
Values with the names that Go programs give them in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from flemma_py.journal.events import Event
from flemma_py.journal.ledger import Booking, endpoint_key, without_cached
from flemma_py.journal.tags import NEVER, Tagged, at

MOST_METRICS = 200
"""Metrics that are kept of one endpoint, the latest."""


@dataclass(frozen=True, slots=True)
class TokenUsage(Tagged):
    """Tokens. `prompt_tokens_total`: all that was read, where the vendor says so; then `input_tokens` may count some of
    it again."""

    TAGS: ClassVar = {"cache_read": "cache_read_tokens", "cache_write": "cache_write_tokens"}
    ALWAYS: ClassVar = frozenset({"input_tokens", "output_tokens", "cache_read", "cache_write"})

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    prompt_tokens_total: int = 0

    def add(self, other: TokenUsage) -> TokenUsage:
        """Both, field by field."""
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.prompt_tokens_total + other.prompt_tokens_total,
        )

    def at_least(self, other: TokenUsage) -> TokenUsage:
        """The larger of both, field by field."""
        return TokenUsage(
            max(self.input_tokens, other.input_tokens),
            max(self.output_tokens, other.output_tokens),
            max(self.cache_read, other.cache_read),
            max(self.cache_write, other.cache_write),
            max(self.prompt_tokens_total, other.prompt_tokens_total),
        )

    def total_input_tokens(self) -> int:
        """All that was read."""
        return self.prompt_tokens_total if self.prompt_tokens_total > 0 else self.input_tokens

    def total(self) -> int:
        return self.total_input_tokens() + self.output_tokens

    def cache_hit_percent(self) -> int:
        """Of all that was read, the part that a cache had, in whole per cent, halves rounded up."""
        total = self.prompt_tokens_total
        if total <= 0 or total < self.cache_read:
            total = max(total, self._prompt())
        return int(self.cache_read * 100 / total + 0.5) if total > 0 and self.cache_read > 0 else 0

    def uncached(self) -> int:
        """What was read outside of any cache."""
        total = self.prompt_tokens_total
        if total <= 0 or total < self.cache_read:
            total = self._prompt()
        return without_cached(total, self.cache_read, self.cache_write)

    def _prompt(self) -> int:
        """All that was read, where nobody told: a vendor that writes to caches, or read more from them than all, counts
        them apart."""
        is_apart = self.cache_write > 0 or self.cache_read > self.input_tokens
        return self.input_tokens + (self.cache_read + self.cache_write if is_apart else 0)


@dataclass(frozen=True, slots=True)
class UsageEntry(Tagged):
    """What one request used. `turn_index` counts turns."""

    ALWAYS: ClassVar = frozenset({"timestamp", "turn_index", "usage"})

    timestamp: datetime = NEVER
    turn_index: int = 0
    model: str = ""
    vendor: str = ""
    endpoint: str = ""
    usage: TokenUsage = TokenUsage()
    source: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricEvent(Tagged):
    """How long a request (`type` llm) or a tool (`type` tool) took. Durations are whole nanoseconds: `ttft` until the
    first word, `think_time` of thoughts."""

    TAGS: ClassVar = {"cache_read": "cache_read_tokens", "cache_write": "cache_write_tokens"}
    ALWAYS: ClassVar = frozenset({"timestamp", "turn_index", "type"})

    timestamp: datetime = NEVER
    turn_index: int = 0
    type: str = ""
    ttft: int = 0
    think_time: int = 0
    duration: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read: int = 0
    cache_write: int = 0
    tool_name: str = ""
    tool_success: bool = False
    tool_error: str = ""
    tool_duration: int = 0
    model: str = ""
    vendor: str = ""
    endpoint: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TunnelEvent(Tagged):
    """Something that was told to whoever watches a session. `data` is any JSON; None: nothing."""

    ALWAYS: ClassVar = frozenset({"event_id", "type"})

    event_id: str = ""
    stream_id: str = ""
    type: str = ""
    data: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)


def endpoint_stats_key(vendor: str, endpoint: str) -> str:
    """What numbers of an endpoint are kept under: `vendor/endpoint`, or the one of them that is there."""
    return endpoint_key(vendor, endpoint)


def entry_of(booking: Booking, turn_index: int, given: Any) -> UsageEntry:
    """A booking as an entry; `given` is the one that it was made of, if it was."""
    if isinstance(given, Mapping):
        return UsageEntry.from_json(given)
    usage = booking.request.usage
    read = usage.input + usage.cache_read + usage.cache_write
    tokens = TokenUsage(usage.input, booking.request.total_output, usage.cache_read, usage.cache_write, read)
    return UsageEntry(
        at(booking.day_from),
        turn_index,
        booking.request.model,
        booking.vendor,
        booking.endpoint,
        tokens,
        booking.source,
    )


def event_data(given: TunnelEvent) -> Mapping[str, Any]:
    """Its data as a table, which is what an event log holds."""
    data = given.data
    if data is None:
        return {}
    return data if isinstance(data, Mapping) and data and set(data) != {"raw"} else {"raw": data}


def tunnel_event(event: Event) -> TunnelEvent:
    """An event of a log, with the data that it was told with."""
    data: Any = dict(event.data) or None
    if data is not None and set(data) == {"raw"}:
        data = data["raw"]
    return TunnelEvent(event.event_id, event.stream_id, event.type, data)
