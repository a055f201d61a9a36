"""What requests cost: each one that is over is priced and handed on, in the order in which they ended.

The price list is loaded in a thread when the first request is over: neither a start nor an answer waits for it. From
then on a request is priced at once, so that whoever hears of its end finds it in the session already.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.accounting.request import Prices, Request, entry
from flemma_py.model.usage import Usage
from flemma_py.providers.catalogue import Catalogue
from flemma_py.registry import discover

log = logging.getLogger(__name__)

Used = Callable[[dict[str, Any]], None]
"""Is told of a request, under the names of the session API."""
FindPrices = Callable[[str, str, Usage, float], Prices | None]


def now() -> float:
    """Seconds since the epoch, in whole microseconds."""
    return time.time_ns() // 1000 / 1_000_000


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that went out. `provider` is the endpoint's name, `wire` the provider whose wire it speaks."""

    provider: str
    wire: str
    model: str
    started_at: float
    filepath: str | None


@dataclass(frozen=True, slots=True)
class Over:
    """A request that has ended, whichever way, and what it used."""

    sent: Sent
    usage: Usage
    status: str
    completed_at: float


@dataclass(frozen=True, slots=True)
class PriceBook:
    """The catalogues by provider, and the price list."""

    catalogues: Mapping[str, Catalogue]
    find: FindPrices

    def request(self, over: Over) -> Request:
        """The request with what is known of its prices."""
        sent = over.sent
        wire = self.catalogues.get(sent.wire)
        return Request(
            provider=sent.provider,
            model=sent.model,
            usage=over.usage,
            status=over.status,
            started_at=sent.started_at,
            completed_at=over.completed_at,
            output_has_thoughts=wire is None or wire.output_has_thoughts,
            filepath=sent.filepath,
            prices=self._prices(over),
        )

    def _prices(self, over: Over) -> Prices | None:
        """A catalogue's own price, else that of the list, which knows vendors that have no catalogue here."""
        catalogue = self.catalogues.get(over.sent.provider)
        if catalogue and (own := catalogue.own_price(over.sent.model)):
            return Prices(*own)
        vendor = catalogue.vendor if catalogue else over.sent.provider
        try:
            return self.find(vendor, over.sent.model, over.usage, over.sent.started_at)
        except Exception:
            # Tokens are counted whatever the list makes of them.
            log.exception("the price list failed for %s", over.sent.model)
            return None


class Accounts:
    """The accounts of this host. `load` gives the price book; it runs in a thread, once."""

    def __init__(self, load: Callable[[], PriceBook] | None = None) -> None:
        self._load = load or load_price_book
        self._book: PriceBook | None = None
        self._loading: asyncio.Task[None] | None = None
        self._waiting: list[tuple[Over, Used]] = []

    def record(self, sent: Sent, usage: Usage, status: str, used: Used) -> None:
        """Price a request that is over and tell `used` of it: now, or when the price list is there."""
        over = Over(sent, usage, status, now())
        if self._book is not None:
            used(entry(self._book.request(over)))
            return
        self._waiting.append((over, used))
        if self._loading is None:
            self._loading = asyncio.create_task(self._fetch(), name="price list")

    async def close(self) -> None:
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.wait([self._loading])

    async def _fetch(self) -> None:
        try:
            book = await asyncio.to_thread(self._load)
        except Exception:
            log.exception("the price list could not be loaded: tokens are counted without prices")
            book = PriceBook({}, lambda *_: None)
        self._book = book
        waiting, self._waiting = self._waiting, []
        for over, used in waiting:
            used(entry(book.request(over)))


def load_price_book() -> PriceBook:
    """Import and read all of it. Takes about a fifth of a second: call it in a thread."""
    price_list = importlib.import_module("flemma_py.accounting.price_list")
    found = discover("flemma_py.providers.catalogue", "CATALOGUE")
    book = PriceBook({catalogue.provider: catalogue for _, catalogue in found}, price_list.find_prices)
    for catalogue in book.catalogues.values():
        # The first look-up decodes the data.
        book.find(catalogue.vendor, catalogue.models[0].name, Usage(), 0.0)
        break
    return book
