"""The code that is being written in front of a cursor: half-written, so the parse does not know it as code yet."""

from __future__ import annotations

import re

from flemma_py.document.query import message_at
from flemma_py.lsp.chat import Chat
from flemma_py.model.document import Role

REACH = 200
"""Lines above a place that are looked at: no code of a template is longer."""
_DELIMITER = re.compile(r"\{\{-?|\{%-?|\}\}|%\}")


def code_before(chat: Chat, line: int, column: int) -> str | None:
    """What stands between the last `{{` or `{%` and the place, in Lua frontmatter all that stands before; None where
    the place is in no code."""
    front = chat.document.frontmatter
    if front is not None and line <= front.span.end_line:
        if line <= front.span.line or line == front.span.end_line or front.language.lower() != "lua":
            return None
        return "\n".join([*chat.lines[front.span.line + 1 : line], chat.before(line, column)])
    index = message_at(chat.document, line)
    if index is None or chat.document.messages[index].role is Role.ASSISTANT:
        return None
    first = max(chat.document.first_lines[index], line - REACH)
    text = "\n".join([*chat.lines[first:line], chat.before(line, column)])
    last = None
    for match in _DELIMITER.finditer(text):
        last = match
    return text[last.end() :] if last and last[0].startswith("{") else None
