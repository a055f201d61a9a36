"""An answer goes through the buffer and back: every item of the wire in its place, thoughts and arguments unchanged."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.pure.buffer_model import BufferModel
from tests.wire.openai_support import BASE, assert_vendor_accepts, events_of, fixture

from flemma_py.conversation.reply import Reply
from flemma_py.document.parser import parse
from flemma_py.document.query import tool_uses
from flemma_py.document.serializer import tool_result_lines
from flemma_py.prompt.build import build_prompt
from flemma_py.providers.openai import PROVIDER
from flemma_py.providers.openai_reasoning import replayed

MODEL = "gpt-6.1-sol"
Item = dict[str, Any]


def answered(data: bytes) -> list[Item]:
    """The items of an answer as its last event tells them."""
    events = [orjson.loads(line[6:]) for line in data.splitlines() if line.startswith(b"data: {")]
    (output,) = [event["response"]["output"] for event in events if event["type"] == "response.completed"]
    return list(output)


def sent_back(data: bytes) -> list[Item]:
    """The items as the next request has them, after the buffer was all there was of them."""
    lines = ["@You:", "go"]
    buffer = BufferModel(lines)
    reply, begin = Reply.begin(lines, parse(lines))
    buffer.apply([begin])
    reply, edits = reply.feed(events_of([data]))
    buffer.apply((*edits, *reply.finish()))
    chat = buffer.lines
    for found in tool_uses(parse(chat)):
        chat = [*chat, *tool_result_lines(found.use.id, "42"), ""]
    built = build_prompt(parse([*chat, "and now?"]), model=MODEL, parameters={}, tools=(), facts=PROVIDER.facts(MODEL))
    body = orjson.loads(PROVIDER.build_request(built.prompt, BASE).body)
    assert_vendor_accepts(body)
    return [item for item in body["input"] if item.get("role") != "user" and item["type"] != "function_call_output"]


def essence(item: Item) -> Any:
    """What of an item must come back as it was."""
    match item["type"]:
        case "reasoning":
            return replayed(item)
        case "function_call":
            return item["call_id"], item["name"], item["arguments"]
        case _:
            return "".join(part.get("text", part.get("refusal", "")) for part in item["content"])


@pytest.mark.parametrize(
    "name", ["text", "thinking", "signature_only", "tool_call", "interleaved", "open_model", "whole_at_the_end"]
)
def test_an_answer_comes_back_as_it_was(name: str) -> None:
    data = fixture(name)
    assert [essence(item) for item in sent_back(data)] == [essence(item) for item in answered(data)]


def test_calls_that_were_written_at_the_same_time_come_back_with_their_own_arguments() -> None:
    data = fixture("parallel_calls")
    assert sorted(map(essence, sent_back(data))) == sorted(map(essence, answered(data)))


@pytest.mark.parametrize(
    "arguments", ['{"b":1,"a":2}', '{ "a": 1.50, "b": "\\u00fc```" }', '{"a":12345678901234567890}', "{}"]
)
def test_arguments_come_back_byte_by_byte(arguments: str) -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "clock", "arguments": arguments}
    end = {"type": "response.completed", "response": {"output": [call | {"status": "completed"}]}}
    (item,) = sent_back(b"data: " + orjson.dumps(end) + b"\n\n")
    assert item["arguments"] == arguments
