"""The settings as a person asks about them: what stands under a path, what can stand there, and who said what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass
from typing import Any

from flemma_py.config.functions import LuaFunction
from flemma_py.config.group import Trust, default_of, entries
from flemma_py.config.layers import Layer, Layers
from flemma_py.config.renamed import Path, current
from flemma_py.config.schema import Parameters, Settings
from flemma_py.config.values import choices

WHO = {
    Trust.FILE: "A chat may choose it.",
    Trust.TIGHTEN: "A chat may only make it stricter.",
    Trust.OWNER: "A chat may set it once you have agreed (`:Flemma trust`).",
    Trust.SETUP: "Only setup() sets it.",
}
PRIVATE = ("providers", "proxy", "secrets")
"""Settings whose values may hold a key."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of settings, `kind`, at its own `path`."""

    path: Path
    kind: type


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting at its own `path`, in the table `kind`."""

    path: Path
    kind: type
    entry: Field[Any]

    @property
    def is_list(self) -> bool:
        return bool(self.entry.metadata["listing"])

    @property
    def choices(self) -> list[Any]:
        """The values that there are, if they can be counted."""
        return choices(self.kind, self.entry.name)


def find(path: Path, layers: Layers) -> Table | Setting | None:
    """What is at a path, as a chat writes it: old and short names lead where they do in a chat."""
    path = current(path)
    own = layers.with_own().own
    if path and (path[0] in own or (path[0] in entries(Parameters) and path[0] not in entries(Settings))):
        path = ("parameters", *path)
    kind: type = Settings
    for number, name in enumerate(path):
        known = entries(kind)
        if name in own and "own" in known:
            kind = own[name]
        elif name not in known or "own" in known[name].metadata:
            return None
        elif section := known[name].metadata.get("section"):
            kind = section
        elif "sections" in known[name].metadata:
            return None
        else:
            return Setting(path[: number + 1], kind, known[name])
    return Table(path, kind)


def alone(path: Path, layers: Layers) -> Setting | None:
    """The setting that a value means which stands in the place of a table: `tools` is a list of tools."""
    path = current(path)
    above = find(path[:-1], layers) if path else None
    entry = entries(above.kind).get(path[-1]) if isinstance(above, Table) else None
    name = entry.metadata.get("alone") if entry is not None else None
    found = find((*path, name), layers) if name else None
    return found if isinstance(found, Setting) else None


def members(table: Table, layers: Layers) -> Iterator[tuple[str, Field[Any] | None, str]]:
    """What can stand in a table: names, their settings (None for tables), and what they are for. The general parameters
    and the providers' tables stand at the root, too."""
    own = layers.with_own().own
    for name, entry in entries(table.kind).items():
        if "own" not in entry.metadata:
            is_table = "section" in entry.metadata or "sections" in entry.metadata
            yield name, None if is_table else entry, "a table of settings" if is_table else entry.metadata["form"]
    if not table.path:
        for name, entry in entries(Parameters).items():
            if "own" not in entry.metadata:
                yield name, entry, entry.metadata["form"]
    if not table.path or table.kind is Parameters:
        for name in own:
            yield name, None, f"parameters of {name}"


def may_be_set_here(entry: Field[Any]) -> bool:
    """Whether a chat's frontmatter can have a say in it."""
    return entry.metadata["trust"] is not Trust.SETUP


def about(setting: Setting, layers: Layers) -> list[str]:
    """What is to be told of a setting, as paragraphs of Markdown."""
    meta = setting.entry.metadata
    told = [f"**{'.'.join(setting.path)}**: {meta['form']}"]
    if meta["about"]:
        told.append(meta["about"])
    lines = [f"Default: `{written(default_of(setting.entry))}`"]
    if setting.path[0] not in PRIVATE:
        origin = layers.with_own().origin(setting.path)
        if origin is not Layer.DEFAULTS:
            value = _at(layers.resolve(), setting.path)
            lines.append(f"Without this chat: `{written(value)}` ({origin.name.lower()})")
    told.append("  \n".join([*lines, WHO[meta["trust"]]]))
    return told


def written(value: Any) -> str:
    """A value as settings are written in Lua, more or less."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return "{ " + ", ".join(map(written, value)) + " }" if value else "{}"
        case Mapping():
            inside = ", ".join(f"{key} = {written(each)}" for key, each in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case str():
            return f'"{value}"'
        case LuaFunction():
            return "a function"
        case _:
            return str(value)


def _at(settings: Any, path: Path) -> Any:
    for name in path:
        if isinstance(settings, Parameters) and name in settings.own:
            settings = settings.own[name]
        else:
            settings = settings.get(name) if isinstance(settings, Mapping) else getattr(settings, name)
    return settings
