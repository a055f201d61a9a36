"""Scenarios as the OpenAI Responses wire tells them. Calls that follow one another arrive interleaved; texts are
pieces of one message."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, zip_longest
from typing import Any

import orjson
from tests.wire.matrix.scenario import Call, Item, Redacted, Scenario, Text, Thought

from flemma_py.model.stream import StopReason

Event = dict[str, Any]


def events(scenario: Scenario) -> list[bytes]:
    numbered = ({**event, "sequence_number": number} for number, event in enumerate(_events(scenario)))
    return [b"event: %s\ndata: %s\n\n" % (each["type"].encode(), orjson.dumps(each)) for each in numbered]


def _events(scenario: Scenario) -> Iterator[Event]:
    if scenario.stop is None and not scenario.items:
        yield {"type": "error", "code": "server_error", "message": "Something broke", "param": None}
        return
    yield {"type": "response.created", "response": _response("in_progress")}
    yield {"type": "response.in_progress", "response": _response("in_progress")}
    index = 0
    for kind, items in groupby(scenario.items, key=type):
        if kind is Text:
            pieces = [item.text for item in items if isinstance(item, Text)]
            streams = [list(_text(index, pieces, is_refusal=scenario.stop is StopReason.REFUSED))]
        else:
            streams = [list(_item(index + number, item)) for number, item in enumerate(items)]
        index += len(streams)
        for row in zip_longest(*streams) if kind is Call else ([event] for stream in streams for event in stream):
            yield from (event for event in row if event is not None)
    yield _end(scenario)


def _item(index: int, item: Item) -> Iterator[Event]:
    match item:
        case Thought(text, signature):
            yield from _reasoning(index, text, signature)
        case Redacted(data):
            yield from _reasoning(index, "", data)
        case Call():
            yield from _call(index, item)


def _text(index: int, pieces: list[str], *, is_refusal: bool) -> Iterator[Event]:
    text = "".join(pieces)
    kind, field = ("refusal", "refusal") if is_refusal else ("output_text", "text")
    part: Event = {"type": kind, field: text} | ({} if is_refusal else {"annotations": []})
    message: Event = {"type": "message", "id": f"msg_{index}", "role": "assistant"}
    place: Event = {"item_id": message["id"], "output_index": index, "content_index": 0}
    yield _added(index, message | {"status": "in_progress", "content": []})
    yield {"type": "response.content_part.added", **place, "part": part | {field: ""}}
    yield from ({"type": f"response.{kind}.delta", **place, "delta": piece} for piece in pieces)
    yield {"type": f"response.{kind}.done", **place, field: text}
    yield {"type": "response.content_part.done", **place, "part": part}
    yield _done(index, message | {"status": "completed", "content": [part]})


def _reasoning(index: int, text: str, signature: str | None) -> Iterator[Event]:
    summary = [{"type": "summary_text", "text": text}] if text else []
    item: Event = {"type": "reasoning", "id": f"rs_{index}", "summary": summary, "encrypted_content": signature}
    place: Event = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    yield _added(index, item | {"summary": []})
    if text:
        yield {"type": "response.reasoning_summary_part.added", **place, "part": summary[0] | {"text": ""}}
        yield {"type": "response.reasoning_summary_text.delta", **place, "delta": text}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": text}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": summary[0]}
    yield _done(index, item)


def _call(index: int, call: Call) -> Iterator[Event]:
    item: Event = {"type": "function_call", "id": f"fc_{index}", "call_id": call.id, "name": call.name}
    place: Event = {"item_id": item["id"], "output_index": index}
    yield _added(index, item | {"status": "in_progress", "arguments": ""})
    for piece in (call.arguments[:7], call.arguments[7:]):
        yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    yield {"type": "response.function_call_arguments.done", **place, "arguments": call.arguments, "name": call.name}
    yield _done(index, item | {"status": "completed", "arguments": call.arguments})


def _added(index: int, item: Event) -> Event:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def _done(index: int, item: Event) -> Event:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def _end(scenario: Scenario) -> Event:
    read, written = scenario.usage
    usage = {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + written,
    }
    match scenario.stop:
        case None:
            error = {"code": "server_error", "message": "Something broke"}
            return {"type": "response.failed", "response": _response("failed") | {"error": error}}
        case StopReason.MAX_TOKENS:
            details = {"incomplete_details": {"reason": "max_output_tokens"}, "usage": usage}
            return {"type": "response.incomplete", "response": _response("incomplete") | details}
        case _:
            return {"type": "response.completed", "response": _response("completed") | {"usage": usage}}


def _response(status: str) -> Event:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "model": "m",
        "output": [],
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }
