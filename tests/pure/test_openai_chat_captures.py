"""Streams of the servers that people run: read whole, cut anywhere by the network, and broken off after any event."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.wire.chat_captures import CAPTURES, DONE, Capture

from flemma_py.errors import RequestKind
from flemma_py.model.stream import (
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.model.usage import Usage
from flemma_py.providers.failures import Vendor
from flemma_py.providers.openai_chat_stream import OpenAIChatStream

EACH = pytest.mark.parametrize("capture", CAPTURES.values(), ids=list(CAPTURES))


def read(chunks: Iterable[bytes]) -> list[StreamEvent]:
    stream = OpenAIChatStream(Vendor("local", ""), "local")
    return [event for data in chunks for event in stream.feed(data)] + stream.close()


def said(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thought(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


def calls(events: Iterable[StreamEvent]) -> list[tuple[str, str, str]]:
    return [(event.id, event.name, event.arguments) for event in events if isinstance(event, ToolCallEnd)]


@EACH
def test_all_of_it_is_read(capture: Capture) -> None:
    events = read(capture.events)
    assert said(events) == capture.text
    assert thought(events) == capture.thoughts
    assert calls(events) == list(capture.calls)
    usage = Usage()
    for event in events:
        usage = usage.updated(event) if isinstance(event, UsageReport) else usage
    assert (usage.input, usage.output, usage.cache_read) == capture.usage
    (end,) = [event for event in events if isinstance(event, StreamEnd | StreamFailure)]
    assert isinstance(end, StreamEnd) and end.reason is capture.stop and events[-1] is end
    ends = [event for event in events if isinstance(event, ThinkingEnd)]
    assert len(ends) == (1 if capture.thoughts else 0)
    assert all(bool(event.signature) is capture.signed for event in ends)


@EACH
def test_cut_at_every_byte_it_is_the_same(capture: Capture) -> None:
    data = b"".join(capture.events)
    whole = read([data])
    assert read(bytes([byte]) for byte in data) == whole
    for at in range(len(data)):
        assert read((data[:at], data[at:])) == whole


@EACH
def test_broken_off_after_any_event_it_keeps_what_came_and_says_so(capture: Capture) -> None:
    whole = read(capture.events)
    finish = next(at for at, event in enumerate(capture.events) if b'"finish_reason":null' not in event
                  and b'"finish_reason"' in event)  # fmt: skip
    for count in range(len(capture.events)):
        events = read(capture.events[:count])
        assert said(whole).startswith(said(events))
        assert thought(whole).startswith(thought(events))
        assert calls(events) == calls(whole)[: len(calls(events))]
        closed = sum(isinstance(event, ThinkingEnd) for event in events)
        assert closed == (1 if thought(events) else 0), "thoughts are closed whatever happens"
        last = events[-1]
        if count <= finish:
            assert isinstance(last, StreamFailure) and last.error.kind is RequestKind.TRUNCATED
        else:
            # Nothing but usage and the mark can be missing behind the word that it is over.
            assert isinstance(last, StreamEnd) and capture.events[-1] in (DONE, capture.events[finish])
