"""What scripts may ask of all sessions: one module for each, as `QUESTION`; the folder is the registry.

A question is answered in a thread, in one part or in several tables that belong together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.errors import SessionError
from flemma_py.sessions.store import SessionStore

Answer = Callable[[SessionStore, Mapping[str, Any]], Iterator[Any]]
"""(store, what was given) -> the parts. Raises `SessionError`."""


@dataclass(frozen=True, slots=True)
class Question:
    """`name` is what Lua calls it."""

    name: str
    answer: Answer


def text(given: Mapping[str, Any], name: str) -> str | None:
    """A text that was given. Raises `SessionError` for anything else."""
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise SessionError(f"{name} is to be a text, not {value!r}.")
    return value


def number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise SessionError(f"{name} is to be a number, not {value!r}.")
    return value


def count(given: Mapping[str, Any], name: str, most: int) -> int:
    """How many are wanted: from 1 to `most`, which is also what holds where nothing was given."""
    value = number(given, name)
    return most if value is None else max(1, min(int(value), most))
