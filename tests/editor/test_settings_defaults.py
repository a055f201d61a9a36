"""Lua keeps the defaults of the keys it reads itself: they are those of the schema."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from flemma_py.config import Layers
from tests.editor.conftest import Start


def plain(value: Any) -> Any:
    """Sections as tables, without what Lua cannot have as a default."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return dict(value) if isinstance(value, dict) else value


def differences(lua: Any, python: Any, path: str = "") -> list[str]:
    if isinstance(lua, dict) and isinstance(python, dict):
        return [
            found for name in lua for found in differences(lua[name], python.get(name, "nothing"), f"{path}.{name}")
        ]
    return [] if lua == python else [f"{path[1:]}: {lua!r} in Lua, {python!r} in the schema"]


def test_the_defaults_in_lua_are_those_of_the_schema(start: Start) -> None:
    lua = start().lua("return require('flemma.settings').defaults")
    assert not differences(lua, plain(Layers().resolve()))


def test_a_difference_is_found() -> None:
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}}) == ["a.b: 1 in Lua, 2 in the schema"]
    assert differences({"a": 1}, {}) == ["a: 1 in Lua, 'nothing' in the schema"]
