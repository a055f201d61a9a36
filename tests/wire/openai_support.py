"""What the tests of the Responses wire share: its fixtures, a prompt in one line, bodies that everybody took."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming
from pydantic import TypeAdapter
from tests.wire.support import user
from tests.wire.vendor_types import strangers

from flemma_py.demo.responses_validation import problem
from flemma_py.model.prompt import Prompt, Turn
from flemma_py.model.stream import StreamEvent
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers.openai import PROVIDER
from flemma_py.transport.http import HttpClient

BASE = "http://127.0.0.1:1/v1"
MODEL = "gpt-5.4"
FIXTURES = sorted((Path(__file__).parent / "fixtures/openai").glob("*.sse"))
_CREATE: TypeAdapter[Any] = TypeAdapter(ResponseCreateParamsStreaming)
_COUNT: TypeAdapter[Any] = TypeAdapter(InputTokenCountParams)


def fixture(name: str) -> bytes:
    return (Path(__file__).parent / f"fixtures/openai/{name}.sse").read_bytes()


def events_of(chunks: Iterable[bytes]) -> list[StreamEvent]:
    """What the provider makes of an answer that comes in these pieces."""
    stream = PROVIDER.open_stream()
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return events + stream.close()


def prompt(
    *turns: Turn,
    system: str = "",
    model: str = MODEL,
    tools: tuple[ToolDefinition, ...] = (),
    cache_key: str | None = None,
    **parameters: Any,
) -> Prompt:
    return Prompt(model, system, turns or (user("Hello"),), tools, parameters, PROVIDER.facts(model), cache_key)


def body_of(asked: Prompt) -> dict[str, Any]:
    """The body, after the vendor's types and the scripted model took it."""
    body: dict[str, Any] = orjson.loads(PROVIDER.build_request(asked, BASE).body)
    assert_vendor_accepts(body)
    assert (found := problem(body)) is None, found
    return body


def items_of(*turns: Turn, **parameters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = body_of(prompt(*turns, **parameters))["input"]
    return items


def assert_vendor_accepts(body: dict[str, Any]) -> None:
    """Raises where the SDK would not let `body` out, or where it has a key that the SDK does not know."""
    _CREATE.validate_python(body)
    found = list(strangers(body, ResponseCreateParamsStreaming, "body"))
    assert not found, found


def assert_vendor_counts(body: dict[str, Any]) -> None:
    """The same of a body whose tokens are to be counted."""
    _COUNT.validate_python(body)
    found = list(strangers(body, InputTokenCountParams, "body"))
    assert not found, found


async def converse(client: HttpClient, base_url: str, asked: Prompt, key: str | None = "sk-any") -> list[StreamEvent]:
    """One whole exchange. Raises what the provider reads out of a refusal."""
    async with client.open(PROVIDER.build_request(asked, base_url), key, timeout=5, connect_timeout=5) as response:
        if not response.ok:
            raise PROVIDER.read_error(response.status, response.headers, await response.body())
        stream = PROVIDER.open_stream()
        events = [event async for chunk in response.chunks() for event in stream.feed(chunk)]
        return events + stream.close()
