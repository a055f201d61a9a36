"""Chat Completions answers as servers of the field send them, cut anywhere."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import orjson
import pytest

from flemma_py.errors import RequestKind
from flemma_py.model.prompt import ThinkingPart
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.providers.failures import Vendor
from flemma_py.providers.openai_chat_reasoning import details_of
from flemma_py.providers.openai_chat_stream import OpenAIChatStream

DONE = b"data: [DONE]\n\n"


def line(value: Any) -> bytes:
    return b"data: %s\n\n" % orjson.dumps(value)


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **fields: Any) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return line({"id": "chatcmpl-1", "created": 7, "choices": choices} | fields)


def call(arguments: Any, **entry: Any) -> dict[str, Any]:
    function: dict[str, Any] = {"arguments": arguments}
    if "name" in entry:
        function["name"] = entry.pop("name")
    return {"tool_calls": [{**entry, "function": function}]}


def read(*chunks: bytes) -> list[StreamEvent]:
    stream = OpenAIChatStream(Vendor("llama", ""), "llama")
    return [event for data in chunks for event in stream.feed(data)] + stream.close()


def said(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls(events: Iterable[StreamEvent]) -> list[tuple[str, str, str]]:
    return [(event.id, event.name, event.arguments) for event in events if isinstance(event, ToolCallEnd)]


USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
REPORT = UsageReport(input=30, output=20, thoughts=5, cache_read=60, cache_write=10)


def test_text_usage_behind_the_finish_and_the_end_mark() -> None:
    events = read(
        chunk({"role": "assistant", "content": ""}),
        b": OPENROUTER PROCESSING\n\n",
        chunk({"content": "Hel"}),
        chunk({"content": "lo", "tool_calls": None}),
        chunk({}, "stop"),
        chunk(usage=USAGE),
        DONE,
    )
    assert events == [TextDelta("Hel"), TextDelta("lo"), REPORT, StreamEnd(StopReason.DONE)]


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 4},
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
    ],
)
def test_cached_tokens_have_many_names(usage: dict[str, Any]) -> None:
    assert UsageReport(input=5, output=2, cache_read=4) in read(chunk({}, "stop", usage=usage))


def test_usage_may_stand_in_the_choice_and_its_details_may_be_missing() -> None:
    choice = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    assert read(line({"choices": [choice]}))[0] == UsageReport(input=3, output=1)
    usage = {"prompt_tokens": 3, "prompt_tokens_details": None, "completion_tokens": None}
    assert read(chunk({}, "stop", usage=usage))[0] == UsageReport(input=3)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_is_thinking_without_a_signature(field: str) -> None:
    events = read(chunk({field: "Hm"}), chunk({field: "m.", "content": ""}), chunk({"content": "Yes"}), DONE)
    assert events[:4] == [ThinkingDelta("Hm"), ThinkingDelta("m."), ThinkingEnd("openai_chat"), TextDelta("Yes")]


PIECES = {
    "the usual": [call("", index=0, id="a", name="add"), call('{"x":', index=0), call("1}", index=0)],
    "the id on every piece": [call('{"x":', index=0, id="a", name="add"), call("1}", index=0, id="a", name="add")],
    "no index": [call('{"x":', id="a", name="add"), call("1}")],
    "all in one": [call('{"x":1}', index=0, id="a", name="add")],
    "an object": [call({"x": 1}, index=0, id="a", name="add")],
    "null first": [call(None, index=0, id="a", name="add"), call('{"x":1}', index=0, id=None)],
    "a late name": [call("", index=0, id="a"), call('{"x":1}', index=0, name="add")],
}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=list(PIECES))
def test_a_call_in_pieces_of_any_cut(pieces: list[dict[str, Any]]) -> None:
    events = read(*map(chunk, pieces), chunk({}, "tool_calls"), DONE)
    assert calls(events) == [("a", "add", '{"x":1}')]
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)


PARALLEL = {
    "interleaved": [
        call('{"x":', index=0, id="a", name="add"),
        call('{"y":', index=1, id="b", name="sub"),
        call("1}", index=0),
        call("2}", index=1),
    ],
    "one index for all": [call('{"x":1}', index=0, id="a", name="add"), call('{"y":2}', index=0, id="b", name="sub")],
    "no index": [call('{"x":1}', id="a", name="add"), call('{"y":', id="b", name="sub"), call("2}")],
    "the second first": [call('{"y":2}', index=1, id="b", name="sub"), call('{"x":1}', index=0, id="a", name="add")],
}


@pytest.mark.parametrize("pieces", PARALLEL.values(), ids=list(PARALLEL))
def test_two_calls_stay_two_and_in_order(pieces: list[dict[str, Any]]) -> None:
    events = read(*map(chunk, pieces), chunk({}, "tool_calls"), DONE)
    assert calls(events) == [("a", "add", '{"x":1}'), ("b", "sub", '{"y":2}')]


def test_calls_without_ids_get_ids_that_differ() -> None:
    found = calls(read(chunk(call("{}", name="add")), chunk(call("{}", name="add")), chunk({}, "stop"), DONE))
    other = calls(read(chunk(call("{}", name="add"), id="chatcmpl-2"), chunk({}, "stop"), DONE))
    assert len({id for id, _, _ in found + other}) == 3


def test_a_name_of_the_wire_is_one_of_ours() -> None:
    assert calls(read(chunk(call("", index=0, id="a", name="slack__post")), chunk({}, "stop")))[0][1:] == (
        "slack:post",
        "{}",
    )


@pytest.mark.parametrize(
    ("finish", "reason", "detail"),
    [
        ("stop", StopReason.DONE, ""),
        ("eos", StopReason.DONE, ""),
        ("length", StopReason.MAX_TOKENS, "length"),
        ("content_filter", StopReason.REFUSED, "content_filter"),
        ("new_reason", StopReason.REFUSED, "new_reason"),
    ],
)
def test_why_it_ended(finish: str, reason: StopReason, detail: str) -> None:
    assert read(chunk({"content": "x"}), chunk({}, finish), DONE)[-1] == StreamEnd(reason, detail)


def test_a_call_that_the_limit_cut_is_dropped_and_a_whole_one_kept() -> None:
    whole, cut = call('{"x":1}', index=0, id="a", name="add"), call('{"y":', index=1, id="b", name="sub")
    assert calls(read(chunk(whole), chunk(cut), chunk({}, "length"), DONE)) == [("a", "add", '{"x":1}')]


def test_a_refusal_is_text_and_a_reason() -> None:
    events = read(chunk({"refusal": "I cannot."}), chunk({}, "stop"), DONE)
    assert events == [TextDelta("I cannot."), StreamEnd(StopReason.REFUSED, "refusal")]


def failure(*chunks: bytes) -> StreamFailure:
    events = read(*chunks)
    failures = [event for event in events if isinstance(event, StreamFailure)]
    assert failures == events[-1:]
    return failures[0]


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (line({"error": {"message": "Overloaded", "code": 502}}), RequestKind.OVERLOAD, "Overloaded"),
        (line({"error": {"message": "gone", "code": 502}}), RequestKind.SERVER, "gone"),
        (line({"error": {"message": "no money", "code": "insufficient_quota"}}), RequestKind.CREDIT, "no money"),
        (line({"error": "something broke"}), RequestKind.UNEXPECTED, "something broke"),
        (line({"object": "error", "message": "too many tokens", "code": 400}), RequestKind.TOO_LONG, "too many tokens"),
        (b"event: error\ndata: not json\n\n", RequestKind.UNEXPECTED, "not json"),
        (chunk({}, "error"), RequestKind.SERVER, "broke the answer off"),
    ],
)
def test_an_error_in_mid_stream_ends_it_once(data: bytes, kind: RequestKind, words: str) -> None:
    error = failure(chunk({"content": "half"}), data, chunk({"content": "more"}), DONE).error
    assert error.kind is kind
    assert words in error.message
    assert error.message.startswith("llama ")


def test_an_error_that_is_null_is_none() -> None:
    assert said(read(chunk({"content": "fine"}, error=None), chunk({}, "stop"), DONE)) == "fine"


def test_a_stream_that_ends_without_a_reason_was_cut() -> None:
    assert failure(chunk({"content": "half"})).error.kind is RequestKind.TRUNCATED
    assert failure(chunk(call('{"x":', id="a", name="add")), DONE).error.kind is RequestKind.TRUNCATED
    assert failure(b"").error.kind is RequestKind.TRUNCATED


def test_the_end_mark_alone_is_an_end_too() -> None:
    assert read(chunk({"content": "all"}), DONE)[-1] == StreamEnd(StopReason.DONE)


def test_thoughts_are_closed_whatever_happens() -> None:
    assert read(chunk({"reasoning": "Hm"}))[1] == ThinkingEnd("openai_chat")
    assert read(chunk({"reasoning": "Hm"}), chunk({}, "stop"))[1] == ThinkingEnd("openai_chat")


@pytest.mark.parametrize(
    "body", [b'{"error":"model not loaded"}', b'{\n  "error": {\n    "message": "model not loaded"\n  }\n}\n']
)
def test_an_error_where_a_stream_was_due_is_told_once(body: bytes) -> None:
    assert "model not loaded" in failure(body).error.message


@pytest.mark.parametrize(
    "junk",
    [b"data: {broken\n\n", b"data: [1]\n\n", b"event: ping\n\n", line({"choices": None}), line({"choices": [7]})],
)
def test_what_is_not_understood_is_passed_over(junk: bytes) -> None:
    assert said(read(chunk({"content": "a"}), junk, chunk({"content": "b"}), chunk({}, "stop"), DONE)) == "ab"


def test_other_choices_are_not_mixed_in() -> None:
    other = line({"choices": [{"index": 1, "delta": {"content": "other"}, "finish_reason": None}]})
    assert said(read(chunk({"content": "one"}), other, chunk({}, "stop"), DONE)) == "one"


def test_cuts_of_the_network_change_nothing() -> None:
    data = b"".join(
        (
            chunk({"reasoning": "Größe\u2028?"}),
            chunk({"content": "Größe €\u2028"}),
            *map(chunk, PARALLEL["interleaved"]),
            chunk({}, "tool_calls"),
            chunk(usage=USAGE),
            DONE,
        )
    )
    whole = read(data)
    assert calls(whole)
    for data_ in (data, data.replace(b"\n", b"\r\n")):
        assert read(*(bytes([byte]) for byte in data_)) == whole
        for seed in range(50):
            cuts = sorted(random.Random(seed).sample(range(len(data_)), 7))
            assert read(*(data_[a:b] for a, b in zip([0, *cuts], [*cuts, len(data_)], strict=True))) == whole


def test_a_whole_call_stays_when_the_answer_breaks_off_behind_it() -> None:
    whole, half = call('{"x":1}', index=0, id="a", name="add"), call('{"y":', index=1, id="b", name="sub")
    for end in (chunk({}, "length"), line({"error": "gone"}), b""):
        assert calls(read(chunk(whole), chunk(half), end)) == [("a", "add", '{"x":1}')]


def test_a_call_that_has_just_begun_when_it_breaks_off_is_not_one_without_arguments() -> None:
    begun = chunk(call("", index=0, id="a", name="add"))
    assert calls(read(begun, chunk({}, "length"), DONE)) == []
    assert calls(read(begun)) == []
    assert calls(read(begun, chunk({}, "tool_calls"), DONE)) == [("a", "add", "{}")]


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource", "network_error"])
def test_a_server_that_gives_up_has_failed_and_its_usage_counts(reason: str) -> None:
    events = read(chunk({"content": "half"}), chunk({}, reason, usage=USAGE), DONE)
    assert REPORT in events
    assert isinstance(events[-1], StreamFailure)
    assert events[-1].error.kind is RequestKind.SERVER
    assert reason in events[-1].error.message


def test_a_full_window_is_told_as_one() -> None:
    assert read(chunk({}, "model_context_window_exceeded"))[-1] == StreamEnd(
        StopReason.CONTEXT_FULL, "model_context_window_exceeded"
    )


def details(**entry: Any) -> dict[str, Any]:
    return {"content": "", "reasoning_details": [entry]}


def test_details_of_reasoning_are_thoughts_where_nothing_else_tells_them() -> None:
    one, two = details(type="reasoning.text", text="Hm", index=0), details(type="reasoning.summary", summary="m.")
    events = read(chunk(one), chunk(two), chunk({"content": "Yes"}), chunk({}, "stop"))
    assert events[:4] == [ThinkingDelta("Hm"), ThinkingDelta("m."), ThinkingEnd("openai_chat"), TextDelta("Yes")]


def test_what_is_signed_or_sealed_is_kept_to_be_sent_back() -> None:
    events = read(
        chunk(details(type="reasoning.text", text="Hm", index=0)),
        chunk(details(type="reasoning.text", text="m.", index=0, format="a")),
        chunk(details(type="reasoning.text", signature="c2ln", index=0)),
        chunk({"content": "Yes"}),
        chunk(call("{}", index=0, id="a", name="add")),
        chunk(details(type="reasoning.encrypted", data="eHl6", id="a")),
        chunk({}, "tool_calls"),
    )
    first, second = [event for event in events if isinstance(event, ThinkingEnd)]
    assert (first.provider, second.provider) == ("llama", "llama")
    assert details_of(ThinkingPart("", "llama", first.signature, redacted=False)) == [
        {"type": "reasoning.text", "text": "Hmm.", "index": 0, "format": "a", "signature": "c2ln"}
    ]
    assert details_of(ThinkingPart("", "llama", second.signature, redacted=False)) == [
        {"type": "reasoning.encrypted", "data": "eHl6", "id": "a"}
    ]
    assert events.index(second) < next(i for i, event in enumerate(events) if isinstance(event, ToolCallEnd))


@pytest.mark.parametrize("indent", [False, True])
def test_a_server_that_does_not_stream_is_read_all_the_same(*, indent: bool) -> None:
    message = {"role": "assistant", "content": "All of it.", "reasoning_content": "Hm.", "tool_calls": None}
    answer = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": USAGE,
    }
    data = orjson.dumps(answer, option=orjson.OPT_INDENT_2 if indent else 0)
    assert read(data) == [
        ThinkingDelta("Hm."),
        ThinkingEnd("openai_chat"),
        TextDelta("All of it."),
        REPORT,
        StreamEnd(StopReason.DONE),
    ]


def test_a_page_where_a_stream_was_due_is_told() -> None:
    error = failure(b"<html>\n<body>502 Bad Gateway</body>\n</html>\n").error
    assert error.kind is RequestKind.UNEXPECTED
    assert "502 Bad Gateway" in error.message
