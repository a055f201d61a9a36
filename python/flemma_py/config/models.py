"""What `providers.NAME.models` may be: names, or tables with a name and what the owner knows of that model.

Looked at here and not by types alone, so that each wrong word is told with its place and the nearest right one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from flemma_py.config.spelling import nearest
from flemma_py.config.thinking import LEVELS, Problem

FORM = "a list of model names, or of tables with a name and what is known of it; the first one is the default"
FORMS_OF_THINKING = ("none", "effort", "budget", "both", "switch")
_FORM_OF_THINKING = "none, effort, budget, both, switch, false, or a table with one of them as form"

Check = Callable[[Any], Problem | None]


def models_problem(value: Any) -> Problem | None:
    """The first thing wrong with a list of models, None where it is in order. Places count from 1, as Lua's do."""
    if not isinstance(value, list):
        return Problem("", f"must be {FORM}")
    return next((problem for place, each in enumerate(value, 1) if (problem := _entry(str(place), each))), None)


def _entry(place: str, value: Any) -> Problem | None:
    if isinstance(value, str):
        return None if value.strip() else Problem(place, "must be the name of a model")
    if not isinstance(value, Mapping):
        return Problem(place, "must be the name of a model, or a table with a name")
    if not _is_name(value.get("name")):
        return Problem(f"{place}.name", "must be the name of a model")
    return _within(place, value, _CHECKS)


def _within(place: str, table: Mapping[Any, Any], checks: Mapping[str, Check]) -> Problem | None:
    """The first thing wrong with a table; None (Lua's `vim.NIL`) says nothing of a key."""
    for key, value in table.items():
        here = f"{place}.{key}" if place else str(key)
        check = checks.get(str(key))
        if check is None:
            return Problem(here, f"is not a setting{_meant(str(key), checks)}")
        problem = None if value is None else check(value)
        if problem:
            inside = f"{here}.{problem.inside}" if problem.inside else here
            return Problem(inside, problem.says, problem.suggestion)
    return None


def _meant(word: str, known: Mapping[str, Check]) -> str:
    near = nearest(word, known)
    return f" (did you mean {near}?)" if near else f" (there are {', '.join(known)})"


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and math.isfinite(value)


def _name(value: Any) -> Problem | None:
    return None if _is_name(value) else Problem("", "must be the name of a model")


def _tokens(value: Any) -> Problem | None:
    good = _is_number(value) and value == int(value)
    return None if good else Problem("", "must be a whole number of tokens")


def _dollars(value: Any) -> Problem | None:
    return None if _is_number(value) else Problem("", "must be a number of USD for a million tokens")


def _truth(value: Any) -> Problem | None:
    return None if isinstance(value, bool) else Problem("", "must be true or false")


def _price(value: Any) -> Problem | None:
    if not isinstance(value, Mapping) or value.get("input") is None or value.get("output") is None:
        return Problem("", "must be a table of input and output, and maybe cache_read")
    return _within("", value, dict.fromkeys(("input", "output", "cache_read"), _dollars))


def _names(value: Any) -> Problem | None:
    good = value == {} or (isinstance(value, list) and all(map(_is_name, value)))
    return None if good else Problem("", "must be a list of names")


def _form(value: Any) -> Problem | None:
    if value is False or value in FORMS_OF_THINKING:
        return None
    near = nearest(value, FORMS_OF_THINKING) if isinstance(value, str) else None
    return Problem("", f"must be {_FORM_OF_THINKING}", near)


def _thinking(value: Any) -> Problem | None:
    return _within("", value, _THINKING) if isinstance(value, Mapping) else _form(value)


def _by_level(check: Check) -> Check:
    def look(value: Any) -> Problem | None:
        if value == []:
            return None
        if not isinstance(value, Mapping):
            return Problem("", f"must be a table with a value for some of {', '.join(LEVELS)}")
        return _within("", value, dict.fromkeys(LEVELS, check))

    return look


def _word(value: Any) -> Problem | None:
    return None if _is_name(value) else Problem("", "must be a word that the server knows")


_THINKING: Mapping[str, Check] = {
    "form": _form,
    "by_itself": _truth,
    "always": _truth,
    "efforts": _by_level(_word),
    "budgets": _by_level(_tokens),
    "least": _tokens,
    "most": _tokens,
}
_CHECKS: Mapping[str, Check] = {
    "name": _name,
    "max_input": _tokens,
    "max_output": _tokens,
    "min_output": _tokens,
    "cache_minimum": _tokens,
    "price": _price,
    "thinking": _thinking,
    "aliases": _names,
}
