"""What modules of the owner's bring to templates: data as it is, functions by numbers, by which they can be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


async def _nothing(number: int, arguments: Sequence[Any]) -> Any:
    raise LookupError(number)


@dataclass(frozen=True, slots=True)
class TemplateModule:
    """`name` is what the module calls itself. `brings` and `removes` are dotted names; `problem` is the end of a
    sentence about what of it is not there, empty for nothing."""

    module: str
    name: str
    priority: float
    brings: tuple[str, ...]
    removes: tuple[str, ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TemplateNames:
    """`changes` are those against the built-in names, in the form that the evaluation worker reads: tables with a
    `path` (list of names) and a `value`, or `gone`. `digest` is another one where anything in it is. `functions` are
    the numbers of the functions in it; `call` calls one with plain data and gives plain data, raises
    `FunctionError`. `variables` take the place of those that a chat's frontmatter has."""

    changes: Sequence[Mapping[str, Any]] = ()
    digest: str = ""
    functions: frozenset[int] = frozenset()
    members: tuple[TemplateModule, ...] = ()
    call: Callable[[int, Sequence[Any]], Awaitable[Any]] = _nothing
    variables: Mapping[str, str] = field(default_factory=dict)


BUILT_IN_NAMES = TemplateNames()
"""No module brings anything."""
