"""A reply on its way, as it is kept until the chat has it: what the stream brought, in a form that JSON can hold.

Kept are events and not their text in the buffer: what they come to depends on the chat that they are put into.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.model.stream import StreamEnd, StreamEvent, TextDelta, ThinkingDelta, ThinkingEnd, ToolCallEnd


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of the reply of `turn`. `asked` is the sum of what the user said last before it; `is_whole`: it ended
    by itself; `messages`: how many the chat had before it, None where that was not kept."""

    turn: str
    asked: str | None
    events: tuple[StreamEvent, ...]
    is_whole: bool = False
    messages: int | None = None


def written(events: Iterable[StreamEvent]) -> list[list[Any]]:
    """Events as rows; what follows of one text is one row. A call that is not complete is none."""
    rows: list[list[Any]] = []
    for event in events:
        match event:
            case TextDelta(text) | ThinkingDelta(text):
                kind = "text" if isinstance(event, TextDelta) else "thinking"
                if rows and rows[-1][0] == kind:
                    rows[-1][1] += text
                else:
                    rows.append([kind, text])
            case ThinkingEnd(provider, signature, redacted):
                rows.append(["thought", provider, signature, redacted])
            case ToolCallEnd(block, id, name, arguments):
                rows.append(["call", block, id, name, arguments])
            case StreamEnd():
                rows.append(["end"])
    return rows


def read(head: Mapping[str, Any], rows: Iterable[Sequence[Any]]) -> Draft | None:
    """What was written. Rows that say nonsense are passed over; None where nobody can know what it belongs to."""
    turn, asked, messages = head.get("turn"), head.get("asked"), head.get("messages")
    if not isinstance(turn, str):
        return None
    events: list[StreamEvent] = []
    is_whole = False
    for row in rows:
        match row:
            case ["text", str(text)]:
                events.append(TextDelta(text))
            case ["thinking", str(text)]:
                events.append(ThinkingDelta(text))
            case ["thought", str(provider), (str() | None) as signature, (str() | None) as redacted]:
                events.append(ThinkingEnd(provider, signature, redacted))
            case ["call", int(block), str(id), str(name), str(arguments)]:
                events.append(ToolCallEnd(block, id, name, arguments))
            case ["end"]:
                is_whole = True
    count = messages if isinstance(messages, int) and not isinstance(messages, bool) and messages >= 0 else None
    return Draft(turn, asked if isinstance(asked, str) else None, tuple(events), is_whole, count)
