"""Values that have a name for each field in JSON, times as RFC 3339, bytes as base64, nothing where there is nothing to
tell. What others wrote beside that is kept and written again.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""A time that was not told."""


class Tagged:
    """A dataclass whose fields JSON knows: as `TAGS` says, or by their own names. Those that are empty are left out,
    but for `ALWAYS`; `UNTOLD` are never told. `HOLDS`: what a list, or the lists or values of a table, consist of.
    `more`, where there is such a field, has what else stood in the JSON."""

    __slots__ = ()

    TAGS: ClassVar[Mapping[str, str]] = {}
    ALWAYS: ClassVar[frozenset[str]] = frozenset()
    UNTOLD: ClassVar[frozenset[str]] = frozenset({"more"})
    HOLDS: ClassVar[Mapping[str, type[Tagged]]] = {}

    def to_json(self) -> dict[str, Any]:
        """An object that `json.dumps` takes."""
        body: dict[str, Any] = {}
        for tag, each in _told(type(self)):
            value = getattr(self, each.name)
            if each.name in self.ALWAYS or not (value is None or value in ("", 0, b"", [], {})):
                body[tag] = written(value)
        return {**getattr(self, "more", {}), **body}

    @classmethod
    def from_json(cls, body: Any) -> Self:
        """From an object, whoever wrote it: what is missing or of another type is as if it were not there."""
        known: dict[str, Any] = {}
        rest = dict(body) if isinstance(body, Mapping) else {}
        for tag, each in _told(cls):
            if tag in rest:
                default = each.default_factory() if callable(each.default_factory) else each.default
                value = read(rest.pop(tag), default, cls.HOLDS.get(each.name))
                if value is not None:
                    known[each.name] = value
        if rest and any(each.name == "more" for each in _fields(cls)):
            known["more"] = rest
        return cls(**known)


def _fields(cls: Any) -> tuple[Field[Any], ...]:
    return fields(cls)


def _told(cls: type[Tagged]) -> Iterator[tuple[str, Field[Any]]]:
    """(name in JSON, field)"""
    yield from ((cls.TAGS.get(each.name, each.name), each) for each in _fields(cls) if each.name not in cls.UNTOLD)


def written(value: Any) -> Any:
    match value:
        case Tagged():
            return value.to_json()
        case datetime():
            return moment(value)
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {key: written(each) for key, each in value.items()}
        case list() | tuple():
            return [written(each) for each in value]
    return value


def read(value: Any, like: Any, of: type[Tagged] | None) -> Any:
    """The value as one of the type that `like` has; None where it is none."""
    match like:
        case None:
            return value
        case bool():
            return value if isinstance(value, bool) else None
        case int():
            return _whole(value)
        case datetime():
            return when(value)
        case bytes():
            return _bytes(value)
        case Tagged():
            return type(like).from_json(value) if isinstance(value, Mapping) else None
        case list():
            return [_one(each, of) for each in value] if isinstance(value, list) else None
        case dict():
            if not isinstance(value, Mapping):
                return None
            return {
                key: [_one(each, of) for each in found] if isinstance(found, list) else _one(found, of)
                for key, found in value.items()
            }
    return value if isinstance(value, type(like)) else None


def _one(value: Any, of: type[Tagged] | None) -> Any:
    return of.from_json(value) if of is not None else value


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and abs(value) < 1 << 63 else None


def _bytes(value: Any) -> bytes | None:
    if not isinstance(value, str):
        return None if value is None else json.dumps(value).encode()
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value.encode("utf-8", "surrogatepass")


def moment(when: datetime) -> str:
    """The time as RFC 3339, in UTC where it has no zone."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).isoformat().replace("+00:00", "Z")


def when(text: Any) -> datetime | None:
    """A time of RFC 3339."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A time from seconds since the epoch."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return NEVER


def seconds(when: datetime) -> float:
    """Seconds since the epoch."""
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
