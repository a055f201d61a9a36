"""What a model costs: by the word of its owner, of its server or of its provider's table, else by the price list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flemma_py.accounting.request import Prices
from flemma_py.app.endpoint import Endpoint, endpoint_of
from flemma_py.errors import SettingsError
from flemma_py.model.language_model import Price

if TYPE_CHECKING:
    from flemma_py.app.services import Services


def own_price(services: Services, name: str, model: str) -> Price | None:
    """What somebody says who knows it better than the price list; None where nobody does."""
    try:
        return endpoint_of(name, model, services.settings, services.wires, services.listings.models).facts.price
    except SettingsError:
        return None


async def prices_of(services: Services, endpoint: Endpoint, tokens: int = 0) -> Prices | None:
    """What a request of so many tokens costs now. Waits for the price list where it is needed."""
    if endpoint.facts.price:
        return Prices(*endpoint.facts.price)
    return await services.accounts.prices(endpoint.name, endpoint.model, tokens)


async def high_cost(services: Services, endpoint: Endpoint) -> str | None:
    """A sentence about a model that costs more than the owner wants to pay unasked."""
    pricing = services.settings.ui.pricing
    if not pricing.enabled or endpoint.is_demo:
        return None
    prices = await prices_of(services, endpoint)
    if prices is None or prices.input + prices.output <= pricing.high_cost_threshold:
        return None
    each = f"${prices.input:g} for a million tokens of input and ${prices.output:g} of output"
    return f"{endpoint.model} is expensive: {each}."
