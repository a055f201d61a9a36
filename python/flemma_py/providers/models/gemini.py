"""Gemini models by generation and kind, so that tomorrow's model works before anybody writes a line about it."""

from __future__ import annotations

import re

from flemma_py.model.language_model import ModelFacts, ThinkingFacts, ThinkingForm

GENERATION = "generation"
"""The trait that holds a model's generation, as 3: from that one on calls are signed and results may hold files."""

_NAME = re.compile(r"gemini-(?P<major>\d{1,2})(?:\.(?P<minor>\d{1,2}))?-(?P<kind>flash-lite|[a-z]+)(?:-.*)?")
_NEWEST = (99, 0)
_CONTEXT = 1_048_576
_MOST_OUTPUT = 65_536

_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "max": "HIGH"}
_LEVELS_FROM_LOW = _LEVELS | {"minimal": "LOW"}
_TWO_LEVELS = _LEVELS_FROM_LOW | {"medium": "HIGH"}
_BUDGETS = {"minimal": 128, "low": 2_048, "medium": 8_192, "high": 24_576}


def find_model(model: str) -> ModelFacts | None:
    """Facts of a Gemini model; one whose name tells no version counts as newer than all. None: not a Gemini model."""
    if not model.startswith("gemini-"):
        return None
    name = _NAME.fullmatch(model)
    version = (int(name["major"]), int(name["minor"] or 0)) if name else _NEWEST
    kind = name["kind"] if name else "flash-lite" if "flash-lite" in model else ""
    thinks = version >= (2, 5)
    return ModelFacts(
        model,
        max_input=_CONTEXT,
        max_output=_MOST_OUTPUT if thinks else 8_192,
        cache_minimum=_cache_minimum(version, kind),
        thinking=_thinking(version, kind),
        fixed_temperature=version >= (3, 6),
        traits={GENERATION: version[0]},
    )


def _cache_minimum(version: tuple[int, int], kind: str) -> int | None:
    if version < (2, 5):
        return None
    return 1_024 if kind.startswith("flash") else 2_048


def _thinking(version: tuple[int, int], kind: str) -> ThinkingFacts:
    if version < (2, 5):
        return ThinkingFacts()
    if version >= (3, 0):
        # The small ones think as little as they can unless they are asked to.
        return ThinkingFacts(
            ThinkingForm.EFFORT, by_itself=kind != "flash-lite", always=True, efforts=_levels(version, kind)
        )
    if kind == "pro":
        budgets, most = _BUDGETS | {"high": 32_768}, 32_768
        return ThinkingFacts(ThinkingForm.BUDGET, by_itself=True, always=True, budgets=budgets, least=128, most=most)
    if kind == "flash-lite":
        return ThinkingFacts(ThinkingForm.BUDGET, budgets=_BUDGETS | {"minimal": 512}, least=512, most=24_576)
    return ThinkingFacts(ThinkingForm.BUDGET, by_itself=True, budgets=_BUDGETS, least=1, most=24_576)


def _levels(version: tuple[int, int], kind: str) -> dict[str, str]:
    """Flash models took MINIMAL up to 3.6; the first Pro of this generation knew two levels."""
    if kind.startswith("flash") and version < (3, 7):
        return _LEVELS
    return _TWO_LEVELS if kind == "pro" and version == (3, 0) else _LEVELS_FROM_LOW
