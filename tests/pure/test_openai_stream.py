"""An OpenAI Responses answer, read from captured bytes."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.wire.openai_support import FIXTURES, events_of, fixture
from tests.wire.support import comparable

from flemma_py.errors import RequestKind
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.providers.openai_reasoning import read_signature

DONE = StreamEnd(StopReason.DONE)


def told(name: str) -> list[StreamEvent]:
    """The events of a fixture without its token counts and without a call's pieces."""
    return [event for event in events_of([fixture(name)]) if not isinstance(event, UsageReport)]


def text_of(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def thoughts_of(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


def calls_of(events: Iterable[StreamEvent]) -> list[tuple[str, str, str]]:
    return [(event.id, event.name, event.arguments) for event in events if isinstance(event, ToolCallEnd)]


def signed(events: Iterable[StreamEvent]) -> list[dict[str, Any] | None]:
    """What the signatures of the thinking blocks hold."""
    return [
        orjson.loads(base64.b64decode(event.signature)) if event.signature else None
        for event in events
        if isinstance(event, ThinkingEnd)
    ]


def usage_of(name: str) -> UsageReport:
    (report,) = [event for event in events_of([fixture(name)]) if isinstance(event, UsageReport)]
    return report


def event(type: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (type.encode(), orjson.dumps({"type": type} | fields))


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_an_answer_cut_at_any_byte_gives_the_same_events(path: Path) -> None:
    stream = path.read_bytes()
    whole = comparable(events_of([stream]))
    assert whole
    assert comparable(events_of(stream[i : i + 1] for i in range(len(stream)))) == whole
    for at in range(1, len(stream)):
        assert comparable(events_of([stream[:at], stream[at:]])) == whole


WHOLE = [path for path in FIXTURES if path.stem not in ("page_instead", "json_error_instead", "error_first")]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_an_answer_cut_behind_any_event_keeps_what_came_and_says_so(path: Path) -> None:
    separator = b"\r\n\r\n" if path.stem == "crlf" else b"\n\n"
    frames = [frame + separator for frame in path.read_bytes().split(separator) if frame.strip()]
    whole = events_of(frames)
    for count in range(len(frames)):
        events = events_of(frames[:count])
        if isinstance(events[-1], StreamEnd) or events == whole:
            continue
        assert isinstance(events[-1], StreamFailure)
        assert events[-1].error.kind is RequestKind.TRUNCATED
        assert not any(isinstance(each, StreamEnd | StreamFailure) for each in events[:-1])
        assert text_of(whole).startswith(text_of(events))
        assert calls_of(events) == calls_of(whole)[: len(calls_of(events))]
        # Thoughts are ended, and those that were not complete are not signed.
        opened = [type(each) for each in events if isinstance(each, ThinkingDelta | ThinkingEnd)]
        assert not opened or opened[-1] is ThinkingEnd
        assert [each for each in signed(events) if each] == signed(whole)[
            : len([each for each in signed(events) if each])
        ]


@pytest.mark.parametrize("name", ["text", "crlf"])
def test_text_comes_as_it_was_said(name: str) -> None:
    assert told(name) == [TextDelta("Hello"), TextDelta(" there,"), TextDelta("\n\nhow are you?"), DONE]


def test_text_of_many_bytes_stays_whole() -> None:
    assert text_of(told("multibyte")) == "Grüße, 世界 👩‍👩‍👧 line\u2028separator"


def test_parts_of_a_summary_stand_apart_and_the_whole_item_is_the_signature() -> None:
    events = told("thinking")
    assert thoughts_of(events) == "**Weighing**\n\nFirst one thing.\n\n**Then**\n\nanother."
    (item,) = signed(events)
    assert item is not None
    assert (item["id"], item["encrypted_content"], len(item["summary"])) == ("rs_1", "gAAAAABencrypted==", 2)
    assert events[-2:] == [TextDelta("So it is."), DONE]
    assert [type(each) for each in events].index(ThinkingEnd) == len(events) - 3


def test_usage_is_told_without_what_a_cache_gave_or_took() -> None:
    assert usage_of("thinking") == UsageReport(input=464, output=300, thoughts=256, cache_read=1024, cache_write=512)
    assert usage_of("text") == UsageReport(input=12, output=9, thoughts=0)
    assert usage_of("open_model") == UsageReport(input=7, output=9)
    assert usage_of("max_tokens") == UsageReport(input=9, output=16, thoughts=0)
    assert usage_of("failed") == UsageReport(input=9, output=3, thoughts=0)


def test_thoughts_that_are_only_a_signature_are_kept() -> None:
    events = told("signature_only")
    assert thoughts_of(events) == ""
    assert [item and item["id"] for item in signed(events)] == ["rs_1"]
    assert text_of(events) == "Yes."


def test_a_call_comes_as_the_model_wrote_it() -> None:
    events = told("tool_call")
    assert ToolCallStart(1, "call_Ab1", "calculator") in events
    assert calls_of(events) == [("call_Ab1", "calculator", '{"expression": "12 * 34"}')]
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)


def test_calls_that_are_written_at_the_same_time_are_told_apart() -> None:
    events = told("parallel_calls")
    assert [each.name for each in events if isinstance(each, ToolCallStart)] == ["slack:post", "calculator", "clock"]
    assert calls_of(events) == [
        ("call_b", "calculator", '{"n":2}'),
        ("call_a", "slack:post", '{"n":1}'),
        ("call_c", "clock", "{}"),
    ]


def test_each_reasoning_item_is_a_block_of_its_own_in_its_place() -> None:
    events = told("interleaved")
    order = [type(each).__name__ for each in events if isinstance(each, ThinkingEnd | ToolCallEnd | TextDelta)]
    assert order == ["ThinkingEnd", "ToolCallEnd", "ThinkingEnd", "TextDelta", "ToolCallEnd"]
    assert [item and item["encrypted_content"] for item in signed(events)] == ["enc-one", "enc-two"]


def test_two_messages_in_a_row_stand_apart() -> None:
    assert text_of(told("two_messages")) == "I will look.\n\nFound it."


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["a\n", "\n", "b"], "a\n\nb"),
        (["a", "\n", "b"], "a\n\nb"),
        (["a\n\n\n", "b"], "a\n\n\nb"),
    ],
)
def test_the_gap_between_two_messages_is_one_blank_line(pieces: list[str], whole: str) -> None:
    *first, last = pieces
    chunks = [event("response.output_text.delta", output_index=0, content_index=0, delta=piece) for piece in first]
    chunks.append(event("response.output_text.delta", output_index=1, content_index=0, delta=last))
    assert text_of(events_of(chunks)) == whole


def test_a_refusal_is_text_and_ends_as_one() -> None:
    assert told("refusal")[-1] == StreamEnd(StopReason.REFUSED, "refusal")
    assert text_of(told("refusal")) == "I cannot help with that."


@pytest.mark.parametrize(
    ("name", "end", "text"),
    [
        ("max_tokens", StreamEnd(StopReason.MAX_TOKENS, "max_output_tokens"), "It was a dark"),
        ("content_filter", StreamEnd(StopReason.REFUSED, "content_filter"), "Take some"),
    ],
)
def test_an_answer_that_is_not_complete_says_why(name: str, end: StreamEnd, text: str) -> None:
    assert told(name)[-1] == end
    assert text_of(told(name)) == text


@pytest.mark.parametrize("reason", ["max_messages", "steered", "tomorrow's"])
def test_other_reasons_end_an_answer_in_order(reason: str) -> None:
    response = {"incomplete_details": {"reason": reason}}
    assert events_of([event("response.incomplete", response=response)]) == [StreamEnd(StopReason.DONE, reason)]


def test_a_call_that_the_limit_cut_stays_out() -> None:
    assert calls_of(told("max_tokens_in_a_call")) == [("call_z", "clock", "{}")]


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("failed", RequestKind.SERVER, "The model produced invalid content."),
        ("error_mid_stream", RequestKind.RATE, "Rate limit reached for gpt-6.1-sol"),
        ("error_first", RequestKind.UNEXPECTED, "The server had an error processing your request."),
        ("page_instead", RequestKind.UNEXPECTED, "502 Bad Gateway"),
        ("json_error_instead", RequestKind.AUTH, "Incorrect API key provided"),
    ],
)
def test_what_breaks_an_answer_is_told_once(name: str, kind: RequestKind, words: str) -> None:
    events = events_of([fixture(name)])
    assert isinstance(events[-1], StreamFailure)
    assert sum(isinstance(each, StreamFailure | StreamEnd) for each in events) == 1
    assert events[-1].error.kind is kind
    assert words in events[-1].error.message
    assert "sk-abcdefghij" not in events[-1].error.message


@pytest.mark.parametrize(
    "error",
    [
        {},
        {"code": None, "message": None},
        {"code": "server_error"},
        {"message": "Odd."},
        {"error": {"message": "Odd."}},
        {"error": None, "message": "Odd."},
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_an_error_event_may_say_little(error: dict[str, Any], named: bool) -> None:
    data = event("error", **error)
    events = events_of([data if named else data.partition(b"\n")[2]])
    assert [type(each) for each in events] == [StreamFailure]
    assert all(word in comparable(events)[0][1] for word in (["Odd."] if "Odd." in str(error) else []))


def test_a_failure_without_words_is_one_all_the_same() -> None:
    (failure,) = events_of([event("response.failed", response={"error": None})])
    assert isinstance(failure, StreamFailure)


def test_an_answer_that_stops_ends_its_thoughts_unsigned() -> None:
    events = told("cut")
    assert events[:2] == [ThinkingDelta("Half a thou"), ThinkingEnd("openai")]
    assert comparable(events)[2][0] is RequestKind.TRUNCATED
    assert "stopped in the middle" in comparable(events)[2][1]


def test_a_server_that_says_done_without_an_end_has_stopped() -> None:
    events = events_of([event("response.created", response={}), b"data: [DONE]\n\n"])
    assert comparable(events)[-1][0] is RequestKind.TRUNCATED


def test_an_empty_reply_is_one() -> None:
    assert told("empty_reply") == [DONE]


def test_thoughts_of_open_models_are_told_themselves() -> None:
    events = told("open_model")
    assert thoughts_of(events) == "The user greets."
    (end,) = [each for each in events if isinstance(each, ThinkingEnd)]
    assert read_signature(end.signature or "") == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "The user greets."}],
    }
    assert (text_of(events), events[-1]) == ("Hi!", DONE)


def test_what_is_not_known_is_passed_over() -> None:
    assert told("unknown") == [TextDelta("Still here."), DONE]


def test_a_gateway_may_tell_all_at_the_end() -> None:
    events = told("whole_at_the_end")
    assert (thoughts_of(events), text_of(events)) == ("Hm.", "All at once.")
    assert calls_of(events) == [("call_a", "clock", "{}")]
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)


def test_an_item_that_comes_whole_is_not_told_twice() -> None:
    item = {"type": "message", "content": [{"type": "output_text", "text": "Whole."}]}
    delta = event("response.output_text.delta", output_index=0, content_index=0, delta="Whole.")
    done = event("response.output_item.done", output_index=0, item=item)
    end = event("response.completed", response={"output": [item]})
    for chunks in ([delta, done, end], [done, end], [end], [delta, end]):
        assert events_of(chunks) == [TextDelta("Whole."), DONE]


@pytest.mark.parametrize("arguments", ["", "  ", '{"a": 1'])
def test_a_call_that_a_server_never_ends_is_complete_where_the_answer_is(arguments: str) -> None:
    item = {"type": "function_call", "call_id": "c", "name": "clock"}
    chunks = [event("response.output_item.added", output_index=0, item=item)]
    if arguments:
        chunks.append(event("response.function_call_arguments.delta", output_index=0, delta=arguments))
    completed, cut = event("response.completed", response={}), event("response.incomplete", response={})
    assert calls_of(events_of([*chunks, completed])) == [("c", "clock", arguments if arguments.strip() else "{}")]
    assert calls_of(events_of([*chunks, cut])) == []
    assert calls_of(events_of(chunks)) == []


def test_arguments_that_are_no_json_are_not_replaced_by_something_else() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "clock", "arguments": '{"a": nope}'}
    done = event("response.output_item.done", output_index=0, item=item)
    assert calls_of(events_of([done, event("response.completed", response={})])) == [("c", "clock", '{"a": nope}')]
    response = {"incomplete_details": {"reason": "max_output_tokens"}}
    assert calls_of(events_of([done, event("response.incomplete", response=response)])) == []


def test_a_thought_that_a_server_never_ends_ends_where_the_next_begins() -> None:
    added = event("response.output_item.added", output_index=0, item={"type": "reasoning"})
    thought = event("response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta="Hm")
    events = events_of([added, thought, added, thought, event("response.completed", response={})])
    assert events == [ThinkingDelta("Hm"), ThinkingEnd("openai"), ThinkingDelta("Hm"), ThinkingEnd("openai"), DONE]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": None},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "enc", "status": "incomplete"},
    ],
)
def test_a_thought_that_cannot_go_back_is_not_signed(item: dict[str, Any]) -> None:
    events = events_of([event("response.output_item.done", output_index=0, item=item)])
    assert events[0] == ThinkingEnd("openai")


def test_events_of_the_wrong_shape_harm_nobody() -> None:
    kinds = ["output_item.added", "output_item.done", "output_text.delta", "reasoning_summary_text.delta", "completed"]
    odd: list[Any] = [None, 5, "x", [], {"type": "message", "content": 5}, {"type": "function_call"}]
    for kind in kinds:
        for value in odd:
            fields = {"item": value, "response": value, "delta": value, "output_index": value}
            assert events_of([event(f"response.{kind}", **fields)])
