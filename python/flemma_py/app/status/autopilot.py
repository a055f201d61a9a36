"""Whether calls run unasked, and for how long."""

from __future__ import annotations

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin

PATH = ("tools", "autopilot", "enabled")


async def describe(subject: Subject) -> Node:
    layers = subject.layers
    autopilot = layers.resolve().tools.autopilot
    value = "on: what the rules allow runs unasked" if autopilot.enabled else "off: the send key runs calls"
    limit = Node("max_turns", str(autopilot.max_turns), origin(layers, "tools", "autopilot", "max_turns"))
    return Node("Autopilot", value, origin(layers, *PATH), (limit,), "good" if autopilot.enabled else "")


SECTION = Section(50, describe)
