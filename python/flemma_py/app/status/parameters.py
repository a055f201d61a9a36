"""What goes with a request, and who said so. A parameter of the provider's own group stands over the general one."""

from __future__ import annotations

from typing import Any

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin
from flemma_py.config.layers import Layer, Layers


async def describe(subject: Subject) -> Node | None:
    endpoint = subject.endpoint
    if endpoint is None:
        return None
    nodes = [
        Node(name, _told(value), _origin(subject.layers, endpoint.name, name))
        for name, value in sorted(endpoint.parameters.items())
    ]
    return Node("Parameters", "", "", tuple(nodes))


def _told(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case dict():
            return ", ".join(f"{name} = {_told(each)}" for name, each in sorted(value.items()))
        case list() | tuple():
            return ", ".join(_told(each) for each in value)
        case _:
            return str(value)


def _origin(layers: Layers, provider: str, name: str) -> str:
    own = layers.origin(("parameters", provider, name))
    return origin(layers, "parameters", *((provider, name) if own is not Layer.DEFAULTS else (name,)))


SECTION = Section(20, describe)
