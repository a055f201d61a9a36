"""What stands in the place of a chat's templates and references when it is sent: found out by others, put in here.

read_content(message, filling.of(index))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from flemma_py.document.references import WORTH_A_LOOK, Reference, sole_reference, text_pieces
from flemma_py.model.document import Document, Role, Text, ToolResult, ToolUse
from flemma_py.model.evaluated import EvaluatedMessage, Kept
from flemma_py.model.prompt import FilePart

WHOLE = -1
"""In the place of a piece: the reference is all that a tool's result says."""
HANDS_FILES_ON = frozenset({"read"})
"""Tools whose result may be a file: what another one returns stays the text that it is."""


class Spot(NamedTuple):
    """Where a reference stands: which message, which of its segments, which of that one's pieces."""

    message: int
    segment: int
    piece: int


@dataclass(frozen=True, slots=True)
class MessageFilling:
    """For one message. `files` by segment and piece."""

    evaluated: EvaluatedMessage | None = None
    files: Mapping[tuple[int, int], FilePart] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filling:
    """For a chat: its evaluated messages by index, and the files that its references stand for."""

    messages: Mapping[int, EvaluatedMessage] = field(default_factory=dict)
    files: Mapping[Spot, FilePart] = field(default_factory=dict)

    def by_message(self) -> dict[int, MessageFilling]:
        """The messages that are not sent as they stand."""
        files: dict[int, dict[tuple[int, int], FilePart]] = {}
        for spot, part in self.files.items():
            files.setdefault(spot.message, {})[spot.segment, spot.piece] = part
        return {
            index: MessageFilling(self.messages.get(index), files.get(index, {}))
            for index in self.messages.keys() | files.keys()
        }


NO_FILLING = Filling()


def has_templates(document: Document) -> bool:
    """Whether there may be anything to evaluate or to read: most chats have nothing."""
    return document.frontmatter is not None or needs_filling(document, Role.SYSTEM, Role.YOU)


def needs_filling(document: Document, *roles: Role) -> bool:
    """Whether there may be anything to evaluate or to read in messages of these roles."""
    for message in document.messages:
        segments = message.segments
        if message.role not in roles or not segments:
            continue
        if len(segments) > 1:
            return True
        segment = segments[0]
        if not isinstance(segment, Text) or any(sign in segment.value for sign in ("{#", *WORTH_A_LOOK)):
            return True
    return False


def references(
    document: Document, messages: Mapping[int, EvaluatedMessage], first: int
) -> Iterator[tuple[Spot, Reference, int]]:
    """Every reference from the message `first` on, and in System messages, with its buffer line. `messages` are those
    that were evaluated: what a template left out of one is not there."""
    tools: dict[str, str] = {}
    for index, message in enumerate(document.messages):
        if message.role is Role.ASSISTANT:
            tools |= {segment.id: segment.name for segment in message.segments if isinstance(segment, ToolUse)}
            continue
        if index < first and message.role is not Role.SYSTEM:
            continue
        start = document.first_lines[index]
        kept = _kept(messages.get(index))
        for number, segment in enumerate(message.segments):
            if isinstance(segment, ToolResult):
                found = sole_reference(segment.content) if tools.get(segment.tool_use_id) in HANDS_FILES_ON else None
                if found is not None:
                    yield Spot(index, number, WHOLE), found, start + segment.span.line
            elif isinstance(segment, Text) and any(sign in segment.value for sign in WORTH_A_LOOK):
                for position, piece in enumerate(text_pieces(segment)):
                    if isinstance(piece, Reference) and (kept is None or (number, position) in kept):
                        yield Spot(index, number, position), piece, start + piece.span.line


def _kept(evaluated: EvaluatedMessage | None) -> set[tuple[int, int]] | None:
    """The references that an evaluated message still has; None: the message was not evaluated."""
    if evaluated is None:
        return None
    return {
        (part.segment, part.reference)
        for part in evaluated.parts
        if isinstance(part, Kept) and part.reference is not None
    }
