"""What is known of a language model: limits, how it thinks, what it costs. Data only; a provider has a table of them.

A table is help, not a fence: a model that nobody wrote down is sent all the same, with `is_known` false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

LEVELS = ("minimal", "low", "medium", "high", "max")
"""How hard a model is asked to think, in the house's words; each wire has its own."""

Price = tuple[float, float, float | None]
"""USD for a million tokens: input, output, read from a cache (None: as input)."""


class ThinkingForm(Enum):
    """How a wire wants to be told of thinking."""

    NONE = "none"
    BUDGET = "budget"
    """A number of tokens."""
    EFFORT = "effort"
    """A word for the effort."""
    BOTH = "both"
    """A number of tokens and, besides, a word."""
    SWITCH = "switch"
    """On or off."""


@dataclass(frozen=True, slots=True)
class ThinkingFacts:
    """`by_itself`: it thinks unless it is told not to, so where the owner says nothing it is asked to think well.
    `always`: it cannot be told not to. `efforts` and `budgets` (tokens) go by level; a level that is not there has the
    wire's fallback. Budgets lie between `least` and `most`."""

    form: ThinkingForm = ThinkingForm.NONE
    by_itself: bool = False
    always: bool = False
    efforts: Mapping[str, str] = field(default_factory=dict)
    budgets: Mapping[str, int] = field(default_factory=dict)
    least: int = 1
    most: int | None = None


NO_THINKING = ThinkingFacts()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Limits are in tokens; None: the vendor does not say. `aliases` are other names of the same model.
    `cache_minimum`: a shorter prefix is not cached. `fixed_temperature`: any but the default is refused. `price` only
    where the price list has none, or another seller's. `traits`: what only the model's own wire asks for."""

    name: str
    max_input: int | None = None
    max_output: int | None = None
    min_output: int = 0
    cache_minimum: int | None = None
    thinking: ThinkingFacts = NO_THINKING
    fixed_temperature: bool = False
    price: Price | None = None
    aliases: tuple[str, ...] = ()
    traits: Mapping[str, Any] = field(default_factory=dict)
    is_known: bool = True


UNKNOWN_MODEL = ModelFacts("", is_known=False)
