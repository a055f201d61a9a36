"""Claude models by family and version, so that tomorrow's model works before anybody writes a line about it."""

from __future__ import annotations

import re

from flemma_py.model.language_model import ModelFacts, ThinkingFacts, ThinkingForm

_NAME = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?:-\d{8}|-latest)?")
_FIRST_NAMES = re.compile(r"claude-[23](?![0-9])")
_NEWEST = (99, 0)

_LEAST_BUDGET = 1_024
_BUDGETS = {"minimal": 1_024, "low": 2_048, "medium": 8_192, "high": 16_384, "max": 16_384}
_EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "max": "max"}
_EFFORTS_UP_TO_HIGH = _EFFORTS | {"max": "high"}


def find_model(model: str) -> ModelFacts | None:
    """Facts of a Claude model; one whose name tells nothing counts as newer than all. None: not a Claude model."""
    if not model.startswith("claude-"):
        return None
    if _FIRST_NAMES.match(model):
        return ModelFacts(model, max_output=8_192 if model.startswith(("claude-3-5", "claude-3-7")) else 4_096)
    name = _NAME.fullmatch(model)
    if name is None:
        return ModelFacts(model, max_output=64_000, thinking=_thinking("", _NEWEST), fixed_temperature=True)
    return _by_version(model, name["family"], (int(name["major"]), int(name["minor"] or 0)))


def _by_version(model: str, family: str, version: tuple[int, int]) -> ModelFacts:
    thinking, fixed = _thinking(family, version), _is_adaptive_only(family, version)
    return ModelFacts(model, max_output=_max_output(family, version), thinking=thinking, fixed_temperature=fixed)


def _is_adaptive_only(family: str, version: tuple[int, int]) -> bool:
    """These refuse a budget and a temperature."""
    return version >= (5, 0) or (family == "opus" and version >= (4, 7))


def _max_output(family: str, version: tuple[int, int]) -> int:
    if version >= (5, 0) or (family == "opus" and version >= (4, 6)):
        return 128_000
    return 32_000 if family == "opus" and version < (4, 5) else 64_000


def _thinking(family: str, version: tuple[int, int]) -> ThinkingFacts:
    if version >= (4, 6):
        efforts = _EFFORTS if version >= (5, 0) or family == "opus" else _EFFORTS_UP_TO_HIGH
        return ThinkingFacts(ThinkingForm.EFFORT, by_itself=_is_adaptive_only(family, version), efforts=efforts)
    if family == "opus" and version >= (4, 5):
        return ThinkingFacts(ThinkingForm.BOTH, efforts=_EFFORTS_UP_TO_HIGH, budgets=_BUDGETS, least=_LEAST_BUDGET)
    return ThinkingFacts(ThinkingForm.BUDGET, budgets=_BUDGETS, least=_LEAST_BUDGET)
