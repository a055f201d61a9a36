"""What requests cost, summed. Each request is billed once, by its id, wherever its record is found.

Costs come from tokens and from the prices of that moment; they are never kept and never priced anew. Rewinds,
checkpoints and resets take nothing away, forks bring nothing along: what was spent was spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flemma_py.accounting.request import Prices, Request
from flemma_py.journal.lines import Record
from flemma_py.journal.records import count_of, number_of, text_of
from flemma_py.model.usage import Usage


@dataclass(frozen=True, slots=True)
class Booking:
    """One request as it was billed. `id` is what it is known by everywhere; `writer` the process that sent it; `usd`
    and `credits`: as the provider told them; `estimated`: nobody counted the tokens."""

    id: str
    at: float
    writer: str
    request: Request
    vendor: str = ""
    endpoint: str = ""
    source: str = "agent"
    turn: str | None = None
    workspace: str | None = None
    cost_type: str = "byok"
    credits: float | None = None
    usd: float | None = None
    context_tokens: int | None = None
    api_ms: float = 0.0
    estimated: bool = False

    @property
    def is_priced(self) -> bool:
        return self.request.prices is not None or self.usd is not None

    @property
    def cost(self) -> float:
        """USD: by tokens and prices; what the provider told where there are no prices; else 0."""
        return self.request.cost if self.request.prices is not None else self.usd or 0.0

    @property
    def reached_context(self) -> int:
        """How much the model had read and written when this request was over."""
        usage = self.request.usage
        return self.context_tokens or usage.input + usage.cache_read + usage.cache_write

    @property
    def day_from(self) -> float:
        """The moment that says which day it belongs to."""
        return self.request.completed_at or self.at


def booking_of(record: Record) -> Booking:
    """A `usage` record as a booking; what is missing in it is nought."""
    data = record.data
    completed = number_of(data, "completed_at") or record.ts
    usage = Usage(
        count_of(data, "input_tokens"),
        count_of(data, "output_tokens"),
        count_of(data, "thoughts_tokens"),
        count_of(data, "cache_read_input_tokens"),
        count_of(data, "cache_creation_input_tokens"),
        count_of(data, "cache_creation_1h_input_tokens"),
    )
    request = Request(
        text_of(data, "provider") or "",
        text_of(data, "model") or "",
        usage,
        text_of(data, "status") or "completed",
        number_of(data, "started_at") or completed,
        completed,
        data.get("output_has_thoughts") is not False,
        text_of(data, "filepath"),
        prices_of(data),
        None,
    )
    context = number_of(data, "context_tokens")
    return Booking(
        text_of(data, "request_id") or record.id,
        record.ts,
        record.writer,
        request,
        text_of(data, "vendor") or request.provider,
        text_of(data, "endpoint") or "",
        text_of(data, "source") or "agent",
        text_of(data, "turn"),
        text_of(data, "workspace"),
        text_of(data, "cost_type") or "byok",
        number_of(data, "credits"),
        number_of(data, "usd"),
        None if context is None else int(context),
        max(number_of(data, "api_ms") or 0.0, 0.0),
        data.get("estimated") is True,
    )


def prices_of(data: Mapping[str, Any]) -> Prices | None:
    """The prices of a request: a cache's as USD or as a multiple of `input_price`, whichever is there."""
    read, written = number_of(data, "input_price"), number_of(data, "output_price")
    if read is None or written is None:
        return None
    caches = []
    for name in ("cache_read", "cache_write", "cache_write_1h"):
        price, factor = number_of(data, f"{name}_price"), number_of(data, f"{name}_multiplier")
        caches.append(price if price is not None else None if factor is None else factor * read)
    return Prices(read, written, *caches)


def without_cached(total: int, cache_read: int, cache_write: int) -> int:
    """The input that no cache held or took, of a vendor that counts all of it together; never below nought."""
    return max(total - cache_read - cache_write, 0)


@dataclass(slots=True)
class Sums:
    """Many requests in sum. Tokens; `cost` and its two parts in USD, `context` the last request's, `unpriced` and
    `estimated` the numbers of requests of which nobody knows the price, or the tokens."""

    requests: int = 0
    input: int = 0
    output: int = 0
    thoughts: int = 0
    cache_read: int = 0
    cache_write: int = 0
    input_cost: float = 0.0
    output_cost: float = 0.0
    cost: float = 0.0
    credits: float = 0.0
    api_ms: float = 0.0
    unpriced: int = 0
    estimated: int = 0
    context: int | None = None

    def add(self, booking: Booking) -> None:
        usage = booking.request.usage
        self.requests += 1
        self.input += usage.input
        self.output += booking.request.total_output
        self.thoughts += usage.thoughts
        self.cache_read += usage.cache_read
        self.cache_write += usage.cache_write
        self.input_cost += booking.request.input_cost
        self.output_cost += booking.request.output_cost
        self.cost += booking.cost
        self.credits += booking.credits or 0.0
        self.api_ms += booking.api_ms
        self.unpriced += not booking.is_priced
        self.estimated += booking.estimated
        self.context = booking.reached_context

    @property
    def prompt(self) -> int:
        """All that was read, cached or not."""
        return self.input + self.cache_read + self.cache_write

    @property
    def total(self) -> int:
        """What was read outside of any cache, and what was written."""
        return self.input + self.output

    @property
    def cache_hit_ratio(self) -> float | None:
        """Of what was read and not written to a cache, the share that a cache had; None where nothing was read."""
        read = self.input + self.cache_read
        return self.cache_read / read if read else None

    @property
    def cache_hit_percent(self) -> int:
        """Of all that was read, the part that a cache had, in whole per cent."""
        return round(100 * self.cache_read / self.prompt) if self.prompt else 0


Key = Callable[[Booking], str]

KEYS: Mapping[str, Key] = {
    "model": lambda booking: booking.request.model,
    "provider": lambda booking: booking.request.provider,
    "endpoint": lambda booking: endpoint_key(booking.vendor, booking.endpoint),
    "source": lambda booking: booking.source,
    "workspace": lambda booking: booking.workspace or "",
}
"""What sums can be taken by; a day needs a calendar, so the caller brings that."""


def endpoint_key(vendor: str, endpoint: str) -> str:
    """`vendor/endpoint`, or the one of them that is there."""
    return "/".join(part for part in (vendor.strip(), endpoint.strip()) if part)


@dataclass(slots=True)
class Ledger:
    """Bookings, each once."""

    bookings: dict[str, Booking] = field(default_factory=dict)

    def add(self, booking: Booking) -> bool:
        """Book it. False where it was booked before: then nothing changes."""
        if booking.id in self.bookings:
            return False
        self.bookings[booking.id] = booking
        return True

    def sums(self, chosen: Callable[[Booking], bool] = lambda _: True) -> Sums:
        return summed(each for each in self.bookings.values() if chosen(each))

    def by(self, key: Key) -> dict[str, Sums]:
        """Sums under each key that occurs."""
        found: dict[str, Sums] = {}
        for booking in self.bookings.values():
            found.setdefault(key(booking), Sums()).add(booking)
        return found


def summed(bookings: Iterable[Booking]) -> Sums:
    sums = Sums()
    for booking in bookings:
        sums.add(booking)
    return sums
