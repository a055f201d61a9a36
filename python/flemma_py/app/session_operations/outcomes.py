"""What may come of an operation on sessions, for the editor to show or do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flemma_py.app.page import Page
from flemma_py.sessions.questions import Hit


@dataclass(frozen=True, slots=True)
class Open:
    """A chat's file is to be shown."""

    path: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """A chat that has no file (yet): `path` is where a `:write` puts it, "" where the user has to say."""

    lines: Sequence[str]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Choose:
    """Sessions to choose one from. `again` is what to ask for more of them, None at the end."""

    hits: Sequence[Hit]
    title: str
    current: str | None = None
    again: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of a name; `more`: its lines go below what the page has."""

    name: str
    page: Page
    more: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A notice."""

    level: Literal["info", "warn", "error"]
    message: str


@dataclass(frozen=True, slots=True)
class Happened:
    """Something happened to a session, for those who listen."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


Outcome = Open | Fresh | Choose | Shown | Said | Happened
