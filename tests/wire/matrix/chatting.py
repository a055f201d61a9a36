"""A chat as its buffer holds it after replies of one vendor: streams become events, events edits, edits text."""

from __future__ import annotations

from tests.pure.buffer_model import BufferModel
from tests.wire.matrix.asking import VENDORS
from tests.wire.matrix.scenario import SCENARIOS

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.model.document import Document, Role, ToolUse
from flemma_py.model.stream import StreamEnd, StreamFailure
from flemma_py.model.wire import Provider

REPLIES = ("thought_and_calls", "two_thoughts", "redacted", "one_call", "thinking")


def chat_of(vendor: str, provider: Provider) -> Document:
    """Every kind of reply that the vendor's wire has, each call with its result, and a last question."""
    lines = ["@System:", "Be brief.", "", "@You:", "Hello", ""]
    for name in REPLIES:
        pieces = VENDORS[vendor].events(SCENARIOS[name])
        if pieces is not None:
            lines = _answered(lines, provider, pieces)
    return parse(lines)


def _answered(lines: list[str], provider: Provider, pieces: list[bytes]) -> list[str]:
    stream = provider.open_stream()
    events = [event for piece in pieces for event in stream.feed(piece)] + stream.close()
    assert not any(isinstance(event, StreamFailure) for event in events)
    buffer = BufferModel(lines)
    reply, begin = Reply.begin(lines, parse(lines))
    buffer.apply([begin])
    reply, edits = reply.feed([event for event in events if not isinstance(event, StreamEnd)])
    buffer.apply(edits)
    buffer.apply(reply.finish(None))
    written = buffer.lines
    message = next(message for message in reversed(parse(written).messages) if message.role is Role.ASSISTANT)
    for call in (segment for segment in message.segments if isinstance(segment, ToolUse)):
        written += [f"**Tool Result:** `{call.id}`", "", "```", "42", "```", ""]
    return [*written, "Go on.", ""]
