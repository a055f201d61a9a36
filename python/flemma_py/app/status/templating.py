"""The modules that bring names to templates, and with `verbose` what each of them brings."""

from __future__ import annotations

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject
from flemma_py.errors import FunctionError
from flemma_py.model.template_names import TemplateModule


async def describe(subject: Subject) -> Node | None:
    modules = subject.services.template_modules
    if not modules.are_named:
        return None
    try:
        members = (await modules.names()).members
    except FunctionError as error:
        return Node("Templating", error.message, level="error")
    nodes = [_node(member, verbose=subject.verbose) for member in members]
    return Node("Templating", f"{len(members)} module{'s' * (len(members) != 1)}", "", tuple(nodes))


def _node(member: TemplateModule, *, verbose: bool) -> Node:
    label = member.module if member.name == member.module else f"{member.module} ({member.name})"
    if member.problem:
        return Node(label, member.problem, level="warn")
    if not verbose:
        return Node(label)
    brings = ", ".join(member.brings)
    removes = f"without {', '.join(member.removes)}" if member.removes else ""
    return Node(label, "; ".join(filter(None, (brings, removes))) or "nothing", f"priority {member.priority:g}")


SECTION = Section(70, describe)
