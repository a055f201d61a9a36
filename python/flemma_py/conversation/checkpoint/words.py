"""The words of the machine about a checkpoint: its state, an input and the effects that are its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flemma_py.model.document import Document
from flemma_py.model.stream import StreamEnd
from flemma_py.model.usage import Usage

if TYPE_CHECKING:
    # What does the work is loaded when somebody wants a checkpoint: a start does without.
    from flemma_py.conversation.checkpoint.seam import Seam
    from flemma_py.conversation.checkpoint.summary import Summary
    from flemma_py.conversation.state import Loop, View

SOURCE = "compaction"
"""What a request for a summary is booked as."""


@dataclass(frozen=True, slots=True)
class Condensing:
    """A summary is asked for, or comes in as `text`: the request is out when there is a `summary` to ask for and a key.
    `view` is the chat as it was when the user asked, `guidance` what they say of the summary; `tries` were too long for
    the model; `paused` as in `Idle`; `end` is there when all has come."""

    turn: int
    view: View
    seam: Seam
    guidance: str = ""
    paused: Loop | None = None
    tries: int = 0
    summary: Summary | None = None
    has_key: bool = False
    text: str = ""
    characters: int = 0
    usage: Usage = field(default_factory=Usage)
    end: StreamEnd | None = None

    @property
    def is_out(self) -> bool:
        return self.summary is not None and self.has_key


@dataclass(frozen=True, slots=True)
class SummaryReady:
    """What is to be asked is known."""

    turn: int
    summary: Summary


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """Find out what is to be asked: `SummaryReady`. `guidance` is what the user says of the summary; `room`: tokens
    that the request may have, where the model's own word on that is not to be had."""

    turn: int
    document: Document
    seam: Seam
    guidance: str
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Condensed:
    """A checkpoint is in the chat: its marker stands on `line`, and about so many tokens became as many."""

    line: int
    text: str
    before: int
    after: int
