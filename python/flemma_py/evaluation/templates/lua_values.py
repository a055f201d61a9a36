"""Values between Lua and Python: plain data alone, and never more than fits the limits. Lua's strings are bytes."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lupa import luajit21

from flemma_py.evaluation.templates.brought import Function
from flemma_py.evaluation.templates.failure import Failure
from flemma_py.evaluation.templates.formats import DEEPEST, MOST_VALUES


def to_bytes(text: str) -> bytes:
    """As Lua has it. Bytes of the buffer that are no UTF-8 stay what they are."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def to_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def is_table(value: Any) -> bool:
    return bool(luajit21.lua_type(value) == "table")


def to_python(value: Any) -> Any:
    """A Lua value as Python has it: a table is a list or a dict. Raises `Failure` for what is no data."""
    return _ToPython().convert(value, 0)


class _ToPython:
    def __init__(self) -> None:
        self._count = 0

    def convert(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Failure(f"the value has more than {MOST_VALUES:,} parts")
        if depth > DEEPEST:
            raise Failure("the value is nested too deeply, or in itself")
        if isinstance(value, bytes):
            return to_text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if not is_table(value):
            raise Failure(f"a {luajit21.lua_type(value) or 'number of this kind'} is no value that can be handed on")
        items = {_key(key): self.convert(item, depth + 1) for key, item in value.items()}
        count = len(items)
        if items and all(type(key) is int and 1 <= key <= count for key in items):
            return [items[number] for number in range(1, count + 1)]
        return dict(sorted(items.items(), key=lambda pair: (isinstance(pair[0], str), str(pair[0]))))


def _key(key: Any) -> Any:
    if isinstance(key, bytes):
        return to_text(key)
    if isinstance(key, bool | int | float):
        return key
    raise Failure("a table whose keys are tables or functions cannot be handed on")


def to_lua(state: Any, value: Any, function: Callable[[Function], Any] | None = None) -> Any:
    """Data as Lua has it. What is a Lua table already stays itself. `function` gives what calls one of a module's.
    Raises `Failure` for what is no data."""
    return _ToLua(state, function).convert(value, 0)


class _ToLua:
    def __init__(self, state: Any, function: Callable[[Function], Any] | None) -> None:
        self._state, self._function = state, function
        self._count = 0

    def convert(self, value: Any, depth: int) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Failure(f"the value has more than {MOST_VALUES:,} parts")
        if value is None or isinstance(value, bool | float | bytes):
            return value
        if isinstance(value, str):
            return to_bytes(value)
        if isinstance(value, int):
            return value if abs(value) < 1 << 53 else float(min(max(value, -(1 << 1023)), 1 << 1023))
        if isinstance(value, datetime.date | datetime.time):
            return value.isoformat().encode()
        if is_table(value):
            return value
        if depth > DEEPEST:
            raise Failure("the value is nested too deeply")
        table = self._state.table()
        if isinstance(value, Mapping):
            for key, item in value.items():
                name = to_bytes(key) if isinstance(key, str) else key
                if name is None or name != name:  # Lua has no such keys
                    name = to_bytes(str(key))
                table[self.convert(name, depth + 1)] = self.convert(item, depth + 1)
        elif isinstance(value, Sequence | set | frozenset):
            for number, item in enumerate(value, 1):
                table[number] = self.convert(item, depth + 1)
        elif isinstance(value, Function) and self._function is not None:
            return self._function(value)
        else:
            raise Failure(f"Lua cannot have a {type(value).__name__}")
        return table
