"""What goes out to Anthropic: deterministic, as the vendor's own types want it, and accepted by a strict server."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.wire.bodies import BASE, body_of, call, messages_of, result
from tests.wire.support import CALCULATOR, assistant, prompt, user
from tests.wire.vendor_types import assert_vendor_accepts

from flemma_py.errors import DocumentError
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import Credential
from flemma_py.providers.anthropic import PROVIDER

# -- the request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/messages"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1/messages"),
        ("https://gateway.example/anthropic", "https://gateway.example/anthropic/v1/messages"),
        ("https://gateway.example/v1/", "https://gateway.example/v1/messages"),
        ("", "https://api.anthropic.com/v1/messages"),
    ],
)
def test_the_address_is_the_base_and_the_path(base_url: str, url: str) -> None:
    assert PROVIDER.build_request(prompt(), base_url).url == url


def test_a_request_names_its_version_and_where_the_key_goes_but_has_no_key() -> None:
    request = PROVIDER.build_request(prompt(), BASE)
    assert dict(request.headers)["anthropic-version"] == "2023-06-01"
    assert request.credential is Credential.X_API_KEY
    assert "x-api-key" not in dict(request.headers)


def test_keys_come_in_alphabetical_order_and_what_grows_comes_last() -> None:
    body = PROVIDER.build_request(prompt(system="Be brief.", tools=(CALCULATOR,), temperature=0.5), BASE).body
    keys = [
        "cache_control",
        "max_tokens",
        "model",
        "stream",
        "temperature",
        "tool_choice",
        "system",
        "tools",
        "messages",
    ]
    assert list(orjson.loads(body)) == keys
    assert body.index(b'"description"') < body.index(b'"eager_input_streaming"') < body.index(b'"input_schema"')


def test_the_same_chat_gives_the_same_bytes_whatever_the_order_of_its_making() -> None:
    one = ToolDefinition("b", "B", {"type": "object", "properties": {"x": {"type": "string"}, "a": {}}})
    two = ToolDefinition("a", "A", {"properties": {}, "type": "object"})
    other = ToolDefinition("b", "B", {"properties": {"a": {}, "x": {"type": "string"}}, "type": "object"})
    first = PROVIDER.build_request(prompt(tools=(one, two), max_tokens=9, temperature=1), BASE).body
    second = PROVIDER.build_request(prompt(tools=(two, other), temperature=1, max_tokens=9), BASE).body
    assert first == second


def test_a_chat_that_grows_keeps_the_bytes_it_had() -> None:
    turns = [user("one"), assistant(call("a:b"), call("a_b")), user(result("a:b"), result("a_b")), assistant("two")]
    short = PROVIDER.build_request(prompt(*turns[:3]), BASE).body
    long = PROVIDER.build_request(prompt(*turns, user("three"), assistant(call("a:b"))), BASE).body
    assert long.startswith(short.removesuffix(b"]}"))


def test_a_chat_with_nothing_to_send_is_refused_before_it_is_sent() -> None:
    with pytest.raises(DocumentError):
        PROVIDER.build_request(prompt(user("  \n")), BASE)


def test_numbers_and_characters_that_json_finds_hard_go_out_all_the_same() -> None:
    (_, reply, _) = messages_of(user("x\udc80y"), assistant(call("t", input={"n": 2**70})))
    assert reply["content"][0]["input"] == {"n": 2.0**70}


# -- system, tools, caching -------------------------------------------------------------------------------------------


def test_tools_are_sorted_and_their_names_fit_the_wire() -> None:
    schema = {"type": "object", "properties": {}}
    tools = tuple(ToolDefinition(name, "", schema) for name in ("slack:post:now", "bash"))
    body = body_of(prompt(tools=tools))
    assert [tool["name"] for tool in body["tools"]] == ["bash", "slack__post__now"]
    assert body["tool_choice"] == {"type": "auto"}
    assert "tools" not in body_of(prompt())
    assert "tool_choice" not in body_of(prompt())


@pytest.mark.parametrize(
    ("retention", "control"),
    [({}, {"type": "ephemeral"}), ({"cache_retention": "long"}, {"type": "ephemeral", "ttl": "1h"})],
)
def test_caching_marks_the_last_tool_the_system_text_and_the_request(
    retention: dict[str, Any], control: dict[str, str]
) -> None:
    other = ToolDefinition("aaa", "", {"type": "object"})
    body = body_of(prompt(system="Be brief.", tools=(CALCULATOR, other), **retention))
    assert body["cache_control"] == control
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": control}]
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, control]


def test_without_caching_the_system_text_is_a_plain_string() -> None:
    request = PROVIDER.build_request(prompt(system="Be brief.\n", tools=(CALCULATOR,), cache_retention="none"), BASE)
    assert b"cache_control" not in request.body
    assert orjson.loads(request.body)["system"] == "Be brief."


def test_a_blank_system_text_is_left_out() -> None:
    assert "system" not in body_of(prompt(system=" \n"))


# -- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        ("claude-sonnet-4-5", None, 4000),
        ("claude-sonnet-4-5", 1234, 1234),
        ("claude-sonnet-4-5", "50%", 32_000),
        ("claude-sonnet-4-5", "100%", 64_000),
        ("claude-sonnet-4-5", "1%", 1024),
        ("claude-sonnet-4-5", "abc", 4000),
        ("claude-sonnet-4-5", 999_999, 64_000),
        ("claude-opus-4-1-20250805", "50%", 16_000),
        ("claude-sonnet-5-5", "50%", 64_000),
        ("claude-unheard-of", "50%", 32_000),
        ("my-own-model", "50%", 4000),
        ("my-own-model", 999_999, 999_999),
    ],
)
def test_max_tokens_is_a_number_or_a_share_of_what_the_model_can_write(model: str, given: Any, sent: int) -> None:
    parameters = {} if given is None else {"max_tokens": given}
    assert body_of(prompt(model=model, **parameters))["max_tokens"] == sent


@pytest.mark.parametrize(
    ("budget", "max_tokens", "sent"),
    [
        (2048, 8000, 2048),
        (1, 8000, 1024),
        (1023, 8000, 1024),
        (2048.9, 8000, 2048),
        (100_000, 4000, 3999),
        (0, 4000, None),
        (-5, 4000, None),
        (None, 4000, None),
        (4096, 1024, None),
    ],
)
def test_a_thinking_budget_stays_between_the_least_and_max_tokens(budget: Any, max_tokens: int, sent: Any) -> None:
    thinking = body_of(prompt(thinking_budget=budget, max_tokens=max_tokens)).get("thinking")
    assert thinking == (sent and {"type": "enabled", "budget_tokens": sent})


@pytest.mark.parametrize(
    ("model", "budget", "effort"),
    [
        ("claude-opus-4-7", 2048, "low"),
        ("claude-opus-4-8", 8192, "medium"),
        ("claude-sonnet-5-5", 16_384, "high"),
        ("claude-fable-5-2", 100_000, "max"),
        ("claude-opus-4-6", 100_000, "max"),
        ("claude-sonnet-4-6", 100_000, "high"),
        ("claude-mythos-preview", 100, "low"),
    ],
)
def test_models_that_choose_their_budget_are_told_an_effort(model: str, budget: int, effort: str) -> None:
    body = body_of(prompt(model=model, thinking_budget=budget))
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"] == {"effort": effort}


@pytest.mark.parametrize(
    ("model", "parameters", "sent"),
    [
        ("claude-sonnet-4-5", {"temperature": 0.3}, True),
        ("claude-sonnet-4-5", {"temperature": 0}, True),
        ("claude-sonnet-4-5", {}, False),
        ("claude-sonnet-4-5", {"temperature": 0.3, "thinking_budget": 2048}, False),
        ("claude-opus-4-6", {"temperature": 0.3}, True),
        ("claude-opus-4-7", {"temperature": 0.3}, False),
        ("claude-sonnet-5-5", {"temperature": 0.3}, False),
    ],
)
def test_a_temperature_goes_where_it_is_taken(model: str, parameters: dict[str, Any], sent: bool) -> None:
    assert ("temperature" in body_of(prompt(model=model, **parameters))) is sent


# -- the checker


@pytest.mark.parametrize(
    "path", [("messages", 0, "content", 0), ("tools", 0), ("system", 0), ("system", 0, "cache_control"), ()]
)
def test_the_checker_of_types_sees_what_pydantic_lets_pass(path: tuple[str | int, ...]) -> None:
    body = body_of(prompt(system="x", tools=(CALCULATOR,)))
    place: Any = body
    for step in path:
        place = place[step]
    place["colour"] = "red"
    with pytest.raises(AssertionError, match="colour"):
        assert_vendor_accepts(body)
