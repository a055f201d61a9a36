"""What is wrong with the settings; when asked for more, every key that somebody set."""

from __future__ import annotations

from typing import Any

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject
from flemma_py.config.functions import LuaFunction
from flemma_py.config.layers import Layer
from flemma_py.config.lists import ListChange

_SECRET = ("headers", "proxy", "api_key_cmd")
"""Keys whose values may hold a password."""


async def describe(subject: Subject) -> Node | None:
    services = subject.services
    nodes = [Node("wrong", complaint, level="warn") for complaint in services.complaints]
    if subject.verbose:
        nodes += [
            Node(".".join(path), _told(path, value), layer.name.lower())
            for layer, values in sorted(subject.layers.values.items())
            if layer is not Layer.DEFAULTS
            for path, value in sorted(values.items())
        ]
    return Node("Settings", "", "", tuple(nodes)) if nodes else None


def _told(path: tuple[str, ...], value: Any) -> str:
    if value is not None and any(name in _SECRET for name in path):
        return "(not shown)"
    return str(value) if isinstance(value, ListChange | LuaFunction) else repr(value)


SECTION = Section(80, describe)
