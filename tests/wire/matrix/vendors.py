"""The providers of the matrix, and what their vendors' own types say of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from google.genai import types
from pydantic import TypeAdapter
from tests.wire import openai_support, vendor_types
from tests.wire.chat_types import assert_chat_accepts
from tests.wire.matrix.asking import VENDORS

from flemma_py.demo import responses_validation, validation
from flemma_py.model.wire import Kind, Provider
from flemma_py.registry import discover


def provider_of(name: str) -> Provider:
    providers = {module: found for module, found in discover("flemma_py.providers", "PROVIDER")}
    kinds: dict[str, Kind] = dict(discover("flemma_py.providers", "KIND"))
    kind = VENDORS[name].kind
    provider: Provider = kinds[kind].make(name, "") if kind else providers[name]
    return provider


def check(name: str, body: dict[str, Any]) -> None:
    """Raises where the vendor would answer with a status of 400."""
    _CHECKS[name](body)


def _anthropic(body: dict[str, Any]) -> None:
    vendor_types.assert_vendor_accepts(body)
    problem = validation.problem(body)
    assert problem is None, problem


def _openai(body: dict[str, Any]) -> None:
    openai_support.assert_vendor_accepts(body)
    problem = responses_validation.problem(body, encrypted=None)
    assert problem is None, problem


def _chat(body: dict[str, Any]) -> None:
    assert_chat_accepts(body)


def _gemini(body: dict[str, Any]) -> None:
    shapes: dict[str, Any] = {
        "contents": list[types.Content],
        "systemInstruction": types.Content,
        "generationConfig": types.GenerationConfig,
        "tools": list[types.Tool],
        "toolConfig": types.ToolConfig,
    }
    for key, value in body.items():
        TypeAdapter(shapes[key]).validate_json(orjson.dumps(value), extra="forbid")
    speakers = [content["role"] for content in body["contents"]]
    assert speakers[::2] == ["user"] * len(speakers[::2]) and speakers[1::2] == ["model"] * len(speakers[1::2])
    called: list[str] = []
    for content in body["contents"]:
        answered = [part["functionResponse"]["name"] for part in content["parts"] if "functionResponse" in part]
        assert answered == called, "each call is answered in the very next turn, in order"
        called = [part["functionCall"]["name"] for part in content["parts"] if "functionCall" in part]
        first = next((part for part in content["parts"] if "functionCall" in part), None)
        assert first is None or first.get("thoughtSignature"), "these models refuse a call without a signature"


_CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    "anthropic": _anthropic,
    "openai": _openai,
    "vertex": _gemini,
    "gemini": _gemini,
    "moonshot": _chat,
    "ollama": _chat,
    "local": _chat,
}
