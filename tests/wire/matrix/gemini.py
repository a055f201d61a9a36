"""Scenarios as Gemini tells them: parts in chunks, a signature on the part that follows the thought."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from tests.wire.matrix.scenario import Call, Redacted, Scenario, Text, Thought

from flemma_py.model.stream import StopReason

_STOPS = {
    StopReason.DONE: "STOP",
    StopReason.TOOL_USE: "STOP",
    StopReason.MAX_TOKENS: "MAX_TOKENS",
    StopReason.REFUSED: "SAFETY",
}
_ERROR = {"error": {"code": 500, "message": "Something broke", "status": "INTERNAL"}}


def events(scenario: Scenario) -> list[bytes] | None:
    """None: this wire has no such thing."""
    if any(isinstance(item, Redacted) for item in scenario.items):
        return None
    return [b"data: %s\r\n\r\n" % orjson.dumps(each) for each in _chunks(scenario)]


def _chunks(scenario: Scenario) -> Iterator[dict[str, Any]]:
    signature: str | None = None
    for item in scenario.items:
        part: dict[str, Any]
        match item:
            case Thought(text, own):
                signature = own
                part = {"text": text, "thought": True}
            case Text(text):
                part = {"text": text}
            case Call(_, name, arguments):
                part = {"functionCall": {"name": name, "args": orjson.loads(arguments)}}
            case Redacted():
                raise AssertionError("not on this wire")
        if signature and not isinstance(item, Thought):
            part["thoughtSignature"], signature = signature, None
        yield _chunk([part], scenario)
    if scenario.stop is None:
        yield _ERROR
        return
    last = _chunk([], scenario)
    last["candidates"][0]["finishReason"] = _STOPS[scenario.stop]
    yield last


def _chunk(parts: list[dict[str, Any]], scenario: Scenario) -> dict[str, Any]:
    read, written = scenario.usage
    usage = {"promptTokenCount": read, "candidatesTokenCount": written, "totalTokenCount": read + written}
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}
