"""A source as a chat, and a chat's lines as what its sides say: what a test compares with what was meant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from flemma_py.document.parser import parse
from flemma_py.errors import ImportFailure
from flemma_py.importers.conversion import Converted, convert
from flemma_py.model.document import Expression, Message, Text, Thinking, ToolResult, ToolUse

Said = tuple[str, list[Any]]


def said(lines: Sequence[str]) -> list[Said]:
    """(role, pieces) of each message. A string literal in an expression is the text that it evaluates to."""
    document = parse(lines)
    assert not document.diagnostics
    assert not [diagnostic for message in document.messages for diagnostic in message.diagnostics]
    return [(message.role.value, pieces(message)) for message in document.messages]


def pieces(message: Message) -> list[Any]:
    """Text as it would be evaluated, without blanks at its edges; blocks as tuples."""
    found: list[Any] = []
    for segment in message.segments:
        match segment:
            case Text(value):
                text = value
            case Expression(code):
                text = json.loads(code)
            case Thinking(content, provider, signature, redacted):
                found.append(("thinking", content, provider, signature, redacted))
                continue
            case ToolUse(id, name, value):
                found.append(("call", id, name, value))
                continue
            case ToolResult(id, content, status):
                found.append(("result", id, content, status.value if status else None))
                continue
            case _:
                raise AssertionError(f"not to be imported: {segment!r}")
        if found and isinstance(found[-1], str):
            found[-1] += text
        else:
            found.append(text)
    return [piece.strip("\n") if isinstance(piece, str) else piece for piece in found]


def converted(text: str, pick: int | None = None) -> Converted:
    outcome = convert(text, pick)
    assert isinstance(outcome, Converted), outcome
    return outcome


def failure(text: str, pick: int | None = None) -> ImportFailure:
    with pytest.raises(ImportFailure) as caught:
        convert(text, pick)
    return caught.value
