"""What is asked of a model, independent of its wire: built from a `Document`, turned into a request by a provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from flemma_py.model.language_model import UNKNOWN_MODEL, ModelFacts
from flemma_py.model.tool import ToolDefinition


class Speaker(Enum):
    """Whose turn it is on the wire."""

    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file's content. `mime` decides how a provider sends it; `data` are its bytes; `name` is for people; `line` is
    the 0-based buffer line that brought it in."""

    name: str
    mime: str
    data: bytes
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ThinkingPart:
    """Thoughts of an earlier reply. `provider` None: unsigned. Only its own provider takes it back as thinking."""

    text: str
    provider: str | None
    signature: str | None
    redacted: bool


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    id: str
    name: str
    input: Any
    raw: str
    """The arguments' JSON text as it stands in the buffer."""


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """`parts` is the result's content; `is_error` says that the tool failed."""

    tool_use_id: str
    parts: tuple[TextPart | FilePart, ...]
    is_error: bool


Part = TextPart | FilePart | ThinkingPart | ToolCallPart | ToolResultPart


@dataclass(frozen=True, slots=True)
class Turn:
    """Consecutive messages of one speaker, joined: the wires want them to alternate."""

    speaker: Speaker
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole request. `parameters` are settings already resolved for this request (`max_tokens`, `temperature`, …);
    a provider reads those it knows. `cache_key` tells chats apart for vendors that cache by key; it is no path."""

    model: str
    system: str
    turns: tuple[Turn, ...]
    tools: tuple[ToolDefinition, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)
    facts: ModelFacts = UNKNOWN_MODEL
    cache_key: str | None = None
