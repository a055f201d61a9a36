"""Questions about a parsed file that several rooms ask. Lines are buffer lines, 0-based."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from flemma_py.document.blocks import UNCLOSED_FENCE
from flemma_py.model.document import (
    Aborted,
    Document,
    Message,
    Role,
    Segment,
    Span,
    Status,
    Text,
    ToolResult,
    ToolUse,
)

_Block = TypeVar("_Block", ToolUse, ToolResult)


@dataclass(frozen=True, slots=True)
class LocatedUse:
    """A tool use and where it is. `span` is absolute; `aborted` says that its reply did not end by itself."""

    use: ToolUse
    message: int
    span: Span
    aborted: bool


@dataclass(frozen=True, slots=True)
class LocatedResult:
    """A tool result and where it is, both spans absolute."""

    result: ToolResult
    message: int
    span: Span
    content_span: Span


def absolute(document: Document, message: int, span: Span) -> Span:
    """A span of `messages[message]` in buffer lines."""
    first = document.first_lines[message]
    return replace(span, line=span.line + first, end_line=span.end_line + first)


def message_lines(document: Document, message: int) -> tuple[int, int]:
    """The buffer lines [first, end) of a message."""
    first = document.first_lines[message]
    return first, first + document.messages[message].line_count


def message_at(document: Document, line: int) -> int | None:
    """The message that `line` belongs to; None above the first marker."""
    index = bisect_right(document.first_lines, line) - 1
    return index if index >= 0 else None


def segment_at(document: Document, line: int, column: int) -> tuple[int, Segment] | None:
    """The message and segment at a place. None on a marker line and where only layout is."""
    index = message_at(document, line)
    if index is None:
        return None
    place = (line - document.first_lines[index], column)
    for segment in document.messages[index].segments:
        span = segment.span
        if (span.line, span.column) <= place < (span.end_line, span.end_column):
            return index, segment
    return None


def last_message(document: Document) -> Message | None:
    return document.messages[-1] if document.messages else None


def is_aborted(message: Message) -> bool:
    """Whether the last thing in the message that is not blank is an aborted marker."""
    for segment in reversed(message.segments):
        if not (isinstance(segment, Text) and not segment.value.strip()):
            return isinstance(segment, Aborted)
    return False


def tool_uses(document: Document) -> Iterator[LocatedUse]:
    """All calls, in document order."""
    for index, message in enumerate(document.messages):
        if message.role is Role.ASSISTANT:
            for segment in message.segments:
                if isinstance(segment, ToolUse):
                    yield LocatedUse(segment, index, absolute(document, index, segment.span), is_aborted(message))


def tool_results(document: Document) -> Iterator[LocatedResult]:
    """All results, in document order."""
    for index, message in enumerate(document.messages):
        if message.role is Role.YOU:
            for segment in message.segments:
                if isinstance(segment, ToolResult):
                    yield _located(document, index, segment)


def _located(document: Document, index: int, result: ToolResult) -> LocatedResult:
    span = absolute(document, index, result.span)
    return LocatedResult(result, index, span, absolute(document, index, result.content_span))


def use_for(document: Document, id: str) -> LocatedUse | None:
    """The call with this id; the first of several."""
    return next((use for use in tool_uses(document) if use.use.id == id), None)


def result_for(document: Document, id: str) -> LocatedResult | None:
    """The result for this call, anywhere in the file; the first of several."""
    return next((result for result in tool_results(document) if result.result.tool_use_id == id), None)


def results_by_id(document: Document) -> dict[str, ToolResult]:
    """All results by the ids of their calls; the first of several."""
    found: dict[str, ToolResult] = {}
    for message in document.messages:
        if message.role is Role.YOU:
            for segment in message.segments:
                if isinstance(segment, ToolResult):
                    found.setdefault(segment.tool_use_id, segment)
    return found


def is_terminal(result: ToolResult) -> bool:
    """Whether the result is one that the model is sent: all other statuses wait for something."""
    return result.status is None or result.status is Status.ERROR


def unresolved_uses(document: Document) -> list[LocatedUse]:
    """Calls without a terminal result, in document order: those that have to be run, asked about or refused."""
    answered = {found.result.tool_use_id for found in tool_results(document) if is_terminal(found.result)}
    return [use for use in tool_uses(document) if use.use.id not in answered]


def open_fence(document: Document, lines: Sequence[str]) -> int:
    """Backticks of the fence that is still open at the end of the file, 0 where none is."""
    if document.messages:
        owner, first = document.messages[-1].diagnostics, document.first_lines[-1]
    else:
        owner, first = document.diagnostics, 0
    for diagnostic in owner:
        if diagnostic.kind == UNCLOSED_FENCE:
            fence = lines[first + diagnostic.span.line][diagnostic.span.column :]
            return len(fence) - len(fence.lstrip("`"))
    return 0


def tool_at(document: Document, line: int) -> str | None:
    """The id of the call meant by a cursor on `line`: in an Assistant message the call there or the nearest one (above
    before below), in a You message the result there, else the nearest result, else the last call of the Assistant
    message before it."""
    index = message_at(document, line)
    if index is None:
        return None
    message = document.messages[index]
    inside = line - document.first_lines[index]
    if message.role is Role.ASSISTANT:
        use = _nearest([s for s in message.segments if isinstance(s, ToolUse)], inside)
        return use.id if use else None
    if message.role is Role.YOU:
        result = _nearest([s for s in message.segments if isinstance(s, ToolResult)], inside)
        return result.tool_use_id if result else _last_use_before(document, index)
    return None


def _nearest(blocks: Sequence[_Block], line: int) -> _Block | None:
    def distance(block: _Block) -> tuple[int, bool]:
        below = block.span.line - line
        return max(below, line - block.span.end_line, 0), below > 0

    return min(blocks, key=distance, default=None)


def _last_use_before(document: Document, index: int) -> str | None:
    for message in reversed(document.messages[:index]):
        if message.role is Role.ASSISTANT:
            uses = [segment.id for segment in message.segments if isinstance(segment, ToolUse)]
            return uses[-1] if uses else None
    return None
