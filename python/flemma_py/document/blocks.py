"""The blocks of a message: thinking, tool use, tool result. Each reader starts at the block's first line and gives
either the block or, where it is malformed, how far it reaches as prose and what is wrong with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from flemma_py.document import headers
from flemma_py.document.lines import (
    closing_fence,
    is_blank,
    is_marker,
    looks_like_closing,
    looks_like_structure,
    next_fence,
)
from flemma_py.document.source import Source
from flemma_py.model.document import Diagnostic, Span, Thinking, ToolResult, ToolUse

UNCLOSED_FENCE = "unclosed_fence"
"""Kind of the diagnostic for a fence that takes the rest of the file; its span is the line that opens it."""

_FENCE = re.compile(r"(`+)[\w:._-]*(?:[ \t]+[^`]*)?[ \t\r]*")


@dataclass(frozen=True, slots=True)
class Block:
    """`end` is the line behind the block."""

    segment: Thinking | ToolUse | ToolResult
    end: int
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Malformed:
    """No block: its lines up to `end` are prose. `protected` are those of them with a backslash to take off."""

    end: int
    diagnostics: tuple[Diagnostic, ...]
    protected: tuple[int, ...] = ()


def read_thinking(source: Source, at: int, tag: headers.ThinkingTag) -> Block | Malformed:
    """From the tag to `</thinking>`. The next marker ends it too, but then it is malformed."""
    if tag.closed:
        return Block(Thinking("", tag.provider, tag.signature, tag.redacted, source.span(at, at)), at + 1)
    lines = source.lines
    fence, fence_line = 0, at
    protected: list[int] = []
    end = at + 1
    while end < len(lines):
        line = lines[end]
        match line[:1]:
            case "<" if line == headers.THINKING_CLOSE:
                return Block(_thinking(source, at, end, tag, protected), end + 1)
            case "`":
                opened = next_fence(line, fence)
                fence, fence_line = opened, (fence_line if fence else end)
            case "@" if not fence and is_marker(line, source.form):
                break
            case "\\" if (looks_like_closing if fence else looks_like_structure)(line):
                protected.append(end)
        end += 1
    message = "This thinking block is never closed; it is read as text. Close it with </thinking>."
    problems = [source.warning("thinking", message, at)]
    if fence:
        problems.append(unclosed_fence(source, fence_line))
    return Malformed(end, tuple(problems), tuple(protected))


def _thinking(source: Source, at: int, end: int, tag: headers.ThinkingTag, protected: list[int]) -> Thinking:
    content = list(source.lines[at + 1 : end])
    for index in protected:
        content[index - at - 1] = content[index - at - 1][1:]
    return Thinking("\n".join(content), tag.provider, tag.signature, tag.redacted, source.span(at, end))


def unclosed_fence(source: Source, line: int) -> Diagnostic:
    message = "This fence is never closed: everything below belongs to it, markers too."
    return source.warning(UNCLOSED_FENCE, message, line)


def read_tool_use(source: Source, at: int, name: str, id: str) -> Block | Malformed:
    fence = _read_fence(source, at, "tool_use", "A tool use needs a fenced block with JSON below its header.")
    if isinstance(fence, Malformed):
        return fence
    raw = "\n".join(source.lines[fence.line + 1 : fence.end_line])
    value, problem = read_input(raw)
    problems = (source.warning("tool_use", problem, at),) if problem else ()
    span = source.span(at, fence.end_line)
    return Block(ToolUse(id, name, value, raw, span), fence.end_line + 1, problems)


def read_input(raw: str) -> tuple[Any, str | None]:
    """The value of a tool's arguments, and what is wrong with them. None for the value where `raw` is not JSON."""
    try:
        value = json.loads(raw, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return None, f"The input of this tool use is not JSON: {error or 'nested too deeply'}"
    if not isinstance(value, dict):
        return value, "The input of this tool use must be a JSON object."
    return value, None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def read_tool_result(source: Source, at: int, header: tuple[str, Any, headers.Meta]) -> Block | Malformed:
    fence = _read_fence(source, at, "tool_result", "A tool result needs a fenced block below its header.")
    if isinstance(fence, Malformed):
        return fence
    first = source.first
    content_span = Span(fence.line + 1 - first, 0, fence.end_line - first, 0)
    content = "\n".join(source.lines[fence.line + 1 : fence.end_line])
    id, status, meta = header
    span = source.span(at, fence.end_line)
    return Block(ToolResult(id, content, status, meta, span, content_span), fence.end_line + 1)


def _read_fence(source: Source, header: int, kind: str, missing: str) -> Span | Malformed:
    """From the fence below `header` to its close, in file lines. One backtick is enough here."""
    lines = source.lines
    at = header + 1
    while at < len(lines) and is_blank(lines[at]):
        at += 1
    match = _FENCE.fullmatch(lines[at]) if at < len(lines) else None
    if match is None:
        return Malformed(header + 1, (source.warning(kind, missing, header),))
    ticks = len(match[1])
    if ticks < 3:
        close = source.close_short_fence(at + 1, ticks)
        resume = header + 1
    else:
        found = closing_fence(lines, at + 1, ticks)
        close = found if found < len(lines) else None
        resume = len(lines)
    if close is not None:
        return Span(at, 0, close, 0)
    problem = source.warning(kind, "The fenced block of this header is never closed.", header)
    return Malformed(resume, (problem, unclosed_fence(source, at)) if ticks > 2 else (problem,))
