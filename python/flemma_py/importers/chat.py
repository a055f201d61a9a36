"""What was understood of a source, and how it is written as a chat.

A text that happens to look like a template or a file reference is quoted (`document/quoting.py`). Everything else that
could be mistaken for grammar is protected by the serializer, as a model's words are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flemma_py.document.quoting import closed, literally
from flemma_py.document.references import sole_reference
from flemma_py.document.serializer import serialize
from flemma_py.document.text import fit_for_buffer
from flemma_py.model.document import (
    Document,
    Form,
    Frontmatter,
    Message,
    Role,
    Segment,
    Span,
    Status,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

NOWHERE = Span(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Speech:
    """What one side said."""

    role: Role
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A conversation. `settings` are for the frontmatter, as nested tables; `left_out` counts what a chat cannot hold,
    by a word for it (0: it is no use to count)."""

    system: str
    speeches: tuple[Speech, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


class Draft:
    """A conversation that is being understood."""

    def __init__(self) -> None:
        self._system: list[str] = []
        self._speeches: list[tuple[Role, list[Segment]]] = []
        self._left_out: Counter[str] = Counter()
        self.settings: dict[str, Any] = {}

    def instruct(self, text: str) -> None:
        """A system text. A chat has one, so all are joined."""
        if text.strip():
            self._system.append(text)

    def say(self, role: Role, segments: Iterable[Segment], *, join: bool = False) -> None:
        """Add what `role` said; `join`: to what it said last, if nobody spoke in between."""
        segments = list(segments)
        if join and self._speeches and self._speeches[-1][0] is role:
            self._speeches[-1][1].extend(segments)
        else:
            self._speeches.append((role, segments))

    def last(self) -> Sequence[Segment]:
        """What was said last."""
        return self._speeches[-1][1] if self._speeches else ()

    def leave_out(self, what: str, count: int = 1) -> None:
        self._left_out[what] += count

    def finish(self) -> Imported:
        speeches = tuple(Speech(role, tuple(segments)) for role, segments in self._speeches)
        return Imported("\n\n".join(self._system), speeches, self.settings, dict(self._left_out))


# ---- segments


def prose(text: str) -> Text:
    return Text(text, NOWHERE)


def thought(text: str, signature: str | None = None, *, redacted: bool = False) -> Thinking:
    """Thoughts; only Anthropic's have a signature in what can be imported."""
    return Thinking(text, "anthropic" if signature else None, signature, redacted, NOWHERE)


def call(id: str, name: str, arguments: Any) -> ToolUse:
    return ToolUse(id, name, arguments, json.dumps(arguments, ensure_ascii=False), NOWHERE)


def answer(id: str, content: str, *, failed: bool = False) -> ToolResult:
    if sole_reference(content):
        content = f"\n{content}"  # one line above it, and it is text
    return ToolResult(id, content, Status.ERROR if failed else None, (), NOWHERE, NOWHERE)


def fenced(content: str, language: str = "") -> Text:
    """Something verbatim, as text."""
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", content)), default=0))
    return prose(f"{ticks}{language}\n{content.rstrip()}\n{ticks}")


# ---- writing


def write(imported: Imported) -> list[str]:
    """The lines of the chat. It ends with a You message: the last one of the conversation, or an empty one."""
    messages = [_message(Role.SYSTEM, (prose(imported.system),))] if imported.system else []
    messages += [_message(speech.role, speech.segments) for speech in imported.speeches]
    goes_on = not messages or messages[-1].role is not Role.YOU
    if goes_on:
        messages.append(_message(Role.YOU, ()))
    count = len(messages)
    document = Document(_frontmatter(imported.settings), tuple(messages), (0,) * count, (), 0, Form.NEW, False)
    return [*serialize(document), *([""] if goes_on else [])]


def _message(role: Role, segments: Iterable[Segment]) -> Message:
    joined: list[Segment] = []
    for segment in segments:
        if not isinstance(segment, Text):
            joined.append(segment)
            continue
        text = closed(fit_for_buffer(segment.value).rstrip("\n"))
        text = text if role is Role.ASSISTANT else literally(text)
        if joined and isinstance(last := joined[-1], Text):
            joined[-1] = prose(f"{last.value}\n\n{text}")
        else:
            joined.append(prose(text))
    return Message(role, Form.NEW, tuple(joined), (), 0)


def _frontmatter(settings: Mapping[str, Any]) -> Frontmatter | None:
    if not settings:
        return None
    code = json.dumps({"flemma": settings}, indent=2, ensure_ascii=False)
    return Frontmatter("json", code, NOWHERE)
