"""The tools that a model is told of, where those come from that are not ours, and what keeps others away."""

from __future__ import annotations

from pathlib import Path

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject

_LONGEST = 60


async def describe(subject: Subject) -> Node:
    services, folder = subject.services, str(Path(subject.path).parent) if subject.path else str(Path.cwd())
    runner, own = services.runner, services.own_tools
    scope = own.scope(folder)
    offered = runner.offered(subject.layers.resolve().tools.offered, scope)
    known = runner.tools(scope)
    nodes = [
        Node(tool.name, _first_sentence(tool.description, subject.verbose), known[tool.name].origin) for tool in offered
    ]
    nodes += [
        Node(source.label, "is not done: a send waits for it", "a source of tools", level="warn")
        for source in own.lua.pending
    ]
    nodes += [Node(name, why, "left out", level="error") for name, why in sorted(own.left_out.items())]
    return Node("Tools", f"{len(offered)} offered", "", tuple(nodes))


def _first_sentence(text: str, verbose: bool) -> str:
    if verbose:
        return text
    sentence = text.split("\n", 1)[0].split(". ", 1)[0]
    return sentence if len(sentence) <= _LONGEST else sentence[: _LONGEST - 1].rstrip() + "…"


SECTION = Section(40, describe)
