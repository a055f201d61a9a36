"""Scenarios as Chat Completions tells them: thoughts unsigned and before the text, calls interleaved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from tests.wire.matrix.scenario import Call, Redacted, Scenario, Text, Thought

from flemma_py.model.stream import StopReason

_STOPS = {
    StopReason.DONE: "stop",
    StopReason.TOOL_USE: "tool_calls",
    StopReason.MAX_TOKENS: "length",
    StopReason.REFUSED: "content_filter",
}
_ERROR = {"error": {"message": "Something broke", "type": "server_error", "code": None, "param": None}}


def events(scenario: Scenario) -> list[bytes] | None:
    """None: this wire has no such thing."""
    if any(isinstance(item, Redacted) for item in scenario.items):
        return None
    told = [b"data: %s\n\n" % orjson.dumps(each) for each in _chunks(scenario)]
    return told if scenario.stop is None else [*told, b"data: [DONE]\n\n"]


def _chunks(scenario: Scenario) -> Iterator[dict[str, Any]]:
    if scenario.stop is None and not scenario.items:
        yield _ERROR
        return
    yield _chunk({"role": "assistant", "content": ""})
    calls = [item for item in scenario.items if isinstance(item, Call)]
    for item in scenario.items:
        if isinstance(item, Text):
            yield _chunk({"content": item.text})
        elif isinstance(item, Thought):
            yield _chunk({"reasoning_content": item.text})
    for index, call in enumerate(calls):
        function = {"name": call.name, "arguments": ""}
        yield _chunk({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
    for part in (slice(None, 7), slice(7, None)):
        for index, call in enumerate(calls):
            yield _chunk({"tool_calls": [{"index": index, "function": {"arguments": call.arguments[part]}}]})
    if scenario.stop is None:
        yield _ERROR
        return
    yield _chunk({}, _STOPS[scenario.stop])
    read, written = scenario.usage
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    yield _chunk(None) | {"usage": usage}


def _chunk(delta: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
