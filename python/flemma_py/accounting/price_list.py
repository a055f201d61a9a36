"""Prices from `genai-prices`, the list that follows the vendors' pages. Importing this module loads the whole list.

Its `input_tokens` count everything that was read, cached or not, and choose the tier of a long context. What comes out
is flat: the tier is chosen by this request's tokens.
"""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices import Usage as Counts
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TieredPrices

from flemma_py.accounting.request import Prices
from flemma_py.model.usage import Usage

DIGITS = 9
"""Decimals kept of a price: far below a token's worth, and short enough to come through JSON unchanged."""

_Listed = Decimal | TieredPrices | None


def find_prices(vendor: str, model: str, usage: Usage, at: float) -> Prices | None:
    """Effective prices of one request, made at `at` (seconds since the epoch). None: the list does not know the vendor
    or the model, or has no price for its tokens."""
    total = usage.input + usage.cache_read + usage.cache_write
    moment = datetime.fromtimestamp(at, UTC)
    if vendor not in _vendors():
        return None
    try:
        listed = calc_price(
            Counts(input_tokens=total, output_tokens=usage.output),
            model,
            provider_id=vendor,
            genai_request_timestamp=moment,
        ).model_price
    except LookupError:
        return None
    read, written = _rate(listed.input_mtok, total), _rate(listed.output_mtok, total)
    if read is None or written is None:
        return None
    caches = (listed.cache_read_mtok, listed.cache_write_mtok, listed.cache_write_1h_mtok)
    return Prices(_plain(read), _plain(written), *(_optional(_rate(price, total)) for price in caches))


@functools.cache
def _vendors() -> frozenset[str]:
    """Names that the list knows. Asked for itself it would take a likely one: a server at home is not its namesake."""
    return frozenset(provider.id for provider in get_snapshot().providers)


def _rate(price: _Listed, total: int) -> Decimal | None:
    """The price that holds for a request of `total` input tokens."""
    if not isinstance(price, TieredPrices):
        return price
    reached = [tier.price for tier in price.tiers if total > tier.start]
    return reached[-1] if reached else price.base


def _optional(price: Decimal | None) -> float | None:
    return None if price is None else _plain(price)


def _plain(price: Decimal) -> float:
    return float(round(price, DIGITS))
