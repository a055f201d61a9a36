"""Scenarios as the Anthropic Messages wire tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from tests.wire.matrix.scenario import Call, Item, Redacted, Scenario, Text, Thought

from flemma_py.demo.reply import sign
from flemma_py.model.stream import StopReason

_STOPS = {
    StopReason.DONE: "end_turn",
    StopReason.TOOL_USE: "tool_use",
    StopReason.MAX_TOKENS: "max_tokens",
    StopReason.REFUSED: "refusal",
}


def events(scenario: Scenario) -> list[bytes]:
    return [b"event: %s\ndata: %s\n\n" % (each["type"].encode(), orjson.dumps(each)) for each in _events(scenario)]


def _events(scenario: Scenario) -> Iterator[dict[str, Any]]:
    if scenario.stop is None and not scenario.items:
        yield {"type": "error", "error": {"type": "api_error", "message": "Something broke"}}
        return
    read, written = scenario.usage
    usage = {"input_tokens": read, "output_tokens": 1}
    message: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    stop = {"stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": message | stop | {"usage": usage}}
    for index, item in enumerate(scenario.items):
        yield from _block(index, item)
    if scenario.stop is None:
        yield {"type": "error", "error": {"type": "api_error", "message": "Something broke"}}
        return
    delta = {"stop_reason": _STOPS[scenario.stop], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": written}}
    yield {"type": "message_stop"}


def _block(index: int, item: Item) -> Iterator[dict[str, Any]]:
    opening: dict[str, Any]
    deltas: list[dict[str, Any]] = []
    match item:
        case Text(text):
            opening = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": text}]
        case Thought(text, signature):
            opening = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": text}]
            # The vendor checks its own signatures, and so does the scripted model.
            deltas += [{"type": "signature_delta", "signature": signature and sign(text)}]
        case Redacted(data):
            opening = {"type": "redacted_thinking", "data": data}
        case Call(id, name, arguments):
            opening = {"type": "tool_use", "id": id, "name": name, "input": {}}
            pieces = ("", arguments[:7], arguments[7:])
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    yield {"type": "content_block_start", "index": index, "content_block": opening}
    yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
    yield {"type": "content_block_stop", "index": index}
