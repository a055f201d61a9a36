"""What may run unasked: the rules in their scopes, and who else has a say."""

from __future__ import annotations

import asyncio
from pathlib import Path

from flemma_py.app.page import Level, Node
from flemma_py.app.status import Section, Subject
from flemma_py.app.status.layers import origin
from flemma_py.approval.resolvers import read_approvals
from flemma_py.approval.rules import Rule, Say
from flemma_py.config.layers import Layer
from flemma_py.config.lists import ListChange
from flemma_py.files.policy import find_ground

LIST = ("tools", "auto_approve")
DONE: dict[Say, tuple[str, Level]] = {
    Say.ALLOW: ("runs unasked", "good"),
    Say.ASK: ("asks", ""),
    Say.DENY: ("is refused", "error"),
}


async def describe(subject: Subject) -> Node:
    services, layers = subject.services, subject.layers
    tools = layers.resolve().tools
    approvals = read_approvals(tools.auto_approve, layers.members)
    folder = str(Path.cwd() if subject.path is None else Path(subject.path).parent)
    ground = await asyncio.to_thread(find_ground, folder, services.home)
    kept = await asyncio.to_thread(services.rules.rules_for, subject.path, str(ground.folders[-1]))
    source = origin(layers, *LIST)
    nodes = [_rule(rule, source) for rule in approvals.rules]
    nodes += [_rule(rule, f"added for the {rule.scope.value}") for rule in kept]
    nodes += [Node("function", str(function), source) for function in approvals.functions]
    nodes += [Node("module", name, source) for name in approvals.modules]
    nodes += [Node("wrong", problem, source, level="warn") for problem in approvals.problems]
    nodes += [Node("resolver", name, "registered in Lua") for name in services.resolvers.names]
    if isinstance(said := layers.values.get(Layer.FRONTMATTER, {}).get(LIST), ListChange) and said.steps:
        nodes.append(Node("frontmatter", str(said), "what the chat itself says"))
    confined = ", ".join(sorted(services.runner.confined(services.own_tools.scope(folder))))
    if tools.auto_approve_sandboxed and confined:
        who = origin(layers, "tools", "auto_approve_sandboxed")
        nodes.append(Node("sandbox", f"{confined}: unasked inside of it", who))
    otherwise = "asks for what no rule decides" if tools.require_approval else "what no rule decides runs unasked"
    level: Level = "" if tools.require_approval else "warn"
    return Node("Approval", otherwise, origin(layers, "tools", "require_approval"), tuple(nodes), level)


def _rule(rule: Rule, note: str) -> Node:
    word, level = DONE[rule.say]
    return Node(rule.text, word, note, level=level)


SECTION = Section(55, describe)
