#!/usr/bin/env python3
"""Write lua/flemma/types.lua (`make generate`): what setup() takes, for language servers of Lua. `--check`: tell
whether it is up to date, and write nothing."""

from __future__ import annotations

import sys
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from flemma_py.config.functions import LuaFunction  # noqa: E402
from flemma_py.config.group import entries  # noqa: E402
from flemma_py.config.renamed import OLD  # noqa: E402
from flemma_py.config.schema import Settings  # noqa: E402
from flemma_py.registry import discover  # noqa: E402

TYPES = ROOT / "lua/flemma/types.lua"
HEAD = """\
---@meta
--- What `require("flemma").setup()` takes, for language servers of Lua. Nothing loads this.
---
--- Made by `make generate` from python/flemma_py/config: change it there.
-- luacheck: no max line length
"""
PLAIN = {bool: "boolean", int: "integer", float: "number", str: "string", Any: "any", LuaFunction: "function"}


def lua_type(hint: Any) -> list[str]:
    """The alternatives of a Python type, as LuaCATS writes them; None says that a key may be left out, as all may."""
    if hint is type(None):
        return []
    if hint in PLAIN:
        return [PLAIN[hint]]
    origin, inside = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return list(dict.fromkeys(each for part in inside for each in lua_type(part)))
    if origin is Literal:
        return ["false" if each is False else f'"{each}"' for each in inside]
    if origin in (list, tuple):
        return [f"{_one(inside[0] if inside else Any)}[]"]
    if origin is not None and issubclass(origin, Mapping):
        return [f"table<{_one(inside[0])}, {_one(inside[1])}>"]
    return ["table"]


def _one(hint: Any) -> str:
    found = lua_type(hint)
    return found[0] if len(found) == 1 else f"({'|'.join(found)})"


def classes(kind: Any, name: str) -> Iterator[str]:
    """The class of a table of settings, and those of the tables in it."""
    lines, inner_classes = [f"---@class (exact) {name}"], []
    for key, field in entries(kind).items():
        inner = f"flemma.settings{name.removeprefix('flemma.Settings').removeprefix('flemma.settings')}.{key}"
        if key == "experimental":
            continue
        if "own" in field.metadata:
            lines[0] += f": {name}.general"
            lines += [f"---@field {each}? {inner_name}" for each, inner_name, _ in providers(name)]
            lines.append("---@field [string] flemma.settings.parameters.general of a provider of your own")
            inner_classes += [
                part for _, inner_name, its in providers(name) for part in provider(its, inner_name, name)
            ]
        elif section := field.metadata.get("section"):
            # A value in place of the table means one setting in it.
            alone = field.metadata["alone"]
            kinds = [inner, *(setting_types(section, alone) if alone else ())]
            lines.append(f"---@field {key}? {'|'.join(dict.fromkeys(kinds))}")
            inner_classes += classes(section, inner)
        elif section := field.metadata.get("sections"):
            lines.append(f"---@field {key}? table<string, {inner}>")
            inner_classes += classes(section, inner)
        else:
            lines.append(f"---@field {key}? {'|'.join(setting_types(kind, key))} {about(field)}")
    if name == "flemma.Settings":
        lines += [f"---@field {old}? {new} older name of `{path}`" for old, new, path in older()]
    yield "\n".join(lines)
    yield from inner_classes


def setting_types(kind: Any, name: str) -> list[str]:
    """The alternatives of one setting."""
    metadata = entries(kind)[name].metadata
    found = lua_type(typing.get_type_hints(kind)[name])
    if metadata.get("single"):
        found.append("string")
    if "or a function" in metadata["form"] and "function" not in found:
        found.append("function")
    return found


def about(field: Any) -> str:
    said, form = field.metadata["about"], f"must be {field.metadata['form']}"
    return " ".join(f"{said} {form}".split()) if said else form


def providers(name: str) -> list[tuple[str, str, Any]]:
    """Providers with parameters of their own: the key, the name of the class, the parameters."""
    found = [provider for _, provider in discover("flemma_py.providers", "PROVIDER")]
    return [(each.name, f"{name}.{each.name}", each.parameters) for each in found]


def provider(kind: Any, name: str, parent: str) -> Iterator[str]:
    """What is a provider's own stands beside all general parameters."""
    (text, *more) = classes(kind, name)
    yield text.replace(name, f"{name}: {parent}.general", 1)
    yield from more


def older() -> Iterator[tuple[str, str, str]]:
    for old, new in OLD.items():
        if len(old) > 1:
            continue
        place: Any = Settings
        for part in new[:-1]:
            place = entries(place)[part].metadata["section"]
        field = entries(place)[new[-1]]
        kind = f"flemma.settings.{'.'.join(new)}"
        if "section" not in field.metadata:
            kind = "|".join(lua_type(typing.get_type_hints(place)[new[-1]]))
        yield old[0], kind, ".".join(new)


def general() -> str:
    """The parameters that every provider has."""
    from flemma_py.config.schema import Parameters

    hints = typing.get_type_hints(Parameters)
    rows = [(key, field) for key, field in entries(Parameters).items() if "own" not in field.metadata]
    fields = [f"---@field {key}? {'|'.join(lua_type(hints[key]))} {about(field)}" for key, field in rows]
    return "\n".join(["---@class flemma.settings.parameters.general", *fields])


def types_lua() -> str:
    """The text of lua/flemma/types.lua."""
    found = [general(), *classes(Settings, "flemma.Settings")]
    told = [row for row in found[2:] if row]
    shared = set(found[0].splitlines()[1:])
    # What all providers have stands once.
    told = [
        "\n".join(line for line in row.splitlines() if line not in shared)
        if row.startswith("---@class (exact) flemma.settings.parameters")
        else row
        for row in told
    ]
    return "\n\n".join([HEAD.rstrip(), *[textwrap.dedent(row) for row in (found[0], found[1], *told)]]) + "\n"


def main() -> None:
    text = types_lua()
    if "--check" not in sys.argv:
        TYPES.write_text(text)
    elif not TYPES.is_file() or TYPES.read_text() != text:
        sys.exit(f"{TYPES} is out of date: run `make generate`")


if __name__ == "__main__":
    main()
