"""What a format gets to write: a parsed chat without its secrets, and what stands above it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from flemma_py.document.query import results_by_id, tool_uses
from flemma_py.document.serializer import source_text
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Code,
    Document,
    Expression,
    Role,
    Segment,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

Prose = (Text, Expression, Code)


@dataclass(frozen=True, slots=True)
class Heading:
    """`title` "" for none; `facts` are (name, value) pairs of texts, as ("Model", "m1")."""

    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()


Part = str | Thinking | ToolUse | ToolResult | Aborted | Checkpoint
"""A block of a message, or its prose: Markdown, with templates as they are written."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """`lines` are the chat's, `document` their parse; neither has secrets any more."""

    heading: Heading
    lines: tuple[str, ...]
    document: Document

    def messages(self) -> Iterator[tuple[Role, list[Part]]]:
        """Each message with what is to be shown in it: results are shown with their calls, so a message that holds
        nothing else is left out, and so is the empty prompt at the end."""
        calls = {found.use.id for found in tool_uses(self.document)}
        for message in self.document.messages:
            parts: list[Part] = []
            for is_prose, group in groupby(message.segments, key=lambda each: isinstance(each, Prose)):
                if is_prose and (text := "".join(map(source_text, group))).strip():
                    parts.append(text)
                elif not is_prose:
                    blocks = (each for each in group if not isinstance(each, Prose))
                    parts += (each for each in blocks if not self._is_shown_above(each, calls))
            if parts:
                yield message.role, parts

    def outcomes(self) -> dict[str, ToolResult]:
        """What came of each call, by its id."""
        return results_by_id(self.document)

    def _is_shown_above(self, segment: Segment, calls: set[str]) -> bool:
        return isinstance(segment, ToolResult) and segment.tool_use_id in calls


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a chat down. `suffixes` are those of its files, the usual one first; `names` are what it may be
    called beside its own. `keeps_bytes`: what is no UTF-8 in the chat stays as it is."""

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Transcript], str]
    names: tuple[str, ...] = ()
    keeps_bytes: bool = False
