"""A tree as lines, in the canonical form: markers alone on their lines, one blank line between blocks.

The writers of single blocks are what everybody uses who adds one to a buffer; `serialize` is made of them. Whatever it
writes parses to the same meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from flemma_py.document import headers
from flemma_py.document.headers import Meta, aborted_line, thinking_open
from flemma_py.document.protection import protect_text, protect_thinking
from flemma_py.document.text import fit_for_buffer
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Code,
    Document,
    Expression,
    Form,
    Message,
    Segment,
    Status,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

__all__ = [
    "aborted_line",
    "prompt_lines",
    "serialize",
    "source_text",
    "thinking_lines",
    "thinking_open",
    "tool_result_lines",
    "tool_use_lines",
]


def prompt_lines(form: Form) -> list[str]:
    """An empty You message; the user goes on at the end of the last line."""
    return ["@You: "] if form is Form.OLD else ["@You:", ""]


def tool_use_lines(name: str, id: str, arguments: str) -> list[str]:
    """A call as a block. `arguments` is the JSON text, kept as it is."""
    return [headers.tool_use_header(name, id), "", *_fenced(arguments, "json")]


def tool_result_lines(
    id: str, content: str, status: Status | None = None, language: str = "", *, meta: Meta = ()
) -> list[str]:
    """A result as a block. A status other than ERROR, with empty content, makes a placeholder."""
    return [headers.tool_result_header(id, status, meta), "", *_fenced(content, language)]


def thinking_lines(
    content: str, provider: str | None = None, signature: str | None = None, *, redacted: bool = False
) -> list[str]:
    """A complete thinking block."""
    tag = headers.REDACTED_OPEN if redacted else thinking_open(provider, signature)
    return [tag, *protect_thinking(fit_for_buffer(content)), headers.THINKING_CLOSE]


def _fenced(content: str, language: str) -> list[str]:
    """`content` between fences that are longer than any run of backticks in it."""
    content = fit_for_buffer(content)
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", content)), default=0))
    return [ticks + language, *(content.split("\n") if content else ()), ticks]


def serialize(document: Document) -> list[str]:
    """The whole file. Only what stood above the first marker, and belonged to no message, is not in a tree."""
    lines: list[str] = []
    if frontmatter := document.frontmatter:
        code = frontmatter.code.split("\n") if frontmatter.code else []
        lines += [f"```{frontmatter.language}", *code, "```"]
    for message in document.messages:
        if lines:
            lines.append("")
        lines += _message_lines(message, is_last=message is document.messages[-1])
    return lines


def _message_lines(message: Message, *, is_last: bool) -> list[str]:
    lines = [f"@{message.role.value}:"]
    end = message.segments[-1] if message.segments else None
    for is_prose, found in groupby(message.segments, key=lambda segment: isinstance(segment, Text | Expression | Code)):
        group = list(found)
        close = not is_last or group[-1] is not end
        for block in [_prose_lines(group, close=close)] if is_prose else map(_block_lines, group):
            if len(lines) > 1 or _is_tool_block(block):
                lines.append("")
            lines += block
    return lines


def _is_tool_block(block: Sequence[str]) -> bool:
    """Tool blocks have a blank line above them even below the marker."""
    return block[:1] != [] and block[0].startswith("**Tool ")


def _prose_lines(segments: Iterable[Segment], *, close: bool) -> list[str]:
    """Text with its expressions. A fence left open is closed unless nothing can follow."""
    text = "".join(source_text(segment) for segment in segments)
    if not text:
        return []
    lines, fence = protect_text(text)
    return [*lines, "`" * fence] if fence and close else lines


def source_text(segment: Segment) -> str:
    """A part of prose as it is written, without protection."""
    match segment:
        case Text(value):
            return value
        case Expression(code, before, after):
            return "{{" + "-" * before + code + "-" * after + "}}"
        case Code(code, before, after):
            return "{%" + "-" * before + code + "-" * after + "%}"
    raise AssertionError(f"not prose: {segment!r}")


def _block_lines(segment: Segment) -> list[str]:
    match segment:
        case Thinking(content, provider, signature, redacted):
            return thinking_lines(content, provider, signature, redacted=redacted)
        case ToolUse(id, name, _, raw):
            return tool_use_lines(name, id, raw)
        case ToolResult(id, content, status, meta):
            return tool_result_lines(id, content, status, meta=meta)
        case Aborted(message):
            return [aborted_line(message)]
        case Checkpoint():
            return [headers.CHECKPOINT]
    raise AssertionError(f"not a block: {segment!r}")
