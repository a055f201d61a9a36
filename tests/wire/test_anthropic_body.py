"""What goes out to Anthropic: deterministic, as the vendor's own types want it, and accepted by a strict server."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from tests.wire.support import CALCULATOR, assistant, prompt, user
from tests.wire.vendor_types import assert_vendor_accepts, strangers

from flemma_py.demo.reply import sign
from flemma_py.demo.validation import problem
from flemma_py.errors import DocumentError
from flemma_py.model.prompt import FilePart, Part, Prompt, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import Credential
from flemma_py.providers.anthropic import PROVIDER

BASE = "http://127.0.0.1:1"


def body_of(asked: Prompt) -> dict[str, Any]:
    """The body, after everybody who checks bodies took it."""
    body: dict[str, Any] = orjson.loads(PROVIDER.build_request(asked, BASE).body)
    assert_vendor_accepts(body)
    assert problem(body) is None
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


def test_the_default_model_stands_in_for_none() -> None:
    assert body_of(prompt(model=""))["model"] == PROVIDER.default_model == "claude-sonnet-5-5"


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


# -- what people and models said --------------------------------------------------------------------------------------


def test_text_keeps_its_indent_and_loses_the_space_behind_it() -> None:
    (first, second) = messages_of(user("    indented\n\n"), assistant("  said \n"))
    assert first["content"] == [{"type": "text", "text": "    indented"}]
    assert second["content"] == [{"type": "text", "text": "  said"}]


def test_blank_text_and_empty_turns_vanish_and_the_rest_still_alternates() -> None:
    messages = messages_of(
        user("a", " \n"), assistant(), user("b"), assistant("\n"), assistant(" c"), user(), user("d")
    )
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [block["text"] for block in messages[0]["content"]] == ["a", "b"]


def test_a_chat_that_begins_with_a_reply_gets_an_opening() -> None:
    assert [message["role"] for message in messages_of(assistant("Welcome."), user("Hi"))] == [
        "user",
        "assistant",
        "user",
    ]


def test_results_come_before_text_and_only_failures_say_so() -> None:
    (_, _, answer) = messages_of(
        user("go"),
        assistant(call("a"), call("b"), call("c")),
        user("By the way", result("b", "boom", is_error=True), result("a"), ToolResultPart("c", (), is_error=True)),
    )
    assert answer["content"] == [
        {"type": "tool_result", "tool_use_id": "a", "content": "42"},
        {"type": "tool_result", "tool_use_id": "b", "content": "boom", "is_error": True},
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": "The tool failed and said nothing.",
            "is_error": True,
        },
        {"type": "text", "text": "By the way"},
    ]


def test_a_blank_result_is_a_result_without_content() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")), user(result("a", " \n")))
    assert answer["content"] == [{"type": "tool_result", "tool_use_id": "a"}]


def test_text_behind_a_call_is_moved_before_it() -> None:
    (_, reply, _) = messages_of(user("go"), assistant("one", call("a"), "two"), user(result("a")))
    assert [block["type"] for block in reply["content"]] == ["text", "text", "tool_use"]


def test_arguments_that_are_no_object_are_wrapped_in_one() -> None:
    (_, reply, _) = messages_of(user("go"), assistant(call("a", "x:y", [1, 2])))
    assert reply["content"][0]["input"] == {"value": [1, 2]}
    assert reply["content"][0]["name"] == "x__y"


# -- calls and their results ------------------------------------------------------------------------------------------


def test_a_call_without_a_result_is_answered_in_the_very_next_turn() -> None:
    messages = messages_of(
        user("go"), assistant(call("a"), call("b")), user("never mind", result("b")), assistant("ok")
    )
    first, second, text = messages[2]["content"]
    assert (first["tool_use_id"], first["is_error"]) == ("a", True)
    assert (second["tool_use_id"], "is_error" in second) == ("b", False)
    assert text["text"] == "never mind"


def test_a_last_call_without_a_result_gets_a_turn_for_it() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")))
    assert answer["role"] == "user"
    assert answer["content"][0]["is_error"] is True


def test_a_result_that_comes_late_or_for_no_call_is_told_as_text() -> None:
    messages = messages_of(
        user("go", result("ghost", "boo")),
        assistant(call("a")),
        user("wait"),
        assistant("ok"),
        user(result("a", "late")),
    )
    assert messages[0]["content"][-1] == {"type": "text", "text": "boo"}
    assert messages[2]["content"][0]["is_error"] is True
    assert messages[4]["content"][-1] == {"type": "text", "text": "late"}


def test_a_second_result_for_a_call_is_told_as_text() -> None:
    (_, _, answer) = messages_of(user("go"), assistant(call("a")), user(result("a", "1"), result("a", "2")))
    assert answer["content"][0]["content"] == "1"
    assert answer["content"][-1] == {"type": "text", "text": "2"}


def test_ids_fit_the_wire_and_calls_that_collide_there_stay_apart() -> None:
    urn, other = "urn:flemma:tool:a", "urn/flemma/tool/a"
    (_, reply, answer) = messages_of(
        user("go"),
        assistant(call(urn), call(other), call("x" * 80 + "1"), call("x" * 80 + "2"), call("::")),
        user(
            result("::", "5"),
            result(other, "2"),
            result(urn, "1"),
            result("x" * 80 + "2", "4"),
            result("x" * 80 + "1", "3"),
        ),
    )
    ids = [block["id"] for block in reply["content"]]
    assert ids[:2] == ["urn_flemma_tool_a", "urn_flemma_tool_a_2"]
    assert ids[4] == "call"
    assert all(len(id) <= 64 for id in ids)
    assert [(block["tool_use_id"], block["content"]) for block in answer["content"]] == list(
        zip(ids, "12345", strict=True)
    )


def test_an_id_that_a_chat_repeats_names_a_call_of_its_own_each_time() -> None:
    messages = messages_of(
        user("go"),
        assistant(call("call_0"), call("call_0")),
        user(result("call_0", "1"), result("call_0", "2")),
        assistant(call("call_0")),
        user(result("call_0", "3")),
    )
    assert [block["id"] for block in messages[1]["content"] + messages[3]["content"]] == [
        "call_0",
        "call_0_2",
        "call_0_3",
    ]
    assert [block["content"] for block in messages[2]["content"] + messages[4]["content"]] == ["1", "2", "3"]


# -- thinking ---------------------------------------------------------------------------------------------------------


def test_signed_thoughts_go_back_to_the_letter() -> None:
    text = "  Let me think.\n\n"
    (_, reply) = messages_of(user("go"), assistant(thought(text), "4"))
    assert reply["content"][0] == {"type": "thinking", "thinking": text, "signature": sign(text)}


def test_thoughts_without_text_go_back_with_their_signature() -> None:
    (_, reply) = messages_of(user("go"), assistant(thought(""), "4"))
    assert reply["content"][0] == {"type": "thinking", "thinking": "", "signature": sign("")}


def test_several_thoughts_stay_where_they_were() -> None:
    (_, reply, _) = messages_of(
        user("go"), assistant(thought("1"), "a", thought("2"), call("t"), thought("3"), call("u"))
    )
    kinds = [block["type"] for block in reply["content"]]
    assert kinds == ["thinking", "text", "thinking", "thinking", "tool_use", "tool_use"]


def test_thoughts_at_the_end_of_a_message_go_to_its_front() -> None:
    (_, reply) = messages_of(user("go"), assistant("4", thought("two and two")))
    assert [block["type"] for block in reply["content"]] == ["thinking", "text"]


@pytest.mark.parametrize("provider", ["anthropic", "openai", None])
def test_redacted_thoughts_go_back_wherever_they_came_from(provider: str | None) -> None:
    (_, reply) = messages_of(user("go"), assistant(ThinkingPart("opaque", provider, None, redacted=True), "4"))
    assert reply["content"][0] == {"type": "redacted_thinking", "data": "opaque"}


def test_thoughts_of_others_are_told_as_one_text_before_the_answer() -> None:
    strangers_ = [thought(" one ", provider="openai", signature="s"), "Answer", thought("two\n", provider=None)]
    (_, reply) = messages_of(user("go"), assistant(*strangers_, thought("native"), thought(" ", provider=None)))
    assert reply["content"] == [
        {"type": "thinking", "thinking": "native", "signature": sign("native")},
        {"type": "text", "text": "<thinking>\none\n\ntwo\n</thinking>"},
        {"type": "text", "text": "Answer"},
    ]


def test_thoughts_of_others_can_be_dropped() -> None:
    turns = (user("go"), assistant(thought("one", provider=None)), user("and?"))
    assert len(messages_of(*turns, thinking={"level": "high", "foreign": "drop"})) == 1
    assert len(messages_of(*turns, thinking={"level": "high"})) == 3


# -- files ------------------------------------------------------------------------------------------------------------


def test_files_go_as_what_the_model_can_read() -> None:
    files: list[Part] = [
        FilePart("a.png", "image/png", b"\x89PNG"),
        FilePart("docs/b.pdf", "application/pdf", b"%PDF"),
        FilePart("c.txt", "text/plain", "grüß\n".encode()),
        FilePart("d.json", "application/json", b"{}"),
        FilePart("e.bin", "application/octet-stream", b"\0"),
    ]
    (message,) = messages_of(user("look", *files))
    _, image, document, text, data, other = message["content"]
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": "iVBORw=="}
    assert (document["title"], document["source"]["media_type"]) == ("b.pdf", "application/pdf")
    assert (text["text"], data["text"], other["text"]) == ("grüß", "{}", "@e.bin")


def test_results_may_hold_files() -> None:
    parts = (TextPart("see"), FilePart("a.png", "image/png", b"x"), FilePart("b.bin", "application/zip", b"x"))
    (_, _, answer) = messages_of(user("go"), assistant(call("a")), user(ToolResultPart("a", parts, is_error=False)))
    assert [block["type"] for block in answer["content"][0]["content"]] == ["text", "image", "text"]


# -- anything ---------------------------------------------------------------------------------------------------------


def _any_part(chance: random.Random) -> Part:
    id = chance.choice(["a", "a:b", "a_b", "b", "::", "_"])
    return chance.choice(
        [
            TextPart(chance.choice(["", " ", "text ", "\n x\n", "\u2028"])),
            call(id, chance.choice(["n", "x:y"]), chance.choice([{}, {"k": 1}, 5])),
            result(id, chance.choice(["", "ok"]), is_error=chance.random() < 0.3),
            thought("t", provider=chance.choice(["anthropic", "openai", None])),
            ThinkingPart("opaque", "anthropic", None, redacted=True),
            FilePart("f.txt", "text/plain", chance.choice([b"", b"x"])),
        ]
    )


@pytest.mark.parametrize("seed", range(250))
def test_whatever_a_chat_holds_the_vendor_takes_it(seed: int) -> None:
    chance = random.Random(seed)
    speakers = [chance.choice([user, assistant]) for _ in range(chance.randrange(1, 9))]
    turns = [speak(*(_any_part(chance) for _ in range(chance.randrange(5)))) for speak in speakers]
    asked = prompt(*turns, user("last"), tools=(CALCULATOR,))
    body = body_of(asked)
    assert body["messages"][-1]["content"][-1]["text"] == "last"


def test_the_checker_of_types_sees_what_pydantic_lets_pass() -> None:
    body = body_of(prompt(system="x", tools=(CALCULATOR,)))
    for spoil in (
        lambda: body["messages"][0]["content"][0].update(colour="red"),
        lambda: body["tools"][0].update(kind="custom"),
        lambda: body.update(frequency_penalty=1),
    ):
        spoil()
        with pytest.raises((AssertionError, ValueError)):
            assert_vendor_accepts(body)
        body = body_of(prompt(system="x", tools=(CALCULATOR,)))
    assert list(strangers({"type": "ephemeral"}, dict[str, object], "x")) == []
