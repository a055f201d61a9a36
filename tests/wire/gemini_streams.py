"""Answers of Gemini models, as both services stream them: lists of events, and the bytes that they travel as."""

from __future__ import annotations

from typing import Any

import orjson

Event = dict[str, Any]

USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 60,
    "candidatesTokenCount": 20,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 125,
}


def line(value: Any) -> bytes:
    return b"data: %s\r\n\r\n" % orjson.dumps(value)


def said(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> Event:
    """One event with these parts."""
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    if message := fields.pop("message", None):
        candidate["finishMessage"] = message
    return {"candidates": [candidate], "modelVersion": "gemini-3.8-flash", "responseId": "r-1"} | fields


def text(words: str, signature: str | None = None) -> dict[str, Any]:
    return {"text": words} | ({"thoughtSignature": signature} if signature else {})


def thought(words: str, signature: str | None = None) -> dict[str, Any]:
    return text(words, signature) | {"thought": True}


def call(name: str, signature: str | None = None, **arguments: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": name, "args": arguments}}
    if signature:
        part["thoughtSignature"] = signature
    return part


END = said(finish="STOP", usageMetadata=USAGE)

STREAMS: dict[str, list[Event]] = {
    "text": [said(text("Hello,")), said(text("\n\n")), said(text("Größe \u2028 €"), usageMetadata=USAGE), END],
    "thoughts, then signed text": [
        said(thought("**Plan**\n\n")),
        said(thought("Say it.")),
        said(text("It is ")),
        said(text("so."), usageMetadata=USAGE),
        said(text("", "c2lnMQ=="), finish="STOP", usageMetadata=USAGE),
    ],
    "signed text alone": [said(text("Yes", "c2lnMg==")), said(text(" indeed.")), END],
    "signed at its end": [said(text("Yes")), said(text(" indeed.", "c2lnMw==")), END],
    "a call": [said(thought("Compute.")), said(call("calculator", "c2lnNA==", expression="12 * 34")), END],
    "text, then a signed call": [
        said(thought("Hm.")),
        said(text("Let me see.")),
        said(call("slack__post", "c2lnNQ==", text="a")),
        END,
    ],
    "three calls at once": [
        said(call("add", "c2lnNg==", x=1), call("add", x=2)),
        said(call("sub", x=[3, {"y": None}])),
        said(finish="STOP", usageMetadata=USAGE),
    ],
    "calls with ids": [
        said({"functionCall": {"id": "fc-1", "name": "add", "args": {"x": 1}}, "thoughtSignature": "c2lnNw=="}),
        said({"functionCall": {"id": "fc-2", "name": "add"}}),
        END,
    ],
    "a signed thought and a signed call": [said(thought("Hm.", "c2lnOA==")), said(call("add", "c2lnOQ==", x=1)), END],
    "token limit": [said(text("It was a dark and")), said(finish="MAX_TOKENS", usageMetadata=USAGE)],
    "nothing": [END],
}
"""Orderly ones, which every client reads to the same result."""

PIECEWISE: list[Event] = [
    said({"functionCall": {"name": "book", "willContinue": True}, "thoughtSignature": "c2ln"}),
    said({"functionCall": {"partialArgs": [{"jsonPath": "$.to", "stringValue": "New ", "willContinue": True}],
                           "willContinue": True}}),
    said({"functionCall": {"partialArgs": [{"jsonPath": "$.to", "stringValue": "Delhi"},
                                           {"jsonPath": "$.seats[0].row", "numberValue": 12}],
                           "willContinue": True}}),
    said({"functionCall": {"partialArgs": [{"jsonPath": "$.seats[1].row", "numberValue": 13},
                                           {"jsonPath": "$['a b']", "boolValue": True},
                                           {"jsonPath": "$.note", "nullValue": "NULL_VALUE"}],
                           "willContinue": True}}),
    said({"functionCall": {}}),
    END,
]  # fmt: skip
"""A call whose arguments come one after another."""


def stream(name: str) -> bytes:
    return b"".join(map(line, STREAMS[name]))
