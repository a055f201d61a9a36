"""What a session consists of, as its journal tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.journal.records import OPEN_STATES


@dataclass(frozen=True, slots=True)
class Message:
    """Something that was said. `sha`, `text`, `blob` and `head` are there as far as the mirror keeps them: the text
    itself, or the name of the file that holds it; of a tool's result its beginning. `start` and `size`: the bytes of
    its record in the journal."""

    mid: str
    role: str
    turn: str | None
    at: float
    bytes: int
    sha: str | None = None
    text: str | None = None
    blob: str | None = None
    name: str | None = None
    ok: bool | None = None
    head: str | None = None
    start: int = -1
    size: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """`number` counts turns from 1, in the order in which they began. `writer`: the process that began it."""

    id: str
    number: int
    state: str
    kind: str
    began_at: float
    writer: str
    ended_at: float | None = None
    reason: str | None = None
    provider: str | None = None
    model: str | None = None
    continuation_of: str | None = None
    reserved: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that was begun, by the process `writer`. `ok` None: nobody knows how it ended."""

    call: str
    name: str
    turn: str | None
    began_at: float
    is_over: bool = False
    ok: bool | None = None
    ms: float | None = None
    changes: tuple[Mapping[str, Any], ...] = ()
    writer: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a run did, or was about to do, outside of the chat. `turns`: how many turns had begun by then;
    `data` says what, see `journal.changes`."""

    id: str
    call: str
    tool: str
    turns: int
    at: float
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    id: str
    at: float
    text: str | None
    blob: str | None
    last_mid: str | None
    first_live_mid: str | None
    tokens_before: int | None
    tokens_after: int | None
    chat_sha: str | None


@dataclass(frozen=True, slots=True)
class Rewind:
    id: str
    at: float
    to_mid: str | None
    source: str
    removed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a chat was last known to be."""

    path: str
    dev: int
    ino: int
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Parent:
    sid: str
    at_id: str | None
    reason: str
