"""Functions that setup() was given: they stay in Lua, and here is the number that each is called by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MARK = "flemma:function"
"""In a table of the Lua side: the number stands for a function. Only what setup() was given is read so; in a file such
a table is a table."""


@dataclass(frozen=True, slots=True)
class LuaFunction:
    """A function of the owner's."""

    id: int

    def __str__(self) -> str:
        return f"function {self.id}"


def with_functions(raw: Any) -> Any:
    """What setup() was given, with its functions in place."""
    if isinstance(raw, Mapping):
        if raw.keys() == {MARK} and isinstance(raw[MARK], int):
            return LuaFunction(raw[MARK])
        return {name: with_functions(value) for name, value in raw.items()}
    return [with_functions(value) for value in raw] if isinstance(raw, list) else raw


def without_functions(value: Any) -> Any:
    """The way back, for what is told to Lua."""
    if isinstance(value, LuaFunction):
        return {MARK: value.id}
    if isinstance(value, Mapping):
        return {name: without_functions(each) for name, each in value.items()}
    return [without_functions(each) for each in value] if isinstance(value, list | tuple) else value
