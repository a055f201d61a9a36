"""What the chat's own text says: its frontmatter and whether the owner agreed to it, its templates, what is wrong."""

from __future__ import annotations

from flemma_py.app.page import Node
from flemma_py.app.status import Section, Subject
from flemma_py.app.trust import text_of

_DIALECTS = {"lua": "Lua", "jinja": "Jinja2"}


async def describe(subject: Subject) -> Node | None:
    document, meaning = subject.document, subject.meaning
    if document is None:
        return None
    nodes: list[Node] = []
    if (front := document.frontmatter) is not None:
        trust = subject.services.trust
        note = "you agreed to it" if trust.is_trusted(subject.path, text_of(front)) else ""
        nodes.append(Node("frontmatter", front.language, note))
        asks = [each.path for each in trust.noted(subject.path)]
        if asks:
            nodes.append(Node("left out", ", ".join(dict.fromkeys(asks)), ":Flemma trust shows it", level="warn"))
    if meaning is not None and meaning.dialect:
        nodes.append(Node("templates", _DIALECTS.get(meaning.dialect, meaning.dialect)))
        if meaning.variables:
            nodes.append(Node("variables", ", ".join(meaning.variables)))
    nodes += [
        Node(f"line {each.line + 1}", each.message, level="error" if each.level == "error" else "warn")
        for each in (meaning.diagnoses if meaning is not None else ())
    ]
    return Node("Chat", "", "", tuple(nodes)) if nodes else None


SECTION = Section(5, describe)
