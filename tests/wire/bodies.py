"""Bodies that everybody who checks bodies took: the vendor's types, and the scripted model's rules."""

from __future__ import annotations

from typing import Any

import orjson
from tests.wire.support import prompt
from tests.wire.vendor_types import assert_vendor_accepts

from flemma_py.demo.reply import sign
from flemma_py.demo.validation import problem
from flemma_py.model.prompt import Prompt, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.providers.anthropic import PROVIDER

BASE = "http://127.0.0.1:1"


def body_of(asked: Prompt) -> dict[str, Any]:
    """The body, after everybody who checks bodies took it."""
    body: dict[str, Any] = orjson.loads(PROVIDER.build_request(asked, BASE).body)
    assert_vendor_accepts(body)
    assert (found := problem(body)) is None, found
    return body


def messages_of(*turns: Turn, **parameters: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = body_of(prompt(*turns, **parameters))["messages"]
    return messages


def call(id: str, name: str = "calculator", input: Any = None) -> ToolCallPart:
    return ToolCallPart(id, name, {} if input is None else input, "{}")


def result(id: str, text: str = "42", *, is_error: bool = False) -> ToolResultPart:
    return ToolResultPart(id, (TextPart(text),), is_error)


def thought(text: str, *, provider: str | None = "anthropic", signature: str | None = None) -> ThinkingPart:
    return ThinkingPart(text, provider, signature or (sign(text) if provider else None), redacted=False)
