"""How Claude models want to be asked, by family and version, so that tomorrow's model works before anybody writes a
line about it. Those that there are stand in `catalogue/anthropic.py`, each with one of the ways that are named here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm

OFF = "off"
"""Trait: the `thinking.type` that turns thinking off where leaving it out does not."""
EFFORT_WORDS = "effort_words"
"""Trait: the efforts that the model takes, in their order."""
BINDS_THINKING = "binds_thinking"
"""Trait: thoughts count only below the very words they were thought about."""
EFFORTS = ("low", "medium", "high", "xhigh", "max")

_NAME = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?:-\d{8}|-latest)?")
_FIRST_NAMES = re.compile(r"claude-[23](?![0-9])")
_FIRST_THINKER = "claude-3-7"

_LEAST_BUDGET = 1_024
_BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 16_384, "max": 16_384}
_TO_MAX = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "max": "max"}
_TO_HIGH = _TO_MAX | {"max": "high"}


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is told to think, and whether it takes a temperature."""

    thinking: ThinkingFacts = NO_THINKING
    fixed_temperature: bool = False
    traits: Mapping[str, Any] = field(default_factory=dict)


def _adaptive(efforts: Mapping[str, str], words: tuple[str, ...], *, off: str = "", binds: bool = False) -> Way:
    """A way of the fifth generation: it thinks unless it is told not to, with `off`; empty: that cannot be told."""
    thinking = ThinkingFacts(ThinkingForm.EFFORT, by_itself=True, always=not off, efforts=efforts)
    return Way(thinking, True, {EFFORT_WORDS: words, OFF: off, BINDS_THINKING: binds})


PLAIN = Way()
BUDGET = Way(ThinkingFacts(ThinkingForm.BUDGET, budgets=_BUDGETS, least=_LEAST_BUDGET))
BUDGET_AND_EFFORT = Way(
    ThinkingFacts(ThinkingForm.BOTH, efforts=_TO_HIGH, budgets=_BUDGETS, least=_LEAST_BUDGET),
    traits={EFFORT_WORDS: EFFORTS[:3]},
)
EFFORT_TO_HIGH = Way(
    ThinkingFacts(ThinkingForm.EFFORT, efforts=_TO_HIGH), traits={EFFORT_WORDS: ("low", "medium", "high", "max")}
)
EFFORT_TO_MAX = Way(ThinkingFacts(ThinkingForm.EFFORT, efforts=_TO_MAX), traits=EFFORT_TO_HIGH.traits)
EFFORT_ALONE = Way(ThinkingFacts(ThinkingForm.EFFORT, efforts=_TO_MAX), True, {EFFORT_WORDS: EFFORTS})
"""Thinks when it is asked to, and takes no budget any more."""
BY_ITSELF = _adaptive(_TO_MAX, EFFORTS, off="disabled")
BY_ITSELF_BOUND = _adaptive(_TO_MAX, EFFORTS, off="disabled", binds=True)
BETWEEN_TOOLS = _adaptive(_TO_MAX, EFFORTS, off="between_tools", binds=True)
"""Told not to think it still writes a note between calls of tools."""
ALWAYS = _adaptive(_TO_MAX, EFFORTS)
ALWAYS_BOUND = _adaptive(_TO_MAX, EFFORTS, binds=True)


def find_model(model: str) -> ModelFacts | None:
    """What the name of a Claude model tells; one that tells nothing counts as newer than all. None: no Claude model."""
    if not model.startswith("claude-"):
        return None
    if _FIRST_NAMES.match(model):
        return _first(model)
    name = _NAME.fullmatch(model)
    if name is None:
        return facts(model, ALWAYS, max_output=64_000, is_known=False)
    family, version = name["family"], (int(name["major"]), int(name["minor"] or 0))
    return facts(model, way(family, version), max_output=_max_output(family, version), is_known=False)


def facts(model: str, way: Way, **limits: Any) -> ModelFacts:
    """The facts of a model that is asked in this way."""
    return ModelFacts(
        model, thinking=way.thinking, fixed_temperature=way.fixed_temperature, traits=way.traits, **limits
    )


def way(family: str, version: tuple[int, int]) -> Way:
    """How a model of this family and version is asked."""
    if version >= (5, 0):
        return _fifth(family, version)
    if version >= (4, 6):
        if family != "opus":
            return EFFORT_TO_HIGH
        return EFFORT_ALONE if version >= (4, 7) else EFFORT_TO_MAX
    return BUDGET_AND_EFFORT if family == "opus" and version >= (4, 5) else BUDGET


def _fifth(family: str, version: tuple[int, int]) -> Way:
    is_late = version >= (5, 5)
    match family:
        case "opus":
            return ALWAYS_BOUND if is_late else BY_ITSELF
        case "sonnet":
            return BETWEEN_TOOLS if is_late else BY_ITSELF
        case "haiku":
            return BY_ITSELF_BOUND if is_late else BY_ITSELF
        case _:
            return ALWAYS_BOUND if version >= (5, 1) else ALWAYS


def _first(model: str) -> ModelFacts:
    if model.startswith(_FIRST_THINKER):
        return facts(model, BUDGET, max_output=64_000, is_known=False)
    return facts(model, PLAIN, max_output=8_192 if model.startswith("claude-3-5") else 4_096, is_known=False)


def _max_output(family: str, version: tuple[int, int]) -> int:
    if version >= (5, 0) or (family == "opus" and version >= (4, 6)):
        return 128_000
    return 32_000 if family == "opus" and version < (4, 5) else 64_000
