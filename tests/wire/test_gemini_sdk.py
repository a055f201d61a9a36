"""Google's own client and ours read the same stream to the same result, and hold the same conversations."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from google import genai
from google.genai import errors, types
from tests.wire.gemini_streams import STREAMS, stream
from tests.wire.support import CALCULATOR, assistant, user

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import Part, Prompt, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.stream import (
    StreamEnd,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.model.usage import Usage
from flemma_py.providers import gemini, vertex
from flemma_py.providers.tool_wire import wire_name
from flemma_py.transport.http import HttpClient

# The SDK derives from aiohttp's session.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

KEY = "AIza-this-is-secret"
MODEL = "gemini-3.8-flash"
SERVICES = {"vertex": vertex.PROVIDER, "gemini": gemini.PROVIDER}


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


def sdk(base_url: str) -> genai.Client:
    options = types.HttpOptions(base_url=base_url, retry_options=types.HttpRetryOptions(attempts=1))
    return genai.Client(api_key=KEY, http_options=options)


async def sdk_chunks(base_url: str, text: str = "Hello", **config: Any) -> list[types.GenerateContentResponse]:
    async with sdk(base_url).aio as vendor:
        answer = await vendor.models.generate_content_stream(
            model=MODEL, contents=text, config=types.GenerateContentConfig(**config) if config else None
        )
        return [chunk async for chunk in answer]


def prompt(*turns: Turn) -> Prompt:
    parameters = {"project_id": "p"}
    return Prompt(MODEL, "", turns, (CALCULATOR,), parameters, vertex.PROVIDER.facts(MODEL))


async def ours(
    client: HttpClient, base_url: str, asked: Prompt, service: str = "gemini", key: str = KEY
) -> list[StreamEvent]:
    """One whole exchange. Raises what the provider reads out of a refusal."""
    provider = SERVICES[service]
    async with client.open(provider.build_request(asked, base_url), key, timeout=5, connect_timeout=5) as response:
        if not response.ok:
            raise provider.read_error(response.status, response.headers, await response.body())
        reader = provider.open_stream()
        events = [event async for chunk in response.chunks() for event in reader.feed(chunk)]
        return events + reader.close()


def of_events(events: list[StreamEvent]) -> dict[str, Any]:
    return {
        "text": "".join(event.text for event in events if isinstance(event, TextDelta)),
        "thoughts": "".join(event.text for event in events if isinstance(event, ThinkingDelta)),
        "calls": [
            (wire_name(event.name), orjson.loads(event.arguments)) for event in events if isinstance(event, ToolCallEnd)
        ],
        "signatures": [
            base64.b64decode(event.signature) for event in events if isinstance(event, ThinkingEnd) and event.signature
        ],
    }


def of_chunks(chunks: list[types.GenerateContentResponse]) -> dict[str, Any]:
    parts = [
        part
        for chunk in chunks
        for candidate in chunk.candidates or ()
        for part in (candidate.content.parts if candidate.content else None) or ()
    ]
    return {
        "text": "".join(part.text for part in parts if part.text and not part.thought),
        "thoughts": "".join(part.text for part in parts if part.text and part.thought),
        "calls": [(call.name, call.args or {}) for part in parts if (call := part.function_call)],
        "signatures": [part.thought_signature for part in parts if part.thought_signature],
    }


@pytest.mark.parametrize("name", STREAMS)
async def test_both_clients_read_a_captured_answer_alike(server: DemoServer, client: HttpClient, name: str) -> None:
    data = stream(name)
    captured = peer.stream([data[i : i + 50] for i in range(0, len(data), 50)])
    server.enqueue(captured, captured)
    chunks = await sdk_chunks(server.base_url)
    events = await ours(client, server.base_url, prompt(user("Hello")))
    assert of_events(events) == of_chunks(chunks)
    usage, counted = Usage(), chunks[-1].usage_metadata
    for event in events:
        usage = usage.updated(event) if isinstance(event, UsageReport) else usage
    assert counted is not None
    assert usage.input + usage.cache_read == counted.prompt_token_count
    assert (usage.output, usage.thoughts) == (counted.candidates_token_count, counted.thoughts_token_count)


@pytest.mark.parametrize("text", ["what is 12 * 34?", "think", "hello"])
async def test_both_clients_read_the_scripted_model_alike(server: DemoServer, client: HttpClient, text: str) -> None:
    declared = types.FunctionDeclaration(name=CALCULATOR.name, parameters_json_schema=CALCULATOR.input_schema)
    chunks = await sdk_chunks(server.base_url, text, tools=[types.Tool(function_declarations=[declared])])
    events = await ours(client, server.base_url, prompt(user(text)))
    assert of_events(events) == of_chunks(chunks)
    assert isinstance(events[-1], StreamEnd)
    assert server.recorded[0].headers["x-goog-api-key"] == server.recorded[1].headers["x-goog-api-key"] == KEY


@pytest.mark.parametrize("service", SERVICES)
async def test_a_conversation_with_tools_is_taken_whole(server: DemoServer, client: HttpClient, service: str) -> None:
    """The strict server signs what it says and wants each signature back on its part."""
    turns = [user("what is 12 * 34?")]
    for answer in ("408", None):
        events = await ours(client, server.base_url, prompt(*turns), service)
        said = parts_of(events)
        turns.append(assistant(*said))
        calls = [part for part in said if isinstance(part, ToolCallPart)]
        if answer is not None:
            turns.append(user(*(ToolResultPart(part.id, (TextPart(answer),), False) for part in calls)))
    turns += [user("think")]
    await ours(client, server.base_url, prompt(*turns), service)
    assert [request.problem for request in server.recorded] == [None] * 3
    path = server.recorded[0].path
    assert path.startswith(
        "/v1beta1/projects/p/locations/global/publishers/google/" if service == "vertex" else "/v1beta/"
    )


def parts_of(events: list[StreamEvent]) -> list[Part]:
    """A reply as the parts of the turn that the buffer makes of it."""
    parts: list[Part] = []
    thoughts = ""
    for event in events:
        match event:
            case TextDelta(text):
                before = parts.pop().text if parts and isinstance(parts[-1], TextPart) else ""  # type: ignore[union-attr]
                parts.append(TextPart(before + text))
            case ThinkingDelta(text):
                thoughts += text
            case ThinkingEnd(provider, signature):
                parts.append(ThinkingPart(thoughts, provider, signature, redacted=False))
                thoughts = ""
            case ToolCallEnd(_, id, name, arguments):
                parts.append(ToolCallPart(id, name, orjson.loads(arguments), arguments))
    return parts


@pytest.mark.parametrize("service", SERVICES)
async def test_both_clients_see_a_refused_key(client: HttpClient, service: str) -> None:
    locked = await demo.start(pace=0, key="another", peer=True)
    with pytest.raises(errors.ClientError, match="invalid authentication"):
        await sdk_chunks(locked.base_url)
    with pytest.raises(RequestError) as caught:
        await ours(client, locked.base_url, prompt(user("Hello")), service)
    assert caught.value.kind is RequestKind.AUTH
    assert (await ours(client, locked.base_url, prompt(user("Hello")), service, "another"))[-1] is not None
    await locked.close()


async def test_both_clients_count_alike(server: DemoServer, client: HttpClient) -> None:
    async with sdk(server.base_url).aio as vendor:
        theirs = await vendor.models.count_tokens(model=MODEL, contents="Hello")
    provider = vertex.PROVIDER
    request = provider.count_request(prompt(user("Hello")), server.base_url)  # type: ignore[attr-defined]
    async with client.open(request, KEY) as response:
        counted = provider.read_count(await response.body())  # type: ignore[attr-defined]
    assert theirs.total_tokens and counted
    assert server.recorded[0].path.endswith(f"/models/{MODEL}:countTokens")
    with pytest.raises(RequestError, match="many"):
        provider.read_count(b'{"totalTokens": "many"}')  # type: ignore[attr-defined]
