"""OpenAI's own client and ours read the same stream to the same result; whole conversations with the scripted model."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import orjson
import pytest
from tests.wire.openai_support import FIXTURES, converse, events_of, fixture, prompt
from tests.wire.support import CALCULATOR, KEY, assistant, comparable, text_of, user

from flemma_py import demo
from flemma_py.demo import peer
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.prompt import TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.model.usage import Usage
from flemma_py.providers.openai import PROVIDER
from flemma_py.providers.tool_wire import wire_name
from flemma_py.transport.http import HttpClient
from flemma_py.transport.retry import wait_before

# What breaks is told by the SDK in ways of its own, and over events without data it stumbles.
_OURS_ALONE = {"cut", "error_first", "error_mid_stream", "failed", "json_error_instead", "page_instead", "unknown"}
_BOTH_READ = sorted(path.stem for path in FIXTURES if path.stem not in _OURS_ALONE)


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


async def sdk_response(base_url: str, **asked: Any) -> Any:
    """What the vendor's client makes of an answer: the response of its last event."""
    given: dict[str, Any] = {"model": "gpt-5.4", "input": "what is 12 * 34?", "store": False} | asked
    async with openai.AsyncOpenAI(base_url=f"{base_url}/v1", api_key=KEY, max_retries=0) as vendor:
        stream = await vendor.responses.create(stream=True, **given)
        last = None
        async for event in stream:
            if event.type in ("response.completed", "response.incomplete", "response.failed"):
                last = event.response
        return last


Block = tuple[Any, ...]


def blocks_of_events(events: list[StreamEvent]) -> list[Block]:
    """Events folded into the items of an answer; messages in a row are one."""
    blocks: list[Block] = []
    thoughts = ""
    for event in events:
        match event:
            case TextDelta(text):
                if blocks and blocks[-1][0] == "message":
                    text = blocks.pop()[1] + text
                blocks.append(("message", text))
            case ThinkingDelta(text):
                thoughts += text
            case ThinkingEnd(_, signature):
                item = json.loads(base64.b64decode(signature)) if signature else {}
                blocks.append(("reasoning", thoughts, item.get("encrypted_content")))
                thoughts = ""
            case ToolCallEnd(_, id, name, arguments):
                blocks.append(("function_call", id, wire_name(name), arguments))
    return blocks


def blocks_of_response(response: Any) -> list[Block]:
    blocks: list[Block] = []
    for item in response.output:
        match item.type:
            case "message":
                text = "".join(part.text if part.type == "output_text" else part.refusal for part in item.content)
                if blocks and blocks[-1][0] == "message":
                    text = blocks.pop()[1] + "\n\n" + text
                blocks.append(("message", text))
            case "reasoning":
                texts = [part.text for part in item.summary or item.content or ()]
                blocks.append(("reasoning", "\n\n".join(texts), item.encrypted_content))
            case "function_call" if item.status != "incomplete":
                blocks.append(("function_call", item.call_id, item.name, item.arguments))
    return blocks


def usage_of(events: list[StreamEvent]) -> Usage:
    usage = Usage()
    for event in events:
        usage = usage.updated(event) if isinstance(event, UsageReport) else usage
    return usage


@pytest.mark.parametrize("name", _BOTH_READ)
async def test_both_clients_read_a_captured_answer_alike(server: DemoServer, name: str) -> None:
    data = fixture(name)
    server.enqueue(peer.stream([data[i : i + 50] for i in range(0, len(data), 50)]))
    response = await sdk_response(server.base_url)
    events = events_of([data])
    # Calls that are written at the same time end in an order of their own.
    assert sorted(blocks_of_events(events)) == sorted(blocks_of_response(response))
    usage, told = usage_of(events), response.usage
    assert usage.input + usage.cache_read + usage.cache_write == told.input_tokens
    assert usage.output == told.output_tokens


@pytest.mark.parametrize("text", ["what is 12 * 34?", "think", "hello"])
async def test_both_clients_read_the_scripted_model_alike(server: DemoServer, client: HttpClient, text: str) -> None:
    tool = {"type": "function", "name": CALCULATOR.name, "parameters": CALCULATOR.input_schema, "strict": False}
    response = await sdk_response(server.base_url, input=[{"role": "user", "content": text}], tools=[tool])
    events = await converse(client, server.base_url, prompt(user(text), tools=(CALCULATOR,)))
    assert blocks_of_events(events) == blocks_of_response(response)
    assert isinstance(events[-1], StreamEnd)


async def test_both_clients_see_an_error_in_mid_stream(server: DemoServer) -> None:
    server.enqueue(peer.stream([fixture("failed")]))
    assert (await sdk_response(server.base_url)).error.code == "server_error"
    assert comparable(events_of([fixture("failed")]))[-1][0] is RequestKind.SERVER


async def test_the_sdk_reads_what_the_scripted_model_begins_and_ends(server: DemoServer) -> None:
    """Its own helper puts the snapshot together from the pieces, so it sees where one is missing."""
    async with (
        openai.AsyncOpenAI(base_url=f"{server.base_url}/v1", api_key=KEY, max_retries=0) as vendor,
        vendor.responses.stream(model="gpt-5.4", input=[{"role": "user", "content": "think"}]) as stream,
    ):
        types = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert types[0] == "response.created"
    assert types[-1] == "response.completed"
    assert final.output_text


# -- conversations ----------------------------------------------------------------------------------------------------


async def test_a_prompt_leads_over_a_calculation_to_its_answer(server: DemoServer, client: HttpClient) -> None:
    question = user("What is 12 * 34?")
    events = await converse(client, server.base_url, prompt(question, tools=(CALCULATOR,)))
    (call,) = [event for event in events if isinstance(event, ToolCallEnd)]
    (end,) = [event for event in events if isinstance(event, ThinkingEnd)]
    assert orjson.loads(call.arguments) == {"expression": "12 * 34"}
    assert events[-1] == StreamEnd(StopReason.TOOL_USE)
    reply = assistant(
        ThinkingPart("", end.provider, end.signature, redacted=False),
        text_of(events),
        ToolCallPart(call.id, call.name, orjson.loads(call.arguments), call.arguments),
    )
    result = user(ToolResultPart(call.id, (TextPart("408"),), is_error=False))
    events = await converse(client, server.base_url, prompt(question, reply, result, tools=(CALCULATOR,)))
    assert "`12 * 34` is **408**" in text_of(events)
    assert events[-1] == StreamEnd(StopReason.DONE)
    assert [request.problem for request in server.recorded] == [None, None]


async def test_a_limit_cuts_and_a_key_is_refused(server: DemoServer, client: HttpClient) -> None:
    events = await converse(client, server.base_url, prompt(max_tokens=16))
    assert events[-1] == StreamEnd(StopReason.MAX_TOKENS, "max_output_tokens")
    locked = await demo.start(pace=0, key=KEY)
    with pytest.raises(RequestError, match="OPENAI_API_KEY") as caught:
        await converse(client, locked.base_url, prompt(), "sk-wrong")
    assert caught.value.kind is RequestKind.AUTH
    assert text_of(await converse(client, locked.base_url, prompt(), KEY))
    await locked.close()


async def test_directives_are_obeyed_on_this_wire(server: DemoServer, client: HttpClient) -> None:
    events = await converse(client, server.base_url, prompt(user("!deltas 12 5 0")))
    assert [len(event.text) for event in events if isinstance(event, TextDelta)] == [5] * 12
    assert events[-1] == StreamEnd(StopReason.DONE)
    assert text_of(await converse(client, server.base_url, prompt(user("!say well done")))) == "well done"
    for directive, kind in (("!status 529 busy", RequestKind.OVERLOAD), ("!cut 3", RequestKind.TRUNCATED)):
        with pytest.raises(RequestError) as caught:
            await converse(client, server.base_url, prompt(user(directive)))
        assert caught.value.kind is kind


async def test_a_text_scripted_on_this_wire_arrives(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.text("one ", "two", face=peer.RESPONSES))
    assert text_of(await converse(client, server.base_url, prompt())) == "one two"


# -- refusals ---------------------------------------------------------------------------------------------------------


def error(message: str, type: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


RATES = (
    ("x-ratelimit-remaining-tokens", "0"),
    ("x-ratelimit-limit-tokens", "30000"),
    ("retry-after", "7"),
)
QUOTA = error("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error("Incorrect API key provided: sk-x.", "invalid_request_error", "invalid_api_key"), "auth"),
        (403, error("Country not supported", "request_forbidden", "unsupported_country_region_territory"), "auth"),
        (429, QUOTA, "credit"),
        (429, error("Rate limit reached for gpt-5.4.", "tokens", "rate_limit_exceeded"), "rate"),
        (404, error("The model `gpt-9` does not exist.", "invalid_request_error", "model_not_found"), "bad_model"),
        (400, error("Too long.", "invalid_request_error", "context_length_exceeded"), "too_long"),
        (400, error("Your input exceeds the context window of this model.", "invalid_request_error"), "too_long"),
        (400, error("Unknown parameter: 'x'.", "invalid_request_error", "unknown_parameter"), "bad_request"),
        (400, error("Invalid prompt: flagged.", "invalid_request_error", "invalid_prompt"), "blocked"),
        (500, error("The server had an error.", "server_error"), "server"),
        (503, "upstream connect error", "server"),
        (502, "<html><h1>502 Bad Gateway</h1></html>", "server"),
    ],
)
async def test_refusals_are_told_for_what_they_are(
    server: DemoServer, client: HttpClient, status: int, body: Any, kind: str
) -> None:
    server.enqueue(peer.refusal(status, body, RATES))
    with pytest.raises(RequestError) as caught:
        await converse(client, server.base_url, prompt())
    assert caught.value.kind.value == kind
    assert caught.value.status == status
    assert "OpenAI" in caught.value.message
    assert ("x-ratelimit-limit-tokens: 30000\nx-ratelimit-remaining-tokens: 0" in caught.value.message) == (
        kind == "rate"
    )


def test_the_id_of_a_request_is_told_for_those_who_ask_the_vendor() -> None:
    told = PROVIDER.read_error(500, {"X-Request-Id": "req_1"}, orjson.dumps(error("Oops.", "server_error")))
    assert told.request_id == "req_1"
    assert "[request req_1]" in told.message


async def test_an_empty_account_is_not_asked_again(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.refusal(429, QUOTA, RATES))
    with pytest.raises(RequestError) as caught:
        await converse(client, server.base_url, prompt())
    assert wait_before(1, caught.value, 0) is None


async def test_a_failure_inside_the_answer_keeps_what_came(server: DemoServer, client: HttpClient) -> None:
    server.enqueue(peer.stream([fixture("error_mid_stream")]))
    events = await converse(client, server.base_url, prompt())
    assert text_of(events) == "Well"
    assert isinstance(events[-1], StreamFailure)
    assert PROVIDER.name == "openai"
