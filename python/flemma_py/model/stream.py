"""What a provider says while it answers: the one type that every provider emits and everyone else reads.

Blocks arrive one after another or interleaved; `block` tells them apart (the wire's own index). Text and thinking of
one block are never mixed with another's by the reader: `conversation/reply.py` writes a block when its turn comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flemma_py.errors import RequestError


class StopReason(Enum):
    """Why a stream ended in an orderly way."""

    DONE = "done"
    TOOL_USE = "tool_use"
    MAX_TOKENS = "max_tokens"
    REFUSED = "refused"
    CONTEXT_FULL = "context_full"


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More prose of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More of the model's thoughts, of the thinking block that is open (the first one opens it)."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingEnd:
    """The thinking block is complete. Occurs without any delta for a block that is only a signature, or redacted:
    then `redacted` is the vendor's opaque data. `provider` names the wire whose signature it is (`anthropic`)."""

    provider: str
    signature: str | None = None
    redacted: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCallStart:
    """The model begins to write a call; shown as progress, not yet text."""

    block: int
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """More of a call's JSON arguments."""

    block: int
    json: str


@dataclass(frozen=True, slots=True)
class ToolCallEnd:
    """A call is complete. `arguments` is the JSON text as the model wrote it, `{}` where it wrote nothing."""

    block: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Tokens so far. Values are absolute, None where this report says nothing of them; the last value wins."""

    input: int | None = None
    output: int | None = None
    thoughts: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The wire's own end marker came. `detail` is the vendor's word for anything but DONE (a refusal's category)."""

    reason: StopReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StreamFailure:
    """The stream broke: an error event, or it was cut before its end marker. What came before stays."""

    error: RequestError


StreamEvent = (
    TextDelta
    | ThinkingDelta
    | ThinkingEnd
    | ToolCallStart
    | ToolCallDelta
    | ToolCallEnd
    | UsageReport
    | StreamEnd
    | StreamFailure
)
