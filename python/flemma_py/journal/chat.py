"""What a chat says, as its journal counts it: what the user and the assistant say, and what tools gave. The system
prompt, thoughts and calls are the file's alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flemma_py.document.query import message_lines, tool_uses
from flemma_py.journal.sayings import Saying
from flemma_py.model.document import Code, Document, Expression, Message, Role, Status, Text, ToolResult

_ROLES = {Role.YOU: "user", Role.ASSISTANT: "assistant"}
_OPEN = (Status.PENDING, Status.APPROVED)
"""What has one of these is no result yet."""


@dataclass(frozen=True, slots=True)
class Said:
    """A saying and the lines of the message that it stands in, [line, end_line), 0-based."""

    saying: Saying
    line: int
    end_line: int


def said_in(document: Document) -> tuple[Said, ...]:
    """All that is said, in the order in which a journal has it. Of an empty message nothing."""
    names = {found.use.id: found.use.name for found in tool_uses(document)}
    found: list[Said] = []
    for index, message in enumerate(document.messages):
        if role := _ROLES.get(message.role):
            first, end = message_lines(document, index)
            found += (Said(saying, first, end) for saying in _of(message, role, names))
    return tuple(found)


def _of(message: Message, role: str, names: dict[str, str]) -> Iterator[Saying]:
    for segment in message.segments:
        if isinstance(segment, ToolResult) and segment.status not in _OPEN:
            name = names.get(segment.tool_use_id)
            yield Saying("tool", segment.content, name, ok=segment.status is None)
    if text := text_of(message):
        yield Saying(role, text)


def text_of(message: Message) -> str:
    """What is said in so many words, templates as they are written."""
    return "".join(filter(None, map(_words, message.segments))).strip()


def _words(segment: object) -> str | None:
    match segment:
        case Text(value):
            return value
        case Expression(code):
            return f"{{{{{code}}}}}"
        case Code(code):
            return f"{{%{code}%}}"
    return None
