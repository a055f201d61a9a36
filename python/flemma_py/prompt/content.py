"""What one message contributes to a request, whatever stands around it.

Which of its tool results are really sent depends on the calls of other messages: see `exchange.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flemma_py.document.references import Piece, Reference, text_pieces
from flemma_py.document.text import fit_for_json
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Code,
    Expression,
    Message,
    Role,
    Segment,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)
from flemma_py.model.evaluated import Kept, RenderedFile, RenderedText
from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.prompt.filling import WHOLE, MessageFilling


class Content(NamedTuple):
    """Who speaks; the message's `parts` without its results; the ids of its `calls`; the `results` that stand in it;
    whether the reply was `aborted`: its last words are the marker that says so; and the `files` that results of it
    really are, by the results' positions."""

    role: Role
    parts: tuple[Part, ...]
    calls: tuple[str, ...] = ()
    results: tuple[ToolResult, ...] = ()
    aborted: bool = False
    files: Mapping[int, FilePart] = MappingProxyType({})


Item = Segment | RenderedText | FilePart
"""A segment, or what stands in the place of one or of a part of it."""


def read_content(message: Message, filling: MessageFilling | None = None) -> Content:
    """The message's parts in the order in which they stand in it, with what fills its templates and references."""
    segments = message.segments
    if filling is None and len(segments) == 1 and isinstance(segments[0], Text):
        # By far the most messages are prose alone.
        return Content(message.role, text_parts(segments[0].value))
    parts: list[Part] = []
    calls: list[str] = []
    results: list[ToolResult] = []
    files: dict[int, FilePart] = {}
    prose = Prose()
    for number, segment in _items(message, filling):
        match segment:
            case RenderedText(text):
                prose.add(text)
            case FilePart():
                parts += (*prose.finish(), segment)
            case Text() | Expression() | Code() | Checkpoint():
                prose.add(source_text(segment))
            case ToolUse():
                parts += (*prose.finish(), call_part(segment))
                calls.append(segment.id)
            case ToolResult():
                parts += prose.finish()
                if filling is not None and (file := filling.files.get((number, WHOLE))):
                    files[len(results)] = file
                results.append(segment)
            case Thinking():
                parts += (*prose.finish(), thinking_part(segment))
            case Aborted():
                prose.add_paragraph(f"<!-- {segment.message} -->")
    parts += prose.finish()
    return Content(message.role, tuple(parts), tuple(calls), tuple(results), is_aborted(message), files)


def _items(message: Message, filling: MessageFilling | None) -> Iterator[tuple[int, Item]]:
    """What the message consists of, with the numbers of the segments (0 for what is none)."""
    if filling is None:
        yield from enumerate(message.segments)
        return
    evaluated = filling.evaluated
    if evaluated is None:
        for number, segment in enumerate(message.segments):
            yield from _pieces(number, segment, filling)
        return
    for part in evaluated.parts:
        match part:
            case RenderedText():
                yield 0, part
            case RenderedFile(name, _, mime, data, _, line):
                yield 0, FilePart(name, mime, data, line)
            case Kept(number, None):
                yield from _pieces(number, message.segments[number], filling)
            case Kept(number, int(position)):
                segment = message.segments[number]
                assert isinstance(segment, Text)
                yield number, filling.files.get((number, position)) or _plain(text_pieces(segment)[position])


def _pieces(number: int, segment: Segment, filling: MessageFilling) -> Iterator[tuple[int, Item]]:
    """A segment, or its pieces where some of them are files."""
    if not isinstance(segment, Text) or not any(place == number for place, _ in filling.files):
        yield number, segment
        return
    for position, piece in enumerate(text_pieces(segment)):
        yield number, filling.files.get((number, position)) or _plain(piece)


def _plain(piece: Piece) -> RenderedText:
    return RenderedText(piece.raw if isinstance(piece, Reference) else piece)


class Prose:
    """Running text between two blocks, gathered from its segments without a seam."""

    def __init__(self) -> None:
        self._paragraphs: list[str] = []
        self._pieces: list[str] = []

    def add(self, text: str) -> None:
        self._pieces.append(text)

    def add_paragraph(self, text: str) -> None:
        self._close()
        self._paragraphs.append(text)

    def finish(self) -> tuple[TextPart, ...]:
        """What was gathered since the last `finish`, as one part or none."""
        self._close()
        text = "\n\n".join(self._paragraphs)
        self._paragraphs.clear()
        return text_parts(text)

    def _close(self) -> None:
        if text := without_edges("".join(self._pieces)):
            self._paragraphs.append(text)
        self._pieces.clear()


def source_text(segment: Text | Expression | Code | Checkpoint) -> str:
    """A segment of the running text as text. Templates stand for themselves: nothing evaluates them here."""
    match segment:
        case Text(value):
            return value
        case Expression(code, before, after):
            return f"{{{{{'-' if before else ''}{code}{'-' if after else ''}}}}}"
        case Code(code, before, after):
            return f"{{%{'-' if before else ''}{code}{'-' if after else ''}%}}"
        case Checkpoint():
            return ""


def text_parts(text: str) -> tuple[TextPart, ...]:
    """The text as one part, or none where there are only blanks, which the wires refuse."""
    text = without_edges(text)
    return (TextPart(fit_for_json(text)),) if text else ()


def without_edges(text: str) -> str:
    """The text without the blanks that part it from markers and blocks: with them a message would change when the
    next one is written below it. The first line keeps its indentation."""
    body = text.strip()
    if len(body) == len(text):
        return text
    text = text.rstrip()
    return text[text.rfind("\n", 0, len(text) - len(body)) + 1 :]


def thinking_part(segment: Thinking) -> ThinkingPart:
    signature = None if segment.signature is None else fit_for_json(segment.signature)
    return ThinkingPart(fit_for_json(segment.content), segment.provider, signature, segment.redacted)


def call_part(segment: ToolUse) -> ToolCallPart:
    raw = fit_for_json(segment.raw)
    unfit = raw != segment.raw or "\\u" in raw  # an escape may stand for half a surrogate pair
    value = fit_value(segment.input) if unfit else segment.input
    return ToolCallPart(fit_for_json(segment.id), fit_for_json(segment.name), value, raw)


def fit_value(value: Any) -> Any:
    """A JSON value with every string in it fit for JSON. It was parsed, so writing it goes as deep as reading did."""
    return json.loads(fit_for_json(json.dumps(value, ensure_ascii=False)))


def result_part(result: ToolResult, file: FilePart | None = None) -> ToolResultPart:
    """The result as it is sent; `file` is what it hands on. Blank content is no part at all: the wires refuse blank
    text."""
    if file is not None:
        return ToolResultPart(fit_for_json(result.tool_use_id), (file,), result.is_error)
    parts = (TextPart(fit_for_json(result.content)),) if result.content.strip() else ()
    return ToolResultPart(fit_for_json(result.tool_use_id), parts, result.is_error)


def is_aborted(message: Message) -> bool:
    """Whether the last segment that is not blank text is the abort marker."""
    for segment in reversed(message.segments):
        if not (isinstance(segment, Text) and not segment.value.strip()):
            return isinstance(segment, Aborted)
    return False
