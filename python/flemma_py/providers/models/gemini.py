"""Gemini models by generation and size, so that tomorrow's model works before anybody writes a line about it."""

from __future__ import annotations

import re

from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm

_NAME = re.compile(r"gemini-(?P<major>\d+)(?:\.(?P<minor>\d+))?-(?P<size>[a-z]+(?:-lite)?)")
_LONGEST = 1_048_576
_OUTPUT = 65_536

_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "max": "HIGH"}
_LEVELS_FROM_LOW = _LEVELS | {"minimal": "LOW"}
_PRO = {"minimal": 128, "low": 2_048, "medium": 8_192, "high": 32_768, "max": 32_768}
_FLASH = {"minimal": 128, "low": 2_048, "medium": 8_192, "high": 24_576, "max": 24_576}
_LITE = _FLASH | {"minimal": 512}


def find_model(model: str) -> ModelFacts | None:
    """Facts of a Gemini model, None where the name is none."""
    if not model.startswith("gemini-"):
        return None
    name = _NAME.match(model)
    if name is None:
        return ModelFacts(model, _LONGEST, _OUTPUT, thinking=_by_level(always=True))
    version, size = (int(name["major"]), int(name["minor"] or 0)), name["size"]
    if version < (2, 5):
        return ModelFacts(model, _LONGEST, 8_192)
    minimum = 2_048 if size == "pro" else 1_024
    return ModelFacts(model, _LONGEST, _OUTPUT, cache_minimum=minimum, thinking=_thinking(version, size))


def _thinking(version: tuple[int, int], size: str) -> ThinkingFacts:
    if version >= (3, 0):
        return _by_level(always=not size.startswith("flash"))
    match size:
        case "pro":
            return ThinkingFacts(ThinkingForm.BUDGET, by_itself=True, always=True, budgets=_PRO, least=128, most=32_768)
        case "flash":
            return ThinkingFacts(ThinkingForm.BUDGET, by_itself=True, budgets=_FLASH, most=24_576)
        case "flash-lite":
            return ThinkingFacts(ThinkingForm.BUDGET, budgets=_LITE, least=512, most=24_576)
        case _:
            return NO_THINKING


def _by_level(*, always: bool) -> ThinkingFacts:
    efforts = _LEVELS_FROM_LOW if always else _LEVELS
    return ThinkingFacts(ThinkingForm.EFFORT, by_itself=True, always=always, efforts=efforts)
