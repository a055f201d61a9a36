"""Whether a value fits its setting, and what is said if it does not."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from flemma_py.config.group import default_of, entries
from flemma_py.config.spelling import nearest

type_hints = functools.cache(get_type_hints)

Trouble: TypeAlias = Literal["unknown", "misfit", "renamed", "setup", "tool"]


@dataclass(frozen=True, slots=True)
class Issue:
    """What is to be said of one key or value. `message` is a sentence for the user and names the path itself; `line` is
    the one of the buffer (0-based), where it came from a file. All but `renamed` and `tool` were passed over."""

    path: str
    message: str
    suggestion: str | None = None
    line: int | None = None
    trouble: Trouble = "misfit"
    word: str | None = None
    """What was written in the place of `suggestion`, where that is not the end of the path."""


def checked(schema: type, name: str, value: Any, where: str) -> Any:
    """The value as the setting keeps it, or an `Issue`. None gives the default."""
    entry = entries(schema)[name]
    default = default_of(entry)
    annotation = type_hints(schema)[name]
    if value is None or (value == [] and isinstance(default, Mapping)):
        return default
    if (check := entry.metadata["check"]) and (problem := check(value)):
        return _problem(where, *problem)
    if _is_plainly_within(value, annotation, entry.metadata["limits"]):
        return value
    try:
        return _validator(schema, name).validate_python(value, strict=True)
    except ValueError:
        return misfit(where, entry, value, annotation)


def listed(schema: type, name: str, value: Any, where: str, *, alone: bool) -> tuple[Any, ...] | Issue:
    """The words of a list; where `alone`, one word without a list is meant as well."""
    entry, annotation = entries(schema)[name], type_hints(schema)[name]
    found = next(kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is tuple)
    each = get_args(found)[0]
    # An empty table of Lua may arrive as either.
    words = value if isinstance(value, list | tuple) else ([] if value == {} else [value] if alone else None)
    if words is not None and all(is_plainly(word, each) for word in words):
        return tuple(words)
    return misfit(where, entry, value, each)


def misfit(where: str, entry: Field[Any], value: Any, annotation: Any) -> Issue:
    """The value itself is not repeated: it may be a key that went into the wrong place."""
    choices = [choice for choice in _choices(annotation) if isinstance(choice, str)]
    suggestion = nearest(value, choices) if isinstance(value, str) else None
    hint = f" Did you mean {suggestion}?" if suggestion else ""
    word = value if suggestion else None
    return Issue(where, f"{where} must be {entry.metadata['form']}.{hint}", suggestion, word=word)


def _problem(where: str, inside: str, says: str, suggestion: str | None) -> Issue:
    """What a setting's own check found. Where a name in its table is no setting, the suggestion is another one."""
    place = f"{where}.{inside}" if inside else where
    meant = f"{where}.{suggestion}" if suggestion and says.startswith("is not") else suggestion
    return Issue(place, f"{place} {says}.{f' Did you mean {meant}?' if suggestion else ''}", suggestion)


def choices(schema: type, name: str) -> list[Any]:
    """The values that a setting can have, where they can be counted; without None."""
    annotation = type_hints(schema)[name]
    return [True, False] if annotation is bool else _choices(annotation)


def _choices(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    return [choice for each in get_args(annotation) for choice in _choices(each)]


def is_plainly(value: Any, annotation: Any) -> bool:
    """Whether a look at the type is enough, so that pydantic need not be loaded for a model's name or an address."""
    origin = get_origin(annotation)
    if origin is Literal:
        return any(value is choice or (type(value) is str and value == choice) for choice in get_args(annotation))
    if origin in (Union, UnionType):
        return any(is_plainly(value, choice) for choice in get_args(annotation))
    if origin is Mapping:
        of_key, of_value = get_args(annotation)
        return isinstance(value, Mapping) and all(
            is_plainly(name, of_key) and (of_value is Any or is_plainly(each, of_value)) for name, each in value.items()
        )
    if origin is list:
        return type(value) is list and all(is_plainly(each, get_args(annotation)[0]) for each in value)
    if annotation is float and type(value) is int:
        return abs(value) < LARGEST_EXACT
    return annotation is Any or type(value) is annotation


LARGEST_EXACT = 2**53
"""Up to here a whole number is the same as one with a point."""
BOUNDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "ge": operator.ge,
    "gt": operator.gt,
    "le": operator.le,
    "lt": operator.lt,
    "pattern": lambda text, pattern: re.search(pattern, text) is not None,
}


def _is_plainly_within(value: Any, annotation: Any, limits: Mapping[str, Any]) -> bool:
    """As `is_plainly`, for a value that has limits as well: a number of tokens should not cost what pydantic does."""
    if each := limits.get("each"):
        return any(map(functools.partial(_is_plainly_within, value), get_args(annotation), each))
    return is_plainly(value, annotation) and all(
        value is None or (name in BOUNDS and BOUNDS[name](value, limit)) for name, limit in limits.items()
    )


@functools.cache
def _validator(schema: type, name: str) -> Any:
    from pydantic import Field as Limited
    from pydantic import TypeAdapter

    annotation: Any = type_hints(schema)[name]
    limits = entries(schema)[name].metadata["limits"]
    if each := limits.get("each"):
        choices = zip(get_args(annotation), each, strict=True)
        annotation = Union[tuple(Annotated[choice, Limited(**limit)] for choice, limit in choices)]  # noqa: UP007
    else:
        annotation = Annotated[annotation, Limited(**limits)]
    return TypeAdapter(annotation)
