"""What a schema is written with: settings, tables of them, and who may set what.

A group is a class whose attributes are `key`s. It is no dataclass: thirty of those cost the first request after
Neovim's start 20 ms, as each has code generated for it. A provider's parameters may be a dataclass of `key`s as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields
from enum import Enum
from typing import Any, ClassVar

from flemma_py.config.thinking import Problem


class Trust(Enum):
    """Who may set a key. `FILE`: a chat's frontmatter, too. `TIGHTEN`: a file may only make it stricter than the owner
    did. `OWNER`: a file only where its owner has agreed to that text (`:Flemma trust`). `SETUP`: only setup(), as it
    is for all chats."""

    FILE = "file"
    TIGHTEN = "tighten"
    OWNER = "owner"
    SETUP = "setup"


Tighter = Callable[[Any, Any], bool]
"""(a file's value, the owner's): whether the first allows nothing that the second does not."""


def key(
    default: Any,
    form: str,
    *,
    trust: Trust = Trust.OWNER,
    tighter: Tighter | None = None,
    about: str = "",
    check: Callable[[Any], Problem | None] | None = None,
    **limits: Any,
) -> Any:
    """A setting. `form` ends the sentence "must be …"; `about` says what it is for; `check` tells what types cannot;
    `limits` are constraints as pydantic's `Field` takes them, or `each`: those of each type of a union. With `tighter`
    the trust is `TIGHTEN`."""
    return field(default=default, metadata=_metadata(form, trust, tighter, about, limits=limits, check=check))


def table(
    form: str,
    *,
    trust: Trust = Trust.OWNER,
    about: str = "",
    check: Callable[[Any], Problem | None] | None = None,
) -> Any:
    """A setting that is a table with keys of the owner's choice, empty by default."""
    return field(default_factory=dict, metadata=_metadata(form, trust, None, about, check=check))


def listing(
    *default: str,
    form: str,
    trust: Trust = Trust.OWNER,
    tighter: Tighter | None = None,
    about: str = "",
    base: bool = True,
    single: bool = False,
) -> Any:
    """A setting that is a list of different words, to which a layer may add and from which it may remove. `base` false:
    None as long as nobody says anything; `single`: one word is as good as a list of it."""
    metadata = _metadata(form, trust, tighter, about, listing=True, single=single)
    return field(default=default if base else None, metadata=metadata)


def section(kind: type, *, alone: str = "") -> Any:
    """A table of settings under one name. `alone`: the setting that is meant by a value in its place which is no
    table."""
    return field(default_factory=kind, metadata={"section": kind, "alone": alone})


def sections(kind: type) -> Any:
    """Tables of one kind under names that the owner chooses."""
    return field(default_factory=dict, metadata={"sections": kind})


def own() -> Any:
    """Tables that providers declare, under their names: `Layers` is told of them."""
    return field(default_factory=dict, metadata={"own": True})


def _metadata(form: str, trust: Trust, tighter: Tighter | None, about: str, **more: Any) -> dict[str, Any]:
    stated = Trust.TIGHTEN if tighter else trust
    plain = {"limits": {}, "listing": False, "check": None}
    return {"form": form, "trust": stated, "tighter": tighter, "about": about, **plain, **more}


class Group:
    """A table of settings, resolved: its attributes are values, which cannot be changed."""

    entries: ClassVar[Mapping[str, Field[Any]]] = {}

    def __init_subclass__(cls) -> None:
        found = {name: value for name, value in cls.__dict__.items() if isinstance(value, Field)}
        for name, entry in found.items():
            entry.name = name
        cls.entries = found

    def __init__(self, **values: Any) -> None:
        """Raises `TypeError` for a name that the table has not."""
        if unknown := values.keys() - self.entries.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        for name, entry in self.entries.items():
            self.__dict__[name] = values[name] if name in values else default_of(entry)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings are not changed in place: {name}")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


def entries(kind: type) -> Mapping[str, Field[Any]]:
    """The settings of a group or of a provider's dataclass, by name."""
    if issubclass(kind, Group):
        return kind.entries
    declared: Any = kind
    return {entry.name: entry for entry in fields(declared)}


def default_of(entry: Field[Any]) -> Any:
    return entry.default_factory() if entry.default_factory is not MISSING else entry.default


def as_table(value: Any) -> Any:
    """Resolved settings as plain nested tables."""
    if isinstance(value, Mapping):
        return {name: as_table(each) for name, each in value.items()}
    if isinstance(value, type) or not (isinstance(value, Group) or hasattr(value, "__dataclass_fields__")):
        return value
    if not isinstance(value, Group) and not any("trust" in entry.metadata for entry in fields(value)):
        # A value that happens to be a dataclass.
        return value
    return {name: as_table(getattr(value, name)) for name in entries(type(value))}
