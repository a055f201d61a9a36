"""Role markers, at the beginning of a line."""

from __future__ import annotations

import re

from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.shapes import ItemKind, item
from flemma_py.model.document import Role, Span

_BEGUN = re.compile(r"@\w*")
ABOUT = {
    Role.YOU: "What you say.",
    Role.ASSISTANT: "What the model said.",
    Role.SYSTEM: "What the model is told before all else.",
}


def roles(chat: Chat, line: int, column: int) -> Answer:
    if not _BEGUN.fullmatch(chat.before(line, column)):
        return None
    front = chat.document.frontmatter
    if front is not None and line <= front.span.end_line:
        return None
    span = Span(line, 0, line, column)
    return [
        item(f"@{role.value}:", ItemKind.KEYWORD, span, detail=about, sortText=str(order))
        for order, (role, about) in enumerate(ABOUT.items())
    ]


SOURCE = roles
