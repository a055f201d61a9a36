"""From a table that somebody wrote to values by path: what is wrong becomes an `Issue`, its siblings still apply.

An empty Lua table arrives as an empty list, and counts as an empty table. None (Lua's `vim.NIL`) sets a key back to its
default.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from flemma_py.config.schema import Trust
from flemma_py.config.spelling import nearest

type_hints = functools.cache(get_type_hints)

Path = tuple[str, ...]
Own = Mapping[str, type]
"""Groups of settings that providers declare, by name."""
NOTHING_OWN: Own = {}


@dataclass(frozen=True, slots=True)
class Issue:
    """One key or value that was passed over. `message` is a sentence for the user and names the path itself."""

    path: str
    message: str
    suggestion: str | None = None


def read(
    schema: type, raw: Any, *, from_file: bool, own: Own = NOTHING_OWN, path: Path = ()
) -> Iterator[tuple[Path, Any] | Issue]:
    """Yield a (path, value) for each good setting in `raw` and an `Issue` for each other. `from_file`: the table stands
    in a file that need not be the owner's, so keys that only the owner may set are issues. `own`: the groups that
    providers declare."""
    if raw == []:
        return
    if not isinstance(raw, Mapping):
        where = ".".join(path)
        yield Issue(where, f"{where or 'settings'} must be a table of settings.")
        return
    known = {field.name: field for field in fields(schema) if "own" not in field.metadata}
    groups = own if len(known) < len(fields(schema)) else NOTHING_OWN
    for name, value in raw.items():
        here = (*path, str(name))
        if name in groups:
            yield from read(groups[name], value, from_file=from_file, path=here)
            continue
        if name not in known:
            yield _unknown(here, nearest(str(name), (*known, *groups)))
            continue
        field = known[name]
        if kind := field.metadata.get("section"):
            yield from read(kind, value, from_file=from_file, own=own, path=here)
        elif kind := field.metadata.get("sections"):
            yield from _read_each(kind, value, from_file=from_file, path=here)
        else:
            yield _read_value(schema, field, value, from_file=from_file, path=here)


def _read_each(kind: type, raw: Any, *, from_file: bool, path: Path) -> Iterator[tuple[Path, Any] | Issue]:
    if raw == []:
        return
    if not isinstance(raw, Mapping):
        where = ".".join(path)
        yield Issue(where, f"{where} must be a table of named tables.")
        return
    for name, value in raw.items():
        yield from read(kind, value, from_file=from_file, path=(*path, str(name)))


def _read_value(
    schema: type, field: Field[Any], value: Any, *, from_file: bool, path: Path
) -> tuple[Path, Any] | Issue:
    where = ".".join(path)
    if from_file and field.metadata["trust"] is not Trust.FILE:
        return Issue(where, f"{where} can be set in setup(), not in a chat's frontmatter; it was ignored.")
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    if value is None:
        return path, default
    if (check := field.metadata.get("check")) and (problem := check(value)):
        return _problem(path, *problem)
    annotation = type_hints(schema)[field.name]
    if value == [] and isinstance(default, Mapping):
        return path, default
    if not field.metadata["limits"] and _is_plainly(value, annotation):
        return path, value
    try:
        return path, _validator(schema, field.name).validate_python(value, strict=True)
    except ValueError:
        return _misfit(where, field.metadata["form"], value, annotation)


def _unknown(path: Path, suggestion: str | None) -> Issue:
    where = ".".join(path)
    hint = f" Did you mean {'.'.join((*path[:-1], suggestion))}?" if suggestion else ""
    return Issue(where, f"{where} is not a setting.{hint}", suggestion)


def _misfit(where: str, form: str, value: Any, annotation: Any) -> Issue:
    """The value itself is not repeated: it may be a key that went into the wrong place."""
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    suggestion = nearest(value, choices) if isinstance(value, str) else None
    hint = f" Did you mean {suggestion}?" if suggestion else ""
    return Issue(where, f"{where} must be {form}.{hint}", suggestion)


def _problem(path: Path, inside: str, says: str, suggestion: str | None) -> Issue:
    """What a setting's own check found. Where a name in its table is no setting, the suggestion is another one."""
    where = ".".join((*path, inside) if inside else path)
    meant = ".".join((*path, suggestion)) if suggestion and says.startswith("is not") else suggestion
    return Issue(where, f"{where} {says}.{f' Did you mean {meant}?' if suggestion else ''}", suggestion)


def _is_plainly(value: Any, annotation: Any) -> bool:
    """Whether a look at the type is enough, so that pydantic need not be loaded for a model's name or an address."""
    if get_origin(annotation) is Literal:
        return any(value is choice or (type(value) is str and value == choice) for choice in get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        return any(_is_plainly(value, choice) for choice in get_args(annotation))
    if get_origin(annotation) is Mapping:
        of_key, of_value = get_args(annotation)
        return isinstance(value, Mapping) and all(
            _is_plainly(name, of_key) and (of_value is Any or _is_plainly(each, of_value))
            for name, each in value.items()
        )
    if get_origin(annotation) is list:
        return type(value) is list and all(_is_plainly(each, get_args(annotation)[0]) for each in value)
    return type(value) is annotation


@functools.cache
def _validator(schema: type, name: str) -> Any:
    from pydantic import Field, TypeAdapter

    annotation: Any = type_hints(schema)[name]
    limits = next(field for field in fields(schema) if field.name == name).metadata["limits"]
    if each := limits.get("each"):
        choices = zip(get_args(annotation), each, strict=True)
        annotation = Union[tuple(Annotated[choice, Field(**limit)] for choice, limit in choices)]  # noqa: UP007
    else:
        annotation = Annotated[annotation, Field(**limits)]
    return TypeAdapter(annotation)
