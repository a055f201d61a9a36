"""An Anthropic answer, read from captured bytes."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
import pytest
from tests.wire.support import FIXTURES, comparable, events_of, fixture, text_of

from flemma_py.errors import RequestKind
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.model.usage import Usage
from flemma_py.providers.anthropic_stream import AnthropicStream
from flemma_py.providers.failures import Vendor

DONE = StreamEnd(StopReason.DONE)


def told(name: str) -> list[StreamEvent]:
    """The events of a fixture without its token counts."""
    return [event for event in events_of([fixture(name)]) if not isinstance(event, UsageReport)]


def usage(name: str) -> Usage:
    total = Usage()
    for event in events_of([fixture(name)]):
        total = total.updated(event) if isinstance(event, UsageReport) else total
    return total


def failure(*chunks: bytes) -> StreamFailure:
    """The failure in which the answer ends; there is never a second one."""
    events = events_of(chunks)
    assert isinstance(events[-1], StreamFailure)
    assert not any(isinstance(event, StreamFailure | StreamEnd) for event in events[:-1])
    return events[-1]


def delta(text: str) -> bytes:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
    return b"event: content_block_delta\ndata: " + orjson.dumps(event) + b"\n\n"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_an_answer_cut_at_any_byte_gives_the_same_events(path: Path) -> None:
    stream = path.read_bytes()
    whole = comparable(events_of([stream]))
    assert whole
    assert comparable(events_of(stream[i : i + 1] for i in range(len(stream)))) == whole
    for at in range(1, len(stream)):
        assert comparable(events_of([stream[:at], stream[at:]])) == whole


def test_text_comes_as_it_was_said() -> None:
    assert told("text") == [TextDelta("Hello"), TextDelta(" there,"), TextDelta("\n\nhow are you?"), DONE]


def test_text_of_many_bytes_and_rare_separators_stays_whole() -> None:
    assert text_of(told("multibyte")) == "Grüße, 世界 👩‍👩‍👧 e\u0301 line\u2028separator\u0085next"


@pytest.mark.parametrize(("name", "text"), [("crlf_and_bom", "OneTwo"), ("cr_only", "a\nb")])
def test_line_ends_are_no_part_of_the_answer(name: str, text: str) -> None:
    assert text_of(told(name)) == text
    assert told(name)[-1] == DONE


def test_thinking_ends_with_its_signature_behind_blank_text() -> None:
    assert told("thinking") == [
        TextDelta("\n\n"),
        ThinkingDelta("Let me "),
        ThinkingDelta("think.\n"),
        ThinkingDelta("Done."),
        ThinkingEnd("anthropic", "EqQBCkgIARABGAIiQL8="),
        TextDelta("The answer is 4."),
        DONE,
    ]


def test_thoughts_that_are_only_signed_are_told() -> None:
    assert told("signature_only")[0] == ThinkingEnd("anthropic", "c2lnbmF0dXJl")


def test_redacted_thoughts_keep_their_data() -> None:
    assert told("redacted")[0] == ThinkingEnd("anthropic", redacted="EmwKAhgBEgy3va3pzix/LafPsn4a")


def test_each_of_several_thoughts_keeps_its_own_signature_and_place() -> None:
    assert told("interleaved") == [
        ThinkingDelta("First, look."),
        ThinkingEnd("anthropic", "c2lnMQ=="),
        TextDelta("Looking."),
        ThinkingDelta("Now call."),
        ThinkingEnd("anthropic", "c2lnMg=="),
        ToolCallStart(3, "toolu_01A", "read"),
        ToolCallDelta(3, '{"path": "a.txt"}'),
        ToolCallEnd(3, "toolu_01A", "read", '{"path": "a.txt"}'),
        StreamEnd(StopReason.TOOL_USE, "tool_use"),
    ]


def test_arguments_of_a_call_are_kept_as_they_were_written() -> None:
    assert told("tool_call")[-2:] == [
        ToolCallEnd(1, "toolu_01T1x", "calculator", '{"expression": "15 * 7"}'),
        StreamEnd(StopReason.TOOL_USE, "tool_use"),
    ]


def test_three_calls_come_in_order_and_one_without_arguments_has_an_empty_object() -> None:
    assert [event for event in told("parallel_calls") if isinstance(event, ToolCallEnd)] == [
        ToolCallEnd(0, "toolu_01", "slack:post", '{"text":"hi"}'),
        ToolCallEnd(1, "toolu_02", "clock", "{}"),
        ToolCallEnd(2, "toolu_03", "read", '{"path":"x"}'),
    ]


def test_a_refusal_names_its_category_and_keeps_what_came_before() -> None:
    assert told("refusal") == [
        ThinkingDelta("Should I?"),
        ThinkingEnd("anthropic", "c2ln"),
        TextDelta("I can"),
        StreamEnd(StopReason.REFUSED, "cyber: This could enable harm."),
    ]


def test_the_token_limit_ends_the_answer_and_drops_a_call_that_it_cut() -> None:
    events = told("max_tokens")
    assert text_of(events) == "Once upon a "
    assert not any(isinstance(event, ToolCallEnd) for event in events)
    assert events[-1] == StreamEnd(StopReason.MAX_TOKENS, "max_tokens")


def test_arguments_that_are_no_json_are_handed_on_when_the_model_meant_them() -> None:
    stream = fixture("tool_call").replace(b'\\"15 "', b'15 "')
    calls = [event for event in events_of([stream]) if isinstance(event, ToolCallEnd)]
    assert [call.arguments for call in calls] == ['{"expression": 15 * 7"}']


def test_a_full_context_is_no_ordinary_end() -> None:
    assert told("context_full")[-1] == StreamEnd(StopReason.CONTEXT_FULL, "model_context_window_exceeded")


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("end_turn", DONE),
        ("stop_sequence", DONE),
        ("pause_turn", DONE),
        ("tool_use", StreamEnd(StopReason.TOOL_USE, "tool_use")),
        ("max_tokens", StreamEnd(StopReason.MAX_TOKENS, "max_tokens")),
        ("refusal", StreamEnd(StopReason.REFUSED, "refusal")),
        ("sensitive", StreamEnd(StopReason.REFUSED, "sensitive")),
        ("tomorrows_reason", StreamEnd(StopReason.DONE, "tomorrows_reason")),
    ],
)
def test_every_reason_to_stop_has_its_end(reason: str, end: StreamEnd) -> None:
    stream = fixture("text").replace(b'"stop_reason":"end_turn"', f'"stop_reason":"{reason}"'.encode())
    events = events_of([stream])
    assert events[-1] == end
    assert text_of(events) == "Hello there,\n\nhow are you?"


def test_an_error_in_mid_stream_ends_open_thoughts_and_names_the_request() -> None:
    *before, last = told("error_mid_stream")
    assert before == [ThinkingDelta("Hmm"), ThinkingEnd("anthropic")]
    assert isinstance(last, StreamFailure)
    assert last.error.kind is RequestKind.OVERLOAD
    assert last.error.request_id == "req_011"
    assert "overloaded_error — Overloaded" in last.error.message


def test_what_the_wire_adds_one_day_is_passed_over() -> None:
    assert told("ping_and_unknown") == [TextDelta("Still here."), DONE]


def test_an_empty_answer_ends_in_order() -> None:
    assert told("empty_reply") == [DONE]


def test_an_answer_that_breaks_off_is_a_failure_and_its_half_call_is_dropped() -> None:
    *before, last = told("cut")
    assert text_of(before) == "It was"
    assert not any(isinstance(event, ToolCallEnd) for event in before)
    assert isinstance(last, StreamFailure)
    assert last.error.kind is RequestKind.TRUNCATED


def test_an_answer_without_a_byte_is_a_failure() -> None:
    assert failure(b"").error.kind is RequestKind.TRUNCATED


def test_an_error_on_many_lines_is_told_once() -> None:
    error = failure(fixture("json_error_instead")).error
    assert error.kind is RequestKind.AUTH
    assert "invalid x-api-key" in error.message
    assert error.request_id == "req_77"


def test_an_error_on_one_line_is_told_at_once_and_not_again() -> None:
    line = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}\n'
    stream = AnthropicStream(Vendor("V", "K"))
    (event,) = stream.feed(line)
    assert isinstance(event, StreamFailure)
    assert event.error.kind is RequestKind.RATE
    assert stream.feed(line) == []
    assert stream.close() == []


def test_a_page_instead_of_a_stream_is_shown_in_one_line() -> None:
    error = failure(fixture("page_instead")).error
    assert error.kind is RequestKind.UNEXPECTED
    assert "<html> <head><title>502 Bad Gateway</title></head> <body>nginx</body></html>" in error.message


def test_an_error_event_without_json_is_still_one() -> None:
    assert "upstream went away" in failure(b"event: error\ndata: upstream went away\n\n").error.message


def test_nothing_follows_the_end() -> None:
    stream = AnthropicStream(Vendor("V", "K"))
    stream.feed(fixture("text"))
    assert stream.feed(fixture("error_mid_stream")) == []
    assert stream.close() == []


@pytest.mark.parametrize(
    "data",
    [
        '{"type":[]}',
        '{"type":"content_block_delta"}',
        '{"type":"content_block_delta","index":[],"delta":[]}',
        '{"type":"content_block_delta","index":9,"delta":{"type":"text_delta","text":5}}',
        '{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"{"}}',
        '{"type":"content_block_start","index":{},"content_block":7}',
        '{"type":"content_block_stop","index":99}',
        '{"type":"message_start","message":null}',
        '{"type":"message_delta","delta":{"stop_reason":4},"usage":{"output_tokens":"x"}}',
        '{"type":"content_block_delta","delta":{"type":"text_delta","text":"\\ud83d"}}',
        "null",
        "{",
    ],
)
def test_malformed_events_disturb_nothing(data: str) -> None:
    stream = fixture("text").replace(b"event: ping", f"data: {data}\n\nevent: ping".encode())
    assert text_of(events_of([stream])) == "Hello there,\n\nhow are you?"


def test_events_without_json_are_counted() -> None:
    stream = AnthropicStream(Vendor("V", "K"))
    stream.feed(b"data: [DONE]\n\ndata: {\n\ndata: {}\n\n")
    assert stream.undecodable == 2


def test_a_whole_input_at_the_start_of_a_call_counts() -> None:
    start = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": {"a": 1}},
    }
    stop = {"type": "content_block_stop", "index": 0}
    events = events_of([b"data: " + orjson.dumps(event) + b"\n\n" for event in (start, stop)])
    assert ToolCallEnd(0, "t", "n", '{"a":1}') in events


def test_tokens_are_absolute_and_the_last_word_counts() -> None:
    assert usage("thinking") == Usage(input=25, output=31, thoughts=12)
    assert usage("caching") == Usage(input=3, output=5, cache_read=4000, cache_write=900, cache_write_1h=300)


def test_twenty_thousand_deltas_are_read_in_a_blink() -> None:
    stream = b"".join(delta("hello") for _ in range(20_000))
    best = 10.0
    for _ in range(3):
        reader = AnthropicStream(Vendor("V", "K"))
        started = time.process_time()
        count = sum(len(reader.feed(stream[i : i + 1_400])) for i in range(0, len(stream), 1_400))
        best = min(best, time.process_time() - started)
    assert count == 20_000
    # 55 ms on an idle core; the limit leaves room for a busy one.
    assert best < 0.3
