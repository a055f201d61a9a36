"""One request as the accounts keep it: tokens and the prices of that moment. Costs are always derived, never kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flemma_py.model.usage import Usage

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """USD for a million tokens, tiers already chosen. `cache_write` is for what is kept some minutes, `cache_write_1h`
    for an hour. None for a cache: counted as plain input, an hour as minutes."""

    input: float
    output: float
    cache_read: float | None = None
    cache_write: float | None = None
    cache_write_1h: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is over. Times are seconds since the epoch, whole microseconds; `status` is completed, cancelled
    or errored; `output_has_thoughts`: `usage.output` includes `usage.thoughts`; `prices` None: nobody knows them;
    `cache_minimum`: tokens below which the model caches nothing."""

    provider: str
    model: str
    usage: Usage
    status: str
    started_at: float
    completed_at: float
    output_has_thoughts: bool = True
    filepath: str | None = None
    prices: Prices | None = None
    cache_minimum: int | None = None

    @property
    def total_output(self) -> int:
        """Tokens written, thoughts included, each once."""
        return self.usage.output if self.output_has_thoughts else self.usage.output + self.usage.thoughts

    @property
    def input_cost(self) -> float:
        """USD for what was read; 0 where no price is known."""
        if (prices := self.prices) is None:
            return 0.0
        read = prices.input if prices.cache_read is None else prices.cache_read
        write = prices.input if prices.cache_write is None else prices.cache_write
        hour = write if prices.cache_write_1h is None else prices.cache_write_1h
        usage = self.usage
        for_hours = min(usage.cache_write_1h, usage.cache_write)
        written = (usage.cache_write - for_hours) * write + for_hours * hour
        return (usage.input * prices.input + usage.cache_read * read + written) / MILLION

    @property
    def output_cost(self) -> float:
        """USD for what was written; 0 where no price is known."""
        return self.total_output * self.prices.output / MILLION if self.prices else 0.0

    @property
    def cost(self) -> float:
        return self.input_cost + self.output_cost


@dataclass(frozen=True, slots=True)
class Totals:
    """A session in sum. `input` counts cached tokens, too; costs in USD."""

    requests: int
    input: int
    output: int
    thoughts: int
    input_cost: float
    output_cost: float


def total(requests: Iterable[Request]) -> Totals:
    """The sum of what each request says."""
    kept = list(requests)
    return Totals(
        len(kept),
        sum(each.usage.input + each.usage.cache_read + each.usage.cache_write for each in kept),
        sum(each.total_output for each in kept),
        sum(each.usage.thoughts for each in kept),
        sum(each.input_cost for each in kept),
        sum(each.output_cost for each in kept),
    )


def entry(request: Request) -> dict[str, Any]:
    """The request under the names of the Lua session API. What is not known is left out: Lua has nil for that."""
    usage, prices = request.usage, request.prices
    known = {
        "provider": request.provider,
        "model": request.model,
        "status": request.status,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "thoughts_tokens": usage.thoughts,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_creation_1h_input_tokens": min(usage.cache_write_1h, usage.cache_write),
        "output_has_thoughts": request.output_has_thoughts,
        "started_at": request.started_at,
        "completed_at": request.completed_at,
        "filepath": request.filepath,
        "input_price": prices and prices.input,
        "output_price": prices and prices.output,
        "cache_read_price": prices and prices.cache_read,
        "cache_write_price": prices and prices.cache_write,
        "cache_write_1h_price": prices and prices.cache_write_1h,
        "min_cache_tokens": request.cache_minimum,
    }
    return {name: value for name, value in known.items() if value is not None}
