"""What requests cost: each one that is over is priced and handed on, in the order in which they ended.

The price list is loaded in a thread when the first request is over, or at the first switch: neither a start nor an
answer waits for it. From then on a request is priced at once, so that whoever hears of its end finds it in the session
already.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from flemma_py.model.language_model import Price
from flemma_py.model.usage import Usage

if TYPE_CHECKING:
    from flemma_py.accounting.request import Prices

log = logging.getLogger(__name__)

Used = Callable[[dict[str, Any]], None]
"""Is told of a request, under the names of the session API."""


def now() -> float:
    """Seconds since the epoch, in whole microseconds."""
    return time.time_ns() // 1000 / 1_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that went out. `provider` is the endpoint's name, `wire` the provider whose wire it speaks;
    `cache_minimum`: tokens below which its model caches nothing. `price`: what it costs by another word than that of
    the price list."""

    provider: str
    wire: str
    model: str
    started_at: float
    filepath: str | None
    cache_minimum: int | None = None
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Over:
    """A request that has ended, whichever way, and what it used."""

    sent: Sent
    usage: Usage
    status: str
    completed_at: float


class Book(Protocol):
    """What prices requests (see `price_book.py`)."""

    def entry(self, over: Over) -> dict[str, Any]:
        """A request as the session API has it."""
        ...

    def prices(self, provider: str, model: str, usage: Usage, at: float) -> Prices | None:
        """What a request costs that is made at `at` (seconds since the epoch); None where nobody knows."""
        ...


class Accounts:
    """The accounts of this host. `load` gives the price book; it runs in a thread, once."""

    def __init__(self, load: Callable[[], Book] | None = None) -> None:
        self._load = load or load_price_book
        self._book: Book | None = None
        self._loading: asyncio.Task[None] | None = None
        self._waiting: list[tuple[Over, Used]] = []

    def record(self, sent: Sent, usage: Usage, status: str, used: Used) -> None:
        """Price a request that is over and tell `used` of it: now, or when the price list is there."""
        over = Over(sent, usage, status, now())
        if self._book is not None:
            used(self._book.entry(over))
            return
        self._waiting.append((over, used))
        self._begin()

    async def ready(self) -> None:
        """Wait for the price list: from then on who asks what was spent hears of a request as soon as it is over."""
        if self._book is None:
            await asyncio.shield(self._begin())

    async def prices(self, provider: str, model: str, tokens: int = 0) -> Prices | None:
        """What a request of so many input tokens costs now; waits for the price list where that is not there yet."""
        await self.ready()
        return self._book.prices(provider, model, Usage(input=tokens), now()) if self._book else None

    @property
    def is_loaded(self) -> bool:
        """Whether prices are at hand."""
        return self._book is not None

    def _begin(self) -> asyncio.Task[None]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._fetch(), name="price list")
        return self._loading

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    async def _fetch(self) -> None:
        try:
            book = await asyncio.to_thread(self._load)
        except Exception:
            log.exception("the price list could not be loaded: tokens are counted without prices")
            book = importlib.import_module("flemma_py.app.price_book").EMPTY
        self._book = book
        waiting, self._waiting = self._waiting, []
        for over, used in waiting:
            used(book.entry(over))


def load_price_book() -> Book:
    """Import and read all of it. Takes about a fifth of a second: call it in a thread."""
    book: Book = importlib.import_module("flemma_py.app.price_book").load()
    return book
