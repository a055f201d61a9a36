"""OpenAI's own client and ours read the same stream to the same result."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest
from tests.wire.chat_captures import CAPTURES
from tests.wire.support import CALCULATOR, KEY, prompt, user

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import StreamFailure, TextDelta, ThinkingDelta, ToolCallEnd, UsageReport
from flemma_py.model.usage import Usage
from flemma_py.providers.openai_chat import KIND
from flemma_py.providers.tool_wire import wire_name
from flemma_py.transport.http import HttpClient

PROVIDER = KIND.make("local", "LOCAL_KEY")
BOTH_READ = [name for name, capture in CAPTURES.items() if capture.for_all]


@dataclass
class Read:
    text: str = ""
    thoughts: str = ""
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: tuple[int, int] | None = None


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


async def vendors(base_url: str, text: str = "Hi", **asked: Any) -> Read:
    """What the vendor's client makes of an answer, put together as its users do."""
    read = Read()
    calls: dict[int, list[str]] = {}
    async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=KEY, max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": text}], stream=True,
            stream_options={"include_usage": True}, **asked,
        )  # fmt: skip
        async for chunk in stream:
            if chunk.usage:
                read.tokens = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            for choice in chunk.choices:
                read.text += choice.delta.content or ""
                more: Any = choice.delta.model_extra or {}
                read.thoughts += more.get("reasoning_content") or more.get("reasoning") or ""
                for piece in choice.delta.tool_calls or ():
                    call = calls.setdefault(piece.index, ["", "", ""])
                    call[0] += piece.id or ""
                    if piece.function:
                        call[1] += piece.function.name or ""
                        call[2] += piece.function.arguments or ""
    read.calls = [(id, name, arguments) for id, name, arguments in calls.values()]
    return read


async def ours(base_url: str, asked: Prompt) -> Read:
    read, usage = Read(), Usage()
    client = HttpClient()
    try:
        async with client.open(PROVIDER.build_request(asked, base_url), KEY) as response:
            if not response.ok:
                raise PROVIDER.read_error(response.status, response.headers, await response.body())
            stream = PROVIDER.open_stream()
            events = [event async for chunk in response.chunks() for event in stream.feed(chunk)] + stream.close()
    finally:
        await client.close()
    for event in events:
        match event:
            case TextDelta(text):
                read.text += text
            case ThinkingDelta(text):
                read.thoughts += text
            case ToolCallEnd(_, id, name, arguments):
                read.calls.append((id, wire_name(name), arguments))
            case UsageReport():
                usage = usage.updated(event)
            case StreamFailure(error):
                raise error
    if usage != Usage():
        read.tokens = usage.input + usage.cache_read + usage.cache_write, usage.output
    return read


@pytest.mark.parametrize("name", BOTH_READ)
async def test_both_clients_read_a_server_alike(server: DemoServer, name: str) -> None:
    data = b"".join(CAPTURES[name].events)
    pieces = [data[i : i + 50] for i in range(0, len(data), 50)]
    server.enqueue(peer.stream(pieces), peer.stream(pieces))
    assert await ours(server.base_url, prompt()) == await vendors(server.base_url)


@pytest.mark.parametrize("text", ["what is 12 * 34?", "think", "hello"])
async def test_both_clients_read_the_scripted_model_alike(server: DemoServer, text: str) -> None:
    function = {"name": CALCULATOR.name, "description": "", "parameters": CALCULATOR.input_schema}
    tools = [{"type": "function", "function": function}]
    theirs = await vendors(server.base_url, text, tools=tools)
    mine = await ours(server.base_url, prompt(user(text), tools=(CALCULATOR,)))
    assert (mine.text, mine.thoughts, mine.calls) == (theirs.text, theirs.thoughts, theirs.calls)


async def test_both_clients_see_an_error_in_mid_stream(server: DemoServer) -> None:
    data = CAPTURES["openai"].events[1] + b'data: {"error":{"message":"gone away","code":502}}\n\n'
    server.enqueue(peer.stream([data]), peer.stream([data]))
    with pytest.raises(openai.APIError, match="gone away"):
        await vendors(server.base_url)
    with pytest.raises(RequestError, match="gone away"):
        await ours(server.base_url, prompt())


async def test_both_clients_see_a_refused_key() -> None:
    locked = await demo.start(pace=0, key="another", peer=True)
    with pytest.raises(openai.AuthenticationError):
        await vendors(locked.base_url)
    with pytest.raises(RequestError) as caught:
        await ours(locked.base_url, prompt())
    assert caught.value.kind is RequestKind.AUTH
    await locked.close()
