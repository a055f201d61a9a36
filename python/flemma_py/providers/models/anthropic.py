"""Claude models by family and version, so that tomorrow's model works before anybody writes a line about it."""

from __future__ import annotations

import re

from flemma_py.providers.models import ModelFacts

_NAME = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:-(?P<minor>\d{1,2}))?(?:-\d{8}|-latest)?")
_FIRST_NAMES = re.compile(r"claude-[23](?![0-9])")
_NEWEST = ModelFacts(max_output=64_000, adaptive=True, fixed_temperature=True)


def find_model(model: str) -> ModelFacts | None:
    """Facts of a Claude model; one whose name tells nothing counts as newer than all. None: not a Claude model."""
    if not model.startswith("claude-"):
        return None
    if _FIRST_NAMES.match(model):
        return ModelFacts(max_output=8_192 if model.startswith(("claude-3-5", "claude-3-7")) else 4_096)
    name = _NAME.fullmatch(model)
    if name is None:
        return _NEWEST
    return _by_version(name["family"], (int(name["major"]), int(name["minor"] or 0)))


def _by_version(family: str, version: tuple[int, int]) -> ModelFacts:
    if version >= (5, 0):
        return ModelFacts(max_output=128_000, adaptive=True, fixed_temperature=True)
    if family == "opus":
        return ModelFacts(
            max_output=128_000 if version >= (4, 6) else 64_000 if version >= (4, 5) else 32_000,
            adaptive=version >= (4, 6),
            fixed_temperature=version >= (4, 7),
        )
    adaptive = version >= (4, 6)
    return ModelFacts(adaptive=adaptive, highest_effort="high" if adaptive else "max")
