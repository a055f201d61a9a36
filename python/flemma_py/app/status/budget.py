"""What is taken of the budgets that hold for the chat, by the ledger of all processes."""

from __future__ import annotations

from flemma_py.app.page import Level, Node
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin


async def describe(subject: Subject) -> Node | None:
    from flemma_py.accounting.budget import WORDS, Fund

    budget = subject.layers.resolve().budget
    if not budget.is_set or subject.funds is None:
        return None
    nodes: list[Node] = []
    for each in await subject.funds(budget):
        name, limit = WORDS[each.limit.scope], origin(subject.layers, "budget", each.limit.scope)
        if isinstance(each, Fund):
            level: Level = "error" if each.share >= 1 else "warn" if each.is_near(0.0) else "good"
            nodes.append(Node(name, each.sentence, limit, level=level))
        else:
            nodes.append(Node(name, each.why, limit, level="error"))
    return Node("Budget", "", "", tuple(nodes))


SECTION = Section(55, describe)
