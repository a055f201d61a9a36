"""What modules of the owner's bring to templates, as the worker has it: data, and functions that live elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.evaluation.templates.failure import Failure
from flemma_py.evaluation.templates.formats import plain

FUNCTION = "flemma:function"
PAIRS = "flemma:pairs"
"""Marks of tables that stand for a function, by its number, and for a table whose keys are not names alone."""
LONGEST = 1_000_000
"""Characters of the arguments of one call as JSON, and of its answer."""
MOST_CALLS = 200
"""Different calls in one evaluation. They take their time in the editor, which does not count against the templates."""
TOO_MANY = f"was not called: templates may make {MOST_CALLS} different calls at once"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the owner's. `name` is the dotted one by which it was brought."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """A name that is brought, or `gone`: a path of one name, or of a built-in library and a field of it."""

    path: tuple[str, ...]
    value: Any
    gone: bool


def read_changes(raw: Sequence[Mapping[str, Any]]) -> list[Change]:
    """The changes as the host sends them. Tables have their keys in order: a request must not depend on luck."""
    return [
        Change(tuple(each["path"]), read(each.get("value"), ".".join(each["path"])), bool(each.get("gone")))
        for each in raw
    ]


def read(value: Any, name: str = "a function") -> Any:
    """A value as the host sends it; `name` is what a function in it is called."""
    if isinstance(value, list):
        return [read(item, f"{name}[{number}]") for number, item in enumerate(value, 1)]
    if not isinstance(value, dict):
        return value
    if value.keys() == {FUNCTION}:
        return Function(value[FUNCTION], name)
    items = value[PAIRS] if value.keys() == {PAIRS} else value.items()
    ordered = sorted(items, key=lambda pair: (isinstance(pair[0], str), pair[0]))
    return {key: read(item, f"{name}.{key}" if isinstance(key, str) else f"{name}[{key}]") for key, item in ordered}


def arguments_of(function: Function, arguments: Sequence[Any]) -> list[Any]:
    """The arguments of a call as plain data. Raises `Failure`."""
    try:
        data: list[Any] = [plain(argument) for argument in arguments]
    except Failure as failure:
        raise Failure(f"'{function.name}' was not called: {failure.text}") from None
    if len(json.dumps(data)) > LONGEST:
        raise Failure(f"'{function.name}' was not called: its arguments are longer than {LONGEST:,} characters")
    return data
