"""Gemini answers, cut anywhere: parts of all kinds, signatures, ends and errors."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from google.genai.types import BlockedReason, FinishReason
from tests.pure.buffer_model import BufferModel
from tests.wire.gemini_streams import END, PIECEWISE, STREAMS, USAGE, call, line, said, stream, text, thought

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.errors import RequestKind
from flemma_py.model.prompt import TextPart, ThinkingPart, ToolCallPart
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
from flemma_py.model.usage import Usage
from flemma_py.prompt.content import read_content
from flemma_py.providers.failures import Vendor
from flemma_py.providers.gemini_signatures import signed
from flemma_py.providers.gemini_stream import GeminiStream

REPORT = UsageReport(input=40, output=20, thoughts=5, cache_read=60)
DONE = StreamEnd(StopReason.DONE)


def read(*chunks: bytes) -> list[StreamEvent]:
    reader = GeminiStream(Vendor("Gemini", "GEMINI_API_KEY"))
    return [event for data in chunks for event in reader.feed(data)] + reader.close()


def told(*events: dict[str, Any]) -> list[StreamEvent]:
    """The events without token counts."""
    return [event for event in read(*map(line, events)) if not isinstance(event, UsageReport)]


def words(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def calls(events: Iterable[StreamEvent]) -> list[tuple[str, Any]]:
    return [(event.name, orjson.loads(event.arguments)) for event in events if isinstance(event, ToolCallEnd)]


def failure(*chunks: bytes) -> StreamFailure:
    events = read(*chunks)
    failures = [event for event in events if isinstance(event, StreamFailure | StreamEnd)]
    assert failures == events[-1:]
    assert isinstance(failures[0], StreamFailure)
    return failures[0]


# -- text, thoughts, calls


def test_whitespace_of_its_own_stays_and_usage_comes_with_any_event() -> None:
    assert read(stream("text")) == [
        TextDelta("Hello,"),
        TextDelta("\n\n"),
        TextDelta("Größe \u2028 €"),
        REPORT,
        REPORT,
        DONE,
    ]


def test_the_signature_of_text_goes_to_the_thoughts_in_front_of_it() -> None:
    assert told(*STREAMS["thoughts, then signed text"]) == [
        ThinkingDelta("**Plan**\n\n"),
        ThinkingDelta("Say it."),
        TextDelta("It is "),
        TextDelta("so."),
        ThinkingEnd("vertex", "c2lnMQ=="),
        DONE,
    ]


def test_thoughts_between_which_there_is_text_are_two_blocks() -> None:
    found = told(said(thought("A")), said(text("one")), said(thought("B")), said(text("two", "cw==")), END)
    assert found[:6] == [
        ThinkingDelta("A"),
        TextDelta("one"),
        ThinkingEnd("vertex"),
        ThinkingDelta("B"),
        TextDelta("two"),
        ThinkingEnd("vertex", "cw=="),
    ]


def test_parallel_calls_come_in_order_with_ids_that_differ() -> None:
    events = told(*STREAMS["three calls at once"])
    assert calls(events) == [("add", {"x": 1}), ("add", {"x": 2}), ("sub", {"x": [3, {"y": None}]})]
    ids = [event.id for event in events if isinstance(event, ToolCallEnd)]
    assert ids == ["urn:flemma:tool:add:r-1-1", "urn:flemma:tool:add:r-1-2", "urn:flemma:tool:sub:r-1-3"]
    assert events[0] == ThinkingEnd("vertex", "c2lnNg==")
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)


def test_ids_of_the_wire_are_kept_and_a_call_without_arguments_has_an_empty_object() -> None:
    found = [event for event in told(*STREAMS["calls with ids"]) if isinstance(event, ToolCallEnd)]
    assert [(each.id, each.arguments) for each in found] == [("fc-1", '{"x":1}'), ("fc-2", "{}")]


def test_a_call_that_is_told_argument_by_argument_is_one_call() -> None:
    events = told(*PIECEWISE)
    arguments = {"to": "New Delhi", "seats": [{"row": 12}, {"row": 13}], "a b": True, "note": None}
    assert calls(events) == [("book", arguments)]
    assert events[0] == ThinkingEnd("vertex", "c2ln")
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)


@pytest.mark.parametrize("cut", range(1, 5))
def test_half_a_call_is_dropped(cut: int) -> None:
    events = told(*PIECEWISE[:cut])
    assert not calls(events)
    assert isinstance(events[-1], StreamFailure)


@pytest.mark.parametrize(
    "path", ["", "$", "$.a[99999999]", "$[0]", "$.to.deeper", "$..x", "$.to[0]", "$.['", 7, None, "$" + ".a" * 3_000]
)
def test_an_argument_with_an_odd_path_harms_nothing(path: Any) -> None:
    piece = {"jsonPath": path, "stringValue": "x"}
    start = {"functionCall": {"name": "book", "args": {"to": "here"}, "willContinue": True}}
    events = told(said(start), said({"functionCall": {"partialArgs": [piece, 7]}}), END)
    assert [name for name, _ in calls(events)] == ["book"]


# -- signatures through the buffer


def written(events: list[StreamEvent]) -> list[str]:
    """The buffer after a reply of these events."""
    buffer = BufferModel(["@You:", "Hello"])
    reply, begin = Reply.begin(buffer.lines, parse(buffer.lines))
    reply, edits = reply.feed(events)
    buffer.apply((begin, *edits, *reply.finish()))
    return buffer.lines


def wire_parts(events: list[dict[str, Any]]) -> list[tuple[str, str | None]]:
    """(what the part is, its signature) for each part of the answer, runs of text being one part."""
    found: list[tuple[str, str | None]] = []
    for event in events:
        for part in event["candidates"][0]["content"]["parts"]:
            kind = "call" if "functionCall" in part else "thought" if part.get("thought") else "text"
            signature = part.get("thoughtSignature")
            if found and kind == found[-1][0] == "text" and not (signature and found[-1][1]):
                found[-1] = ("text", found[-1][1] or signature)
            elif kind != "thought" or signature:
                found.append((kind, signature))
    return found


def replayed(lines: list[str]) -> list[tuple[str, str | None]]:
    message = parse(lines).messages[1]
    kinds = {TextPart: "text", ToolCallPart: "call", ThinkingPart: "thought"}
    return [(kinds[type(part)], signature) for part, signature in signed(read_content(message).parts)]


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "nothing"])
def test_every_signature_finds_the_part_that_it_came_with(name: str) -> None:
    lines = written(read(stream(name)))
    assert replayed(lines) == wire_parts(STREAMS[name]), "\n".join(lines)


def test_a_signature_behind_the_calls_is_that_of_the_first_one() -> None:
    events = [said(call("add", x=1), call("add", x=2)), said(text("", "bGF0ZQ==")), END]
    assert replayed(written(read(*map(line, events)))) == [("call", "bGF0ZQ=="), ("call", None)]


def test_a_chat_of_the_first_generation_has_its_signature_at_the_end() -> None:
    thinking = ['<thinking vertex:signature="b2xk">', "Hm.", "</thinking>"]
    tool = ["**Tool Use:** `add` (`urn:flemma:tool:add:1`)", "", "```json", "{}", "```", ""]
    assert replayed(["@You:", "x", "", "@Assistant:", "So.", "", *thinking]) == [("text", "b2xk")]
    assert replayed(["@You:", "x", "", "@Assistant:", "So.", "", *tool, *thinking]) == [
        ("text", None),
        ("call", "b2xk"),
    ]


@pytest.mark.parametrize("signature", ["", 7, None, [], {}])
def test_what_is_no_signature_signs_nothing_and_a_later_one_does(signature: Any) -> None:
    odd = {"text": "a", "thoughtSignature": signature}
    assert ThinkingEnd("vertex", "cw==") in told(said(odd), said(text("b", "cw==")), END)
    assert not any(isinstance(event, ThinkingEnd) for event in told(said(odd), END))


# -- why it ended

ORDERLY = {"STOP": StopReason.DONE, "MAX_TOKENS": StopReason.MAX_TOKENS, "CONTINUATION": StopReason.MAX_TOKENS}
BROKEN = {
    "MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE", "NO_IMAGE", "IMAGE_OTHER", "OTHER",
}  # fmt: skip


@pytest.mark.parametrize("reason", [*(reason.value for reason in FinishReason), "A_NEW_REASON"])
def test_every_finish_reason_of_the_vendor_ends_as_it_should(reason: str) -> None:
    *before, last = told(said(thought("Hm.")), said(text("x")), said(finish=reason, message="Because."))
    assert before[0] == ThinkingDelta("Hm.")
    assert before[-1] == ThinkingEnd("vertex")
    if reason == "FINISH_REASON_UNSPECIFIED":
        assert isinstance(last, StreamFailure)
        assert last.error.kind is RequestKind.TRUNCATED
    elif reason in BROKEN:
        assert isinstance(last, StreamFailure)
        assert last.error.kind is RequestKind.SERVER
        assert f"{reason}: Because." in last.error.message
    elif reason in ORDERLY:
        assert isinstance(last, StreamEnd)
        assert last.reason is ORDERLY[reason]
    else:
        assert last == StreamEnd(StopReason.REFUSED, f"{reason}: Because.")


@pytest.mark.parametrize("reason", [reason.value for reason in BlockedReason])
def test_a_prompt_that_is_blocked_is_refused(reason: str) -> None:
    feedback = {"blockReason": reason, "blockReasonMessage": "No."}
    events = read(line({"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 9}}))
    assert events == [UsageReport(input=9), StreamEnd(StopReason.REFUSED, f"{reason}: No.")]


def test_an_end_without_a_word_is_an_end() -> None:
    assert read(stream("nothing")) == [REPORT, DONE]


def test_usage_behind_the_finish_counts() -> None:
    late = {"usageMetadata": {"promptTokenCount": 7, "toolUsePromptTokenCount": 2, "candidatesTokenCount": 3}}
    events = read(line(said(text("x"), finish="STOP", usageMetadata={"promptTokenCount": 7})), line(late))
    usage = Usage()
    for event in events:
        usage = usage.updated(event) if isinstance(event, UsageReport) else usage
    assert usage == Usage(input=9, output=3)
    assert events[-1] == DONE


@pytest.mark.parametrize("cached", [{}, {"cachedContentTokenCount": None}, {"cachedContentTokenCount": 0}])
def test_nothing_from_a_cache_is_not_told(cached: dict[str, Any]) -> None:
    assert read(line({"usageMetadata": {"promptTokenCount": 7} | cached}))[0] == UsageReport(input=7)


# -- errors and cuts

OVERLOADED = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize("value", [OVERLOADED, [OVERLOADED]], ids=["object", "array"])
def test_an_error_in_mid_stream_ends_it_once(value: Any) -> None:
    error = failure(line(said(thought("Hm."))), line(value), line(END)).error
    assert error.kind is RequestKind.OVERLOAD
    assert "UNAVAILABLE — The model is overloaded." in error.message


@pytest.mark.parametrize("value", [OVERLOADED, [OVERLOADED]], ids=["object", "array"])
@pytest.mark.parametrize("indent", [None, orjson.OPT_INDENT_2])
def test_an_error_where_a_stream_was_due_is_told_once(value: Any, indent: int | None) -> None:
    assert failure(orjson.dumps(value, option=indent)).error.kind is RequestKind.OVERLOAD


def test_a_page_where_a_stream_was_due_is_shown() -> None:
    assert "502 Bad Gateway" in failure(b"<html>\n502 Bad Gateway</html>\n").error.message


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_cut_at_any_event_keeps_what_came(name: str) -> None:
    whole = [event for event in told(*STREAMS[name]) if isinstance(event, TextDelta | ThinkingDelta | ToolCallEnd)]
    for cut in range(len(STREAMS[name])):
        events = told(*STREAMS[name][:cut])
        last = events[-1]
        assert isinstance(last, StreamFailure)
        assert last.error.kind is RequestKind.TRUNCATED
        kept = [event for event in events if isinstance(event, TextDelta | ThinkingDelta | ToolCallEnd)]
        assert kept == whole[: len(kept)]
        thoughts = [event for event in events if isinstance(event, ThinkingDelta | ThinkingEnd)]
        assert not thoughts or isinstance(thoughts[-1], ThinkingEnd)


@pytest.mark.parametrize("name", [*STREAMS, "piecewise"])
def test_cuts_of_the_network_change_nothing(name: str) -> None:
    data = b"".join(map(line, PIECEWISE if name == "piecewise" else STREAMS[name]))
    whole = read(data)
    for variant in (data, data.replace(b"\r\n", b"\n"), data.replace(b"\r\n", b"\n").replace(b"\n", b"\r")):
        assert read(*(bytes([byte]) for byte in variant)) == whole
        for place in range(len(variant)):
            assert read(variant[:place], variant[place:]) == whole
        cuts = sorted(random.Random(name).sample(range(len(variant)), 9))
        assert read(*(variant[a:b] for a, b in zip([0, *cuts], [*cuts, len(variant)], strict=True))) == whole


@pytest.mark.parametrize(
    "junk",
    [
        b"data: {broken\n\n",
        b"data: [1, 2]\n\n",
        b"event: ping\n\n",
        b": a comment\n\n",
        line({"candidates": None}),
        line({"candidates": [7, {"index": 1, "content": {"parts": [{"text": "other"}]}}]}),
        line({"candidates": [{"content": None, "finishReason": 7}]}),
        line(said({"functionCall": 7}, {"functionCall": {"partialArgs": 7}}, {"text": 7}, {"executableCode": {}})),
        line({"promptFeedback": [], "usageMetadata": [1]}),
        line({"promptFeedback": {"safetyRatings": []}, "usageMetadata": {"promptTokenCount": "many"}}),
    ],
)
def test_what_is_not_understood_is_passed_over(junk: bytes) -> None:
    assert words(read(line(said(text("a"))), junk, line(said(text("b"))), line(END))) == "ab"


def test_a_whole_stream_of_usage_is_read() -> None:
    assert USAGE["promptTokenCount"] == REPORT.input + REPORT.cache_read  # type: ignore[operator]
