"""The tools that a model is told of."""

from __future__ import annotations

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject

_LONGEST = 60


async def describe(subject: Subject) -> Node:
    tools = subject.services.runner.offered(subject.services.settings.tools.offered)
    nodes = [Node(tool.name, _first_sentence(tool.description, subject.verbose)) for tool in tools]
    return Node("Tools", f"{len(tools)} offered", "", tuple(nodes))


def _first_sentence(text: str, verbose: bool) -> str:
    if verbose:
        return text
    sentence = text.split("\n", 1)[0].split(". ", 1)[0]
    return sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1].rstrip() + "…"


SECTION = Section(40, describe)
