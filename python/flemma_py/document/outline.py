"""What a file consists of, as a flat list of line ranges: for folds, rulers and navigation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flemma_py.document.query import message_lines, tool_results
from flemma_py.model.document import (
    Code,
    Document,
    Expression,
    Frontmatter,
    Message,
    Segment,
    Status,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

SUMMARY_LINES = 10
SUMMARY_LENGTH = 200
_WAITING = {Status.PENDING, Status.APPROVED}


@dataclass(frozen=True, slots=True)
class Entry:
    """Buffer lines `first` to `last`, both included. `kind` is message, frontmatter, thinking, tool_use or
    tool_result; `level` the fold level, 1 for a block that must not fold by itself: a tool block that waits for a
    verdict or its result. `name` is the role, the language, the provider or the tool."""

    kind: str
    first: int
    last: int
    level: int
    name: str
    summary: str


def outline(document: Document, from_message: int = 0) -> list[Entry]:
    """Entries in the order of their first lines, outer before inner; from a message on, without the frontmatter."""
    entries = [_frontmatter(document.frontmatter)] if document.frontmatter and not from_message else []
    names = {
        segment.id: segment.name
        for message in document.messages
        for segment in message.segments
        if isinstance(segment, ToolUse)
    }
    done = {found.result.tool_use_id for found in tool_results(document) if found.result.status not in _WAITING}
    for index in range(from_message, len(document.messages)):
        message = document.messages[index]
        first, end = message_lines(document, index)
        entries.append(Entry("message", first, end - 1, 1, message.role.value, _message_summary(message)))
        for segment in message.segments:
            entries += _block(segment, first, names, done)
    return entries


def _frontmatter(node: Frontmatter) -> Entry:
    return Entry("frontmatter", node.span.line, node.span.end_line, 3, node.language, summary_of(node.code))


def _block(segment: Segment, first: int, names: dict[str, str], done: set[str]) -> Iterator[Entry]:
    lines = (first + segment.span.line, first + segment.span.end_line)
    match segment:
        case Thinking(content, provider, _, redacted) if lines[0] < lines[1]:
            yield Entry("thinking", *lines, 2, provider or "", "redacted" if redacted else summary_of(content))
        case ToolUse(id, name, _, raw):
            yield Entry("tool_use", *lines, 2 if id in done else 1, name, summary_of(raw))
        case ToolResult(id, content, status):
            level = 1 if status in _WAITING else 2
            words = f"({status.value}) {summary_of(content)}".rstrip() if status else summary_of(content)
            yield Entry("tool_result", *lines, level, names.get(id, "result"), words)


def _message_summary(message: Message) -> str:
    parts = []
    for segment in message.segments[:SUMMARY_LINES]:
        match segment:
            case Text(value):
                parts.append(summary_of(value))
            case Expression(code) | Code(code):
                parts.append("{{ " + summary_of(code) + " }}")
            case ToolUse(_, name):
                parts.append(name)
    return " ".join(part for part in parts if part)[:SUMMARY_LENGTH]


def summary_of(text: str) -> str:
    """The first lines of `text` as one, at most `SUMMARY_LENGTH` characters."""
    head = text[: 4 * SUMMARY_LENGTH].split("\n", SUMMARY_LINES)[:SUMMARY_LINES]
    return " ↵ ".join(filter(None, (" ".join(line.split()) for line in head)))[:SUMMARY_LENGTH]
