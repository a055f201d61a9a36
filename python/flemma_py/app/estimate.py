"""`:Flemma usage:estimate`: how many tokens the next request would take, counted by its vendor where that counts.

The prompt leaves for that: only who asks for it, or has set `ui.statusline.estimate`, has it counted.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.accounting.gauge import CHARACTERS_PER_TOKEN, prompt_tokens
from flemma_py.accounting.money import money
from flemma_py.app.costs import prices_of
from flemma_py.app.endpoint import Endpoint
from flemma_py.app.exchange import UNAUTHORIZED, without_key
from flemma_py.app.services import Services
from flemma_py.app.signing_in import sign_in
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import CountsTokens

if TYPE_CHECKING:
    from flemma_py.accounting.request import Prices

log = logging.getLogger(__name__)

_NOT_OFFERED = frozenset({404, 405, 501})
"""Statuses of a server that speaks the wire and does not count."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`counted`: the vendor said so; otherwise `tokens` are a guess. `prices` None: nobody knows them."""

    tokens: int
    counted: bool
    provider: str
    model: str
    prices: Prices | None

    def sentence(self, *, priced: bool) -> str:
        """What the user is told."""
        tokens = f"{self.tokens:,} input tokens"
        if not self.counted:
            tokens = f"~{tokens} ({CHARACTERS_PER_TOKEN} characters each, as {self.provider} does not count)"
        if not priced or self.prices is None:
            return f"{tokens} · {self.model}"
        cost = money(self.tokens * self.prices.input / 1_000_000)
        each = f"{money(self.prices.input)} input / {money(self.prices.output)} output per MTok"
        return f"{tokens} · {cost} · {self.model} ({each})"


async def estimate(services: Services, endpoint: Endpoint, prompt: Prompt) -> Estimate:
    """Count a prompt. Raises `FlemmaError`: no key, or what the vendor said instead."""
    tokens = await _count(services, endpoint, prompt)
    counted = tokens is not None
    if tokens is None:
        tokens = prompt_tokens(prompt)
    wanted = services.settings.ui.pricing.enabled
    prices = await prices_of(services, endpoint, tokens) if wanted else None
    return Estimate(tokens, counted, endpoint.name, endpoint.model, prices)


async def _count(services: Services, endpoint: Endpoint, prompt: Prompt) -> int | None:
    """The vendor's count, None where it does not count."""
    provider = endpoint.provider
    if endpoint.is_demo or not isinstance(provider, CountsTokens):
        return None
    key, prompt = await sign_in(services.keys, endpoint, prompt)
    request = endpoint.with_headers(provider.count_request(prompt, await services.address(endpoint)))
    limits = endpoint.parameters
    try:
        async with services.client.open(
            request, key, timeout=limits["timeout"], connect_timeout=limits["connect_timeout"]
        ) as response:
            if response.ok:
                return provider.read_count(await response.whole())
            error = endpoint.provider.read_error(response.status, response.headers, await response.body())
    except RequestError as failed:
        raise without_key(failed) from failed
    if error.status in _NOT_OFFERED and error.kind is not RequestKind.BAD_MODEL:
        log.info("%s does not count tokens: %s", endpoint.name, error.message)
        return None
    if error.kind is RequestKind.AUTH:
        services.keys.forget(endpoint.name, spent=error.status == UNAUTHORIZED)
    raise without_key(error)
