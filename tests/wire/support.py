"""What the wire tests share: fixtures, a prompt in one line, and one exchange over a real socket."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flemma_py.model.prompt import Part, Prompt, Speaker, TextPart, Turn
from flemma_py.model.stream import StreamEvent, TextDelta, ToolCallDelta
from flemma_py.model.tool import ToolDefinition
from flemma_py.providers.anthropic import PROVIDER
from flemma_py.transport.http import HttpClient

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.sse"))
KEY = "sk-ant-api03-this-is-secret"
CALCULATOR = ToolDefinition(
    "calculator",
    "Evaluate an expression.",
    {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]},
)


def fixture(name: str) -> bytes:
    return (Path(__file__).parent / "fixtures" / f"{name}.sse").read_bytes()


def user(*parts: Part | str) -> Turn:
    return Turn(Speaker.USER, tuple(TextPart(part) if isinstance(part, str) else part for part in parts))


def assistant(*parts: Part | str) -> Turn:
    return Turn(Speaker.ASSISTANT, tuple(TextPart(part) if isinstance(part, str) else part for part in parts))


def prompt(
    *turns: Turn,
    system: str = "",
    model: str = "claude-sonnet-4-5",
    tools: tuple[ToolDefinition, ...] = (),
    **parameters: Any,
) -> Prompt:
    return Prompt(model, system, turns or (user("Hello"),), tools, parameters, PROVIDER.facts(model))


def events_of(chunks: Iterable[bytes]) -> list[StreamEvent]:
    """What the provider makes of an answer that comes in these pieces."""
    stream = PROVIDER.open_stream()
    events = [event for chunk in chunks for event in stream.feed(chunk)]
    return events + stream.close()


def comparable(events: Iterable[StreamEvent]) -> list[Any]:
    """Events as values: errors are compared by what they say."""
    return [
        (event.error.kind, event.error.message, event.error.request_id) if hasattr(event, "error") else event
        for event in events
    ]


def text_of(events: Iterable[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def arguments_of(events: Iterable[StreamEvent]) -> str:
    return "".join(event.json for event in events if isinstance(event, ToolCallDelta))


async def converse(client: HttpClient, base_url: str, asked: Prompt, key: str | None = KEY) -> list[StreamEvent]:
    """One whole exchange. Raises what the provider reads out of a refusal."""
    async with client.open(PROVIDER.build_request(asked, base_url), key, timeout=5, connect_timeout=5) as response:
        if not response.ok:
            raise PROVIDER.read_error(response.status, response.headers, await response.body())
        stream = PROVIDER.open_stream()
        events = [event async for chunk in response.chunks() for event in stream.feed(chunk)]
        return events + stream.close()
