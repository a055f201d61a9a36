"""The vendor's own client and ours read the same stream to the same result."""

from __future__ import annotations

import codecs
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import pytest
from tests.wire.support import CALCULATOR, FIXTURES, KEY, comparable, converse, events_of, fixture, prompt, user

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
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
from flemma_py.providers.tool_wire import wire_name
from flemma_py.transport.http import HttpClient

# Broken streams, error pages and wrong JSON are told by the SDK in ways of its own.
_OURS_ALONE = {"cut", "error_mid_stream", "json_error_instead", "page_instead", "ping_and_unknown", "max_tokens"}
_BOTH_READ = sorted(path.stem for path in FIXTURES if path.stem not in _OURS_ALONE)
_ASKED: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "what is 12 * 34?"}],
}


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


async def sdk_message(base_url: str, **asked: Any) -> Any:
    async with (
        anthropic.AsyncAnthropic(base_url=base_url, api_key=KEY, max_retries=0) as vendor,
        vendor.messages.stream(**(_ASKED | asked)) as stream,
    ):
        return await stream.get_final_message()


def blocks_of_events(events: list[StreamEvent]) -> list[tuple[Any, ...]]:
    """Events folded into the blocks of a message."""
    blocks: list[tuple[Any, ...]] = []
    thoughts = ""
    for event in events:
        match event:
            case TextDelta(text):
                if blocks and blocks[-1][0] == "text":
                    text = blocks.pop()[1] + text
                blocks.append(("text", text))
            case ThinkingDelta(text):
                thoughts += text
            case ThinkingEnd(_, signature, None):
                blocks.append(("thinking", thoughts, signature))
                thoughts = ""
            case ThinkingEnd(_, _, data):
                blocks.append(("redacted_thinking", data))
            case ToolCallEnd(_, id, name, arguments):
                blocks.append(("tool_use", id, wire_name(name), json.loads(arguments)))
    return blocks


def blocks_of_message(message: Any) -> list[tuple[Any, ...]]:
    fields = {
        "text": ("text",),
        "thinking": ("thinking", "signature"),
        "redacted_thinking": ("data",),
        "tool_use": ("id", "name", "input"),
    }
    return [
        (block.type, *(getattr(block, field) for field in fields[block.type]))
        for block in message.content
        if block.type != "text" or block.text
    ]


def usage_of(events: list[StreamEvent]) -> Usage:
    usage = Usage()
    for event in events:
        usage = usage.updated(event) if isinstance(event, UsageReport) else usage
    return usage


@pytest.mark.parametrize("name", _BOTH_READ)
async def test_both_clients_read_a_captured_answer_alike(server: DemoServer, name: str) -> None:
    # The SDK stumbles over a byte order mark, which the standard tells readers to pass over.
    data = fixture(name).removeprefix(codecs.BOM_UTF8)
    server.enqueue(peer.stream([data[i : i + 50] for i in range(0, len(data), 50)]))
    message = await sdk_message(server.base_url)
    events = events_of([data])
    assert blocks_of_events(events) == blocks_of_message(message)
    usage = usage_of(events)
    assert (usage.input, usage.output) == (message.usage.input_tokens, message.usage.output_tokens)


@pytest.mark.parametrize("text", ["what is 12 * 34?", "think", "hello"])
async def test_both_clients_read_the_scripted_model_alike(server: DemoServer, client: HttpClient, text: str) -> None:
    tool = {"name": CALCULATOR.name, "description": "", "input_schema": CALCULATOR.input_schema}
    message = await sdk_message(server.base_url, messages=[{"role": "user", "content": text}], tools=[tool])
    events = await converse(client, server.base_url, prompt(user(text), tools=(CALCULATOR,)))
    assert blocks_of_events(events) == blocks_of_message(message)
    assert isinstance(events[-1], StreamEnd)


async def test_both_clients_see_an_error_in_mid_stream(server: DemoServer) -> None:
    data = fixture("error_mid_stream")
    server.enqueue(peer.stream([data]))
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        await sdk_message(server.base_url)
    assert comparable(events_of([data]))[-1][0] is RequestKind.OVERLOAD


async def test_both_clients_see_a_refused_key(client: HttpClient) -> None:
    locked = await demo.start(pace=0, key="another", peer=True)
    with pytest.raises(anthropic.AuthenticationError):
        await sdk_message(locked.base_url)
    with pytest.raises(RequestError) as caught:
        await converse(client, locked.base_url, prompt())
    assert caught.value.kind is RequestKind.AUTH
    await locked.close()
