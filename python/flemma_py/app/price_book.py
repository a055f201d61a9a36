"""The catalogues and the price list together: a request that is over becomes an entry of the session.

Loaded when the first request is over, in a thread: nothing on the way to a send imports this.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.accounting.request import Prices, Request, entry
from flemma_py.app.accounts import Over
from flemma_py.model.usage import Usage
from flemma_py.providers.catalogue import Catalogue
from flemma_py.registry import discover

log = logging.getLogger(__name__)

FindPrices = Callable[[str, str, Usage, float], Prices | None]


@dataclass(frozen=True, slots=True)
class PriceBook:
    """The catalogues by provider, and the price list."""

    catalogues: Mapping[str, Catalogue]
    find: FindPrices

    def entry(self, over: Over) -> dict[str, Any]:
        """A request as the session API has it."""
        return entry(self.request(over))

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
            prices=Prices(*sent.price)
            if sent.price
            else self.prices(sent.provider, sent.model, over.usage, sent.started_at),
            cache_minimum=sent.cache_minimum,
        )

    def prices(self, provider: str, model: str, usage: Usage, at: float) -> Prices | None:
        """A catalogue's own price, else that of the list, which knows vendors that have no catalogue here."""
        catalogue = self.catalogues.get(provider)
        if catalogue and (own := catalogue.own_price(model)):
            return Prices(*own)
        vendor = catalogue.vendor if catalogue else provider
        try:
            return self.find(vendor, model, usage, at)
        except Exception:
            # Tokens are counted whatever the list makes of them.
            log.exception("the price list failed for %s", model)
            return None


EMPTY = PriceBook({}, lambda *_: None)
"""No prices: tokens are counted all the same."""


def load() -> PriceBook:
    """Read the whole list. Takes about a fifth of a second."""
    price_list = importlib.import_module("flemma_py.accounting.price_list")
    found = discover("flemma_py.providers.catalogue", "CATALOGUE")
    book = PriceBook({catalogue.provider: catalogue for _, catalogue in found}, price_list.find_prices)
    for catalogue in book.catalogues.values():
        # The first look-up decodes the data.
        book.find(catalogue.vendor, catalogue.models[0].name, Usage(), 0.0)
        break
    return book
