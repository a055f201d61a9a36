"""What `parameters.thinking` may be: a level, a number of tokens, false, or a table of `level` and `foreign`.

Looked at here and not by types alone, so that each wrong word is told with the nearest right one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from flemma_py.config.spelling import nearest

LEVELS = ("off", "minimal", "low", "medium", "high", "max")
FORM = "off, minimal, low, medium, high, max, false, a number of tokens, or a table of level and foreign"
_LEVEL = "off, minimal, low, medium, high, max, false or a number of tokens"
_FOREIGN = ("preserve", "drop")


class Problem(NamedTuple):
    """What is wrong with a value. `inside` is the key in its table, empty for the value itself; `says` ends the
    sentence; `suggestion` is the word that was probably meant."""

    inside: str
    says: str
    suggestion: str | None = None


def thinking_problem(value: Any) -> Problem | None:
    """The first thing wrong with a value of `thinking`, None where it is in order."""
    if not isinstance(value, Mapping):
        return _level_problem("", value, FORM)
    for name, inner in value.items():
        if name == "level":
            problem = None if inner is None else _level_problem("level", inner, _LEVEL)
        elif name == "foreign":
            problem = (
                None if inner in (None, *_FOREIGN) else _word_problem("foreign", inner, _FOREIGN, "preserve or drop")
            )
        else:
            problem = Problem(str(name), "is not a setting", nearest(str(name), ("level", "foreign")))
        if problem:
            return problem
    return None


def _level_problem(inside: str, value: Any, form: str) -> Problem | None:
    if value is False or value in LEVELS:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and math.isfinite(value):
        return None
    return _word_problem(inside, value, LEVELS, form)


def _word_problem(inside: str, value: Any, words: tuple[str, ...], form: str) -> Problem:
    return Problem(inside, f"must be {form}", nearest(value, words) if isinstance(value, str) else None)
