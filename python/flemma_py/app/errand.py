"""A run that nobody watches, as `flemma run`: what its owner allowed when they sent it off, and nothing beyond.

Tools that only read run unasked; what writes, runs or connects does so by a rule that was given along. Settings, chats
and rules that were kept at work can make this stricter and never wider. Nothing is sent that could cost more than is
left of the ceiling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.accounting.gauge import prompt_tokens
from flemma_py.accounting.money import money
from flemma_py.accounting.request import MILLION, Prices
from flemma_py.approval.call import Call, Place
from flemma_py.approval.decide import by_rules
from flemma_py.approval.rules import Rule, Scope, read_rule
from flemma_py.approval.verdict import Decision
from flemma_py.config.presets import BUILT_IN
from flemma_py.errors import BudgetError, SettingsError
from flemma_py.providers.limits import max_tokens

if TYPE_CHECKING:
    from flemma_py.app.preparation import Chosen
    from flemma_py.app.services import Services
    from flemma_py.model.prompt import Prompt
    from flemma_py.model.tool import Tool

READING = frozenset((*(BUILT_IN["$readonly"].auto_approve or ()), "calculator", "calculator_async"))
"""Our own tools that change nothing and reach nobody."""


class Errand:
    """`rules` are the texts that were given along. `ceiling`: USD that the run may cost, None for any."""

    def __init__(self, rules: Iterable[str] = (), ceiling: float | None = None) -> None:
        """Raises `SettingsError` for a text that is no rule."""
        self.given = [read_rule(text, Scope.USER) for text in rules]
        self.ceiling = ceiling
        self.spent = 0.0
        self.is_spent = False
        """Whether a request was held back because of its cost."""

    @property
    def rules(self) -> list[Rule]:
        """What lets calls run, beside the owner's settings."""
        return [*self.given, *(read_rule(name, Scope.USER) for name in sorted(READING))]

    def holds_back(self, tool: Tool, call: Call, place: Place) -> str:
        """Why a call does not run here although rules of the owner's would let it, or nothing."""
        if call.tool in READING and not tool.origin:
            return ""
        said = by_rules(self.given, call, place)
        if isinstance(said, Decision) and said.runs:
            return ""
        return f"{call.tool} can do more than read, and no --allow rule is about this call"

    def serves(self, server: str) -> bool:
        """Whether an MCP server may be started: some rule is about its tools."""
        return any(rule.tool.startswith(f"{server}:") for rule in self.given)

    def may_read(self, path: str, place: Place) -> bool:
        """Whether a chat may have a file that lies outside of its project."""
        said = by_rules(self.given, Call("read", {"path": path}), place)
        return isinstance(said, Decision) and said.runs

    # ---- what it costs

    async def check(self, services: Services, chosen: Chosen, prompt: Prompt) -> None:
        """Raise `SettingsError` where only the demo model would answer, which nobody asked for, and `BudgetError` where
        this request could cost more than is left."""
        endpoint = chosen.endpoint
        if endpoint.is_demo and chosen.settings.provider is None:
            raise SettingsError(
                "Nothing was sent, as no key was found: export one (ANTHROPIC_API_KEY=…), or say --set provider=demo "
                "to try it out."
            )
        if self.ceiling is None or endpoint.is_demo:
            return
        from flemma_py.app.costs import prices_of

        tokens = await asyncio.to_thread(prompt_tokens, prompt)
        prices = await prices_of(services, endpoint, tokens)
        if prices is None:
            self.is_spent = True
            raise BudgetError(
                f"Nothing was sent: nobody knows what {endpoint.model} costs, so --max-cost cannot be kept. "
                f"Say its price in providers.{endpoint.name}.models, or leave --max-cost out."
            )
        most, _ = max_tokens(prompt.parameters.get("max_tokens"), prompt.facts)
        read, written = tokens * dearest(prices) / MILLION, most * prices.output / MILLION
        left = self.ceiling - self.spent
        if read + written > left:
            self.is_spent = True
            raise BudgetError(
                f"Nothing was sent: the request may cost {money(read + written)} ({money(read)} for about {tokens:,} "
                f"tokens of input, {money(written)} for up to {most:,} of output), and {money(left)} of --max-cost "
                f"{money(self.ceiling)} are left. Raise that, or lower max_tokens."
            )

    def book(self, request: Mapping[str, Any]) -> None:
        """A request is over; `request` as the session API has it."""
        self.spent += cost_of(request)


def dearest(prices: Prices) -> float:
    """USD for a million tokens of input, whichever way a vendor counts them."""
    caches = (prices.cache_write, prices.cache_write_1h)
    return max(prices.input, *(each for each in caches if each is not None), 0.0)


def cost_of(request: Mapping[str, Any]) -> float:
    """USD of a request as the session API has it."""
    # What reads records is needed when one is there.
    from flemma_py.journal.ledger import booking_of
    from flemma_py.journal.lines import Record

    return booking_of(Record("", 0.0, "", 0, "usage", request)).cost
