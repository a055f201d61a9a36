"""Chat Completions requests, and whole exchanges with the scripted model over a real socket."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from tests.wire.bodies import call, result, thought
from tests.wire.chat_types import assert_chat_accepts
from tests.wire.support import CALCULATOR, KEY, assistant, prompt, text_of, user

from flemma_py import demo
from flemma_py.demo.server import DemoServer
from flemma_py.errors import DocumentError, RequestError, RequestKind
from flemma_py.model.language_model import NO_THINKING, ThinkingFacts, ThinkingForm
from flemma_py.model.prompt import Prompt, ThinkingPart, ToolCallPart, Turn
from flemma_py.model.stream import StopReason, StreamEnd, StreamEvent, ThinkingDelta, ToolCallEnd, UsageReport
from flemma_py.model.wire import Credential
from flemma_py.providers.openai_chat import KIND
from flemma_py.transport.http import HttpClient

PROVIDER = KIND.make("local", "")
BASE = "http://localhost:11434/v1"


def body_of(asked: Prompt) -> dict[str, Any]:
    asked = replace(asked, facts=PROVIDER.facts(asked.model))
    body: dict[str, Any] = orjson.loads(PROVIDER.build_request(asked, BASE).body)
    assert_chat_accepts(body)
    return body


def messages_of(*turns: Turn, **parameters: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = body_of(prompt(*turns, **parameters))["messages"]
    return messages


def test_the_body_in_its_order() -> None:
    asked = prompt(user("Hi"), system="Be brief.\n", model="m", tools=(CALCULATOR,), temperature=0.5, max_tokens=9)
    request = PROVIDER.build_request(asked, BASE)
    assert request.credential is Credential.BEARER
    body = orjson.loads(request.body)
    assert list(body) == [
        "max_tokens", "model", "stream", "stream_options", "temperature", "tool_choice", "tools", "messages",
    ]  # fmt: skip
    assert body["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    assert body["stream_options"] == {"include_usage": True}
    assert body["tools"][0]["function"]["name"] == "calculator"
    assert request.body == PROVIDER.build_request(asked, BASE).body


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://localhost:11434", "http://localhost:11434/v1/chat/completions"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
        ("https://host/api/v1/chat/completions", "https://host/api/v1/chat/completions"),
        ("https://host/openai", "https://host/openai/chat/completions"),
    ],
)
def test_the_address(base: str, url: str) -> None:
    assert PROVIDER.build_request(prompt(), base).url == url


@pytest.mark.parametrize(
    ("parameters", "key", "value"),
    [
        ({"max_tokens": "50%"}, "max_tokens", 4000),
        ({"max_tokens": 77, "max_tokens_key": "max_completion_tokens"}, "max_completion_tokens", 77),
        ({"reasoning_effort": "low", "thinking": "max"}, "reasoning_effort", "low"),
        ({"thinking": "minimal"}, "reasoning_effort", "low"),
        ({"thinking": "max"}, "reasoning_effort", "high"),
        ({"thinking": 8192}, "reasoning_effort", "medium"),
        ({"thinking": False}, "reasoning_effort", "none"),
        ({"thinking": None}, "reasoning_effort", None),
        ({"top_p": 0.5}, "top_p", 0.5),
        ({"presence_penalty": 1.0, "frequency_penalty": -1.0}, "frequency_penalty", -1.0),
    ],
)
def test_parameters(parameters: dict[str, Any], key: str, value: Any) -> None:
    assert body_of(prompt(**parameters)).get(key) == value


def test_the_owners_own_fields_go_along() -> None:
    extra = {"provider": {"order": ["a"]}, "stream_options": {"more": True}, "tool_choice": None}
    asked = prompt(tools=(CALCULATOR,), extra_body=extra)
    body = orjson.loads(PROVIDER.build_request(asked, BASE).body)
    assert body["provider"] == {"order": ["a"]}
    assert body["stream_options"] == {"include_usage": True, "more": True}
    assert "tool_choice" not in body
    assert list(body)[-2:] == ["tools", "messages"]


def test_a_model_that_does_not_think_is_not_asked_to_and_that_is_told() -> None:
    facts = replace(PROVIDER.facts("m"), thinking=NO_THINKING, is_known=True)
    request = PROVIDER.build_request(replace(prompt(model="m", thinking="high"), facts=facts), BASE)
    assert b"reasoning_effort" not in request.body
    assert [notice.message for notice in request.notices] == ["m does not think: what was set of that was left out."]
    assert PROVIDER.build_request(replace(prompt(model="m", thinking=False), facts=facts), BASE).notices == ()


def test_a_model_with_a_switch_is_switched() -> None:
    facts = replace(PROVIDER.facts("m"), thinking=ThinkingFacts(ThinkingForm.SWITCH))
    body = orjson.loads(PROVIDER.build_request(replace(prompt(model="m", thinking="low"), facts=facts), BASE).body)
    assert body["thinking"] == {"type": "enabled"}
    body = orjson.loads(PROVIDER.build_request(replace(prompt(model="m", thinking=0), facts=facts), BASE).body)
    assert body["thinking"] == {"type": "disabled"}


def test_a_limit_that_is_changed_is_told() -> None:
    facts = replace(PROVIDER.facts("m"), max_output=100)
    request = PROVIDER.build_request(replace(prompt(model="m", max_tokens=200), facts=facts), BASE)
    assert orjson.loads(request.body)["max_tokens"] == 100
    assert "writes at most 100" in request.notices[0].message


def test_signed_thoughts_go_back_as_they_came_to_the_server_that_signed_them() -> None:
    details = [{"type": "reasoning.text", "text": "Hm.", "signature": "c2ln", "index": 0}]
    sealed = [{"type": "reasoning.encrypted", "data": "eHl6", "id": "c1"}]
    signatures = [base64.b64encode(orjson.dumps(value)).decode() for value in (details, sealed)]
    turns = (
        user("Go"),
        assistant(
            ThinkingPart("Hm.", "local", signatures[0], redacted=False),
            "Said.",
            ThinkingPart("", "local", signatures[1], redacted=False),
        ),
        user("On"),
    )
    reply = messages_of(*turns)[1]
    assert reply == {"role": "assistant", "content": "Said.", "reasoning_details": details + sealed}
    elsewhere = orjson.loads(KIND.make("other", "").build_request(prompt(*turns), BASE).body)["messages"][1]
    assert elsewhere == {"role": "assistant", "content": "<thinking>\nHm.\n</thinking>\n\nSaid."}
    changed = messages_of(user("Go"), assistant(ThinkingPart("Hm.", "local", "broken", redacted=False), "x"), user("y"))
    assert changed[1] == {"role": "assistant", "content": "x"}


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_the_field_for_thoughts_can_be_chosen(field: str) -> None:
    own = ThinkingPart("mine", None, None, redacted=False)
    assert messages_of(user("Go"), assistant(own, "Said."), user("On"), send_reasoning=field)[1][field] == "mine"


def test_calls_and_results_keep_their_ids_and_bytes() -> None:
    id = "urn:flemma:tool:x:" + "1" * 80
    raw = '{ "b": 1,  "a": 2 }'
    used = ToolCallPart(id, "slack:post", {"b": 1, "a": 2}, raw)
    messages = messages_of(user("Go"), assistant("Wait.", used), user("And?", result(id, "no", is_error=True)))
    assert messages[1:] == [
        {
            "role": "assistant",
            "content": "Wait.",
            "tool_calls": [{"id": id, "type": "function", "function": {"name": "slack__post", "arguments": raw}}],
        },
        {"role": "tool", "tool_call_id": id, "content": "Error: no"},
        {"role": "user", "content": "And?"},
    ]


def test_a_call_without_a_result_gets_one_and_two_of_one_id_are_told_apart() -> None:
    messages = messages_of(user("Go"), assistant(call("a"), call("a")), user(result("a")))
    assert [message.get("tool_call_id") for message in messages] == [None, None, "a", "a_2"]
    assert messages[3]["content"].startswith("Error: ")


def test_arguments_that_are_no_object_are_wrapped() -> None:
    messages = messages_of(user("Go"), assistant(ToolCallPart("a", "x", [1], "[1]")), user(result("a")))
    assert messages[1]["tool_calls"][0]["function"]["arguments"] == '{"value":[1]}'


def test_own_thoughts_go_back_as_reasoning_and_those_of_others_as_text() -> None:
    own = ThinkingPart(" mine ", None, None, redacted=False)
    other = thought("theirs", provider="anthropic")
    reply = messages_of(user("Go"), assistant(other, own, "Said."), user("On"))[1]
    assert reply["reasoning_content"] == "mine"
    assert reply["content"] == "<thinking>\ntheirs\n</thinking>\n\nSaid."
    plain = messages_of(user("Go"), assistant(other, own, "Said."), user("On"), send_reasoning=False,
                        thinking={"foreign": "drop"})[1]  # fmt: skip
    assert plain == {"role": "assistant", "content": "Said."}


def test_a_reply_of_thoughts_alone_is_no_message() -> None:
    own = ThinkingPart("mine", None, None, redacted=False)
    assert [message["role"] for message in messages_of(user("Go"), assistant(own), user("On"))] == ["user", "user"]


def test_nothing_to_send_is_told() -> None:
    with pytest.raises(DocumentError):
        PROVIDER.build_request(prompt(user("  ")), BASE)


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


async def converse(server: DemoServer, asked: Prompt, key: str | None = None) -> list[StreamEvent]:
    client = HttpClient()
    try:
        async with client.open(PROVIDER.build_request(asked, server.base_url), key) as response:
            if not response.ok:
                raise PROVIDER.read_error(response.status, response.headers, await response.body())
            stream = PROVIDER.open_stream()
            events = [event async for chunk in response.chunks() for event in stream.feed(chunk)]
            return events + stream.close()
    finally:
        await client.close()


async def test_a_round_of_tools_with_the_scripted_model(server: DemoServer) -> None:
    first = await converse(server, prompt(user("What is 12 * 34?"), tools=(CALCULATOR,)))
    (used,) = [event for event in first if isinstance(event, ToolCallEnd)]
    assert orjson.loads(used.arguments) == {"expression": "12 * 34"}
    assert first[-1] == StreamEnd(StopReason.TOOL_USE)
    assert any(isinstance(event, ThinkingDelta) for event in first)
    assert any(isinstance(event, UsageReport) for event in first)
    part = ToolCallPart(used.id, used.name, orjson.loads(used.arguments), used.arguments)
    asked = prompt(user("What is 12 * 34?"), assistant(part), user(result(used.id, "408")), tools=(CALCULATOR,))
    assert "`12 * 34` is **408**" in text_of(await converse(server, asked))
    assert [request.problem for request in server.recorded] == [None, None]


async def test_a_limit_and_a_refused_key(server: DemoServer) -> None:
    assert (await converse(server, prompt(max_tokens=2)))[-1] == StreamEnd(StopReason.MAX_TOKENS, "length")
    locked = await demo.start(pace=0, key=KEY)
    with pytest.raises(RequestError) as caught:
        await converse(locked, prompt())
    assert caught.value.kind is RequestKind.AUTH
    assert "wants a key" in caught.value.message
    assert "api_key_env" in caught.value.message
    assert text_of(await converse(locked, prompt(), KEY))
    await locked.close()
