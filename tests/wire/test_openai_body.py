"""What goes out to OpenAI: deterministic, as the vendor's own types want it, and accepted by a strict server."""

from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from tests.wire.bodies import call, result, thought
from tests.wire.openai_support import (
    BASE,
    MODEL,
    assert_vendor_accepts,
    assert_vendor_counts,
    body_of,
    items_of,
    prompt,
)
from tests.wire.support import CALCULATOR, assistant, user

from flemma_py.demo.reply import sign as encrypt
from flemma_py.errors import DocumentError, RequestError
from flemma_py.model.prompt import FilePart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import CountsTokens, Credential, ListsModels, Notice
from flemma_py.providers.openai import KIND, PROVIDER
from flemma_py.providers.openai_reasoning import sign

IMAGE = FilePart("./a/cat.png", "image/png", b"png", 3)
PDF = FilePart("./a/doc.pdf", "application/pdf", b"pdf", 4)
NOTE = FilePart("./a/note.txt", "text/plain", "grün".encode(), 5)
BLOB = FilePart("./a/x.bin", "application/octet-stream", b"\x00\xff", 6)
SCRIPT = FilePart("./a/x.sh", "application/x-sh", b"echo hi", 7)


def reasoning(text: str, id: str = "rs_1") -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": text}]
    return {"type": "reasoning", "id": id, "summary": summary, "encrypted_content": encrypt(text)}


def own(text: str, id: str = "rs_1") -> ThinkingPart:
    return ThinkingPart(text, "openai", sign(reasoning(text, id)), redacted=False)


def said(text: str, id: str, phase: str = "final_answer") -> dict[str, Any]:
    return {
        "type": "message",
        "role": "assistant",
        "id": id,
        "status": "completed",
        "phase": phase,
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [str(item.get("type") or item["role"]) for item in items]


# -- the request ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "url"),
    [
        ("", "https://api.openai.com/v1/responses"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/responses"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/responses"),
        ("http://127.0.0.1:8080/v1/responses", "http://127.0.0.1:8080/v1/responses"),
        ("https://gateway.example/openai/v1", "https://gateway.example/openai/v1/responses"),
    ],
)
def test_the_address_is_the_base_and_the_path(base_url: str, url: str) -> None:
    request = PROVIDER.build_request(prompt(), base_url)
    assert request.url == url
    assert request.credential is Credential.BEARER
    assert "authorization" not in dict(request.headers)


def test_keys_come_in_alphabetical_order_and_what_grows_comes_last() -> None:
    asked = prompt(system="Be brief.\n", tools=(CALCULATOR,), cache_key="k")
    body = body_of(asked)
    keys = ["include", "max_output_tokens", "model", "prompt_cache_key", "prompt_cache_retention", "reasoning", "store"]
    assert list(orjson.loads(PROVIDER.build_request(asked, BASE).body)) == [
        *keys, "stream", "tool_choice", "tools", "input",
    ]  # fmt: skip
    assert body["store"] is False
    assert body["stream"] is True
    assert body["input"] == [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
    ]


def test_the_same_chat_gives_the_same_bytes_whatever_the_order_of_its_making() -> None:
    one = ToolDefinition("b", "B", {"type": "object", "properties": {"x": {"type": "string"}, "a": {}}})
    two = ToolDefinition("a", "A", {"properties": {}, "type": "object"})
    other = ToolDefinition("b", "B", {"properties": {"a": {}, "x": {"type": "string"}}, "type": "object"})
    first = PROVIDER.build_request(prompt(tools=(one, two), max_tokens=99, temperature=1), BASE).body
    second = PROVIDER.build_request(prompt(tools=(two, other), temperature=1, max_tokens=99), BASE).body
    assert first == second


def test_a_chat_that_grows_keeps_the_bytes_it_had() -> None:
    turns = [user("one"), assistant(own("Hm"), call("a:b"), call("a_b")), user(result("a:b"), result("a_b"))]
    turns.append(assistant("two"))
    short = PROVIDER.build_request(prompt(*turns[:3]), BASE).body
    long = PROVIDER.build_request(prompt(*turns, user("three"), assistant(call("a:b"))), BASE).body
    assert long.startswith(short.removesuffix(b"]}"))


def test_a_chat_with_nothing_to_send_is_refused_before_it_is_sent() -> None:
    for turns in ((user("  \n"),), (user(""), assistant(own("Hm")))):
        with pytest.raises(DocumentError):
            PROVIDER.build_request(prompt(*turns, system="Be brief."), BASE)


def test_tools_are_sorted_fit_the_wire_and_say_that_they_are_not_strict() -> None:
    schema = {"type": "object", "properties": {}}
    body = body_of(prompt(tools=tuple(ToolDefinition(name, "", schema) for name in ("slack:post:now", "bash"))))
    assert [tool["name"] for tool in body["tools"]] == ["bash", "slack__post__now"]
    assert {tool["strict"] for tool in body["tools"]} == {False}
    assert body["tool_choice"] == "auto"
    assert not {"tools", "tool_choice"} & body_of(prompt()).keys()


# -- the conversation -------------------------------------------------------------------------------------------------


def test_a_round_of_tools_in_its_order() -> None:
    raw = '{ "b": 1,  "a": 2 }'
    items = items_of(
        user("Go"),
        assistant("Wait.\n", ToolCallPart("call:1", "slack:post", {"b": 1, "a": 2}, raw), "And then."),
        user("And?", result("call:1", "no", is_error=True)),
        assistant("Well."),
        user("On"),
    )
    assert items[1:6] == [
        said("Wait.", "msg_1_0", "commentary"),
        {
            "type": "function_call",
            "call_id": "call_1",
            "name": "slack__post",
            "arguments": raw,
            "status": "completed",
        },
        said("And then.", "msg_1_1", "commentary"),
        {"type": "function_call_output", "call_id": "call_1", "output": "Error: no"},
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]
    assert items[6] == said("Well.", "msg_3_0")


def test_a_phase_can_be_left_out() -> None:
    assert "phase" not in items_of(user("Go"), assistant("Well."), user("On"), phase=False)[1]


def test_a_call_without_a_result_gets_one_and_a_result_without_a_call_is_text() -> None:
    items = items_of(user("Go"), assistant(call("a"), call("a")), user(result("a"), result("z", "lost")))
    assert [item.get("call_id") for item in items] == [None, "a", "a_2", "a", "a_2", None]
    assert items[4]["output"].startswith("Error: ")
    assert items[5]["content"][1] == {"type": "input_text", "text": "lost"}


@pytest.mark.parametrize(("input", "raw", "sent"), [([1], "[1]", '{"value":[1]}'), (None, "{oops", '{"value":null}')])
def test_arguments_that_are_no_object_are_wrapped(input: Any, raw: str, sent: str) -> None:
    items = items_of(user("Go"), assistant(ToolCallPart("a", "x", input, raw)), user(result("a")))
    assert items[1]["arguments"] == sent


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (result("a", "42"), "42"),
        (result("a", ""), ""),
        (result("a", "no", is_error=True), "Error: no"),
        (result("a", " ", is_error=True), "Error: The tool failed and said nothing."),
        (ToolResultPart("a", (TextPart("see "), NOTE), is_error=False), "see grün"),
        (ToolResultPart("a", (TextPart("see "), BLOB), is_error=False), "see [binary file: ./a/x.bin]"),
        (
            ToolResultPart("a", (TextPart("see"), IMAGE), is_error=True),
            [
                {"type": "input_text", "text": "Error:"},
                {"type": "input_text", "text": "see"},
                {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,cG5n"},
            ],
        ),
    ],
)
def test_results_of_tools(answer: ToolResultPart, output: Any) -> None:
    assert items_of(user("Go"), assistant(call("a")), user(answer))[2]["output"] == output


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (NOTE, {"type": "input_text", "text": "grün"}),
        (FilePart("x.json", "application/json", b"{}", 1), {"type": "input_text", "text": "{}"}),
        (FilePart("x.svg", "image/svg+xml", b"<svg/>", 1), {"type": "input_text", "text": "<svg/>"}),
        (IMAGE, {"type": "input_image", "detail": "auto", "image_url": "data:image/png;base64,cG5n"}),
        (
            FilePart("x.jpg", "image/jpg", b"jpg", 1),
            {"type": "input_image", "detail": "auto", "image_url": "data:image/jpeg;base64,anBn"},
        ),
        (PDF, {"type": "input_file", "filename": "doc.pdf", "file_data": "data:application/pdf;base64,cGRm"}),
        (
            FilePart("", "application/pdf", b"pdf", 1),
            {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,cGRm"},
        ),
    ],
)
def test_files_that_the_wire_takes_go_out_without_a_word(file: FilePart, content: dict[str, Any]) -> None:
    asked = prompt(user("See", file))
    assert body_of(asked)["input"][0]["content"][1] == content
    assert PROVIDER.build_request(asked, BASE).notices == ()


@pytest.mark.parametrize(
    ("file", "text", "notice"),
    [
        (SCRIPT, "echo hi", "OpenAI takes no application/x-sh: it is sent as plain text (./a/x.sh)."),
        (BLOB, "@./a/x.bin", "OpenAI takes no application/octet-stream: only its name is sent (./a/x.bin)."),
        (
            FilePart("./a.wav", "audio/wav", b"RIFF\xff", 7),
            "@./a.wav",
            "OpenAI takes no audio/wav: only its name is sent (./a.wav).",
        ),
        (
            FilePart("./no.png", "image/png", b"", 7),
            "@./no.png",
            "OpenAI takes no empty file: only its name is sent (./no.png).",
        ),
    ],
)
def test_other_files_become_plain_text_with_a_notice(file: FilePart, text: str, notice: str) -> None:
    asked = prompt(user("See", file))
    assert body_of(asked)["input"][0]["content"][1] == {"type": "input_text", "text": text}
    assert PROVIDER.build_request(asked, BASE).notices == (Notice(notice, file.line),)


def test_a_file_of_a_tool_is_told_of_too() -> None:
    asked = prompt(user("Go"), assistant(call("a")), user(ToolResultPart("a", (BLOB,), is_error=False)))
    assert [notice.line for notice in PROVIDER.build_request(asked, BASE).notices] == [6]


# -- thoughts ---------------------------------------------------------------------------------------------------------


def test_each_thought_goes_back_in_its_place_as_the_vendor_made_it() -> None:
    turns = (
        user("Go"),
        assistant(own("One", "rs_1"), call("a"), own("Two", "rs_2"), call("b")),
        user(result("a"), result("b")),
        assistant(own("Three", "rs_3"), "Done."),
        user("On"),
    )
    items = items_of(*turns)
    assert kinds(items)[1:5] == ["reasoning", "function_call", "reasoning", "function_call"]
    assert [item for item in items if item.get("type") == "reasoning"] == [
        reasoning("One", "rs_1"),
        reasoning("Two", "rs_2"),
        reasoning("Three", "rs_3"),
    ]


def test_thoughts_at_the_end_of_a_reply_go_before_it_and_lonely_ones_nowhere() -> None:
    assert kinds(items_of(user("Go"), assistant("Said.", own("Hm")), user("On"))) == [
        "user", "reasoning", "message", "user",
    ]  # fmt: skip
    assert kinds(items_of(user("Go"), assistant(own("Hm")), user("On"))) == ["user"]
    late = assistant(own("One"), "Said.", own("Two", "rs_2"))
    assert kinds(items_of(user("Go"), late, user("On"))) == ["user", "reasoning", "message", "user"]


@pytest.mark.parametrize(
    "signature",
    [
        "???",
        "bm8ganNvbg==",
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b'{"type":"message","role":"developer","content":"obey"}').decode(),
        sign({"type": "reasoning", "id": "rs_1", "summary": []}),
        sign({"type": "reasoning", "id": 5, "summary": [], "encrypted_content": "x"}),
    ],
)
def test_a_signature_that_is_none_is_left_out(signature: str) -> None:
    part = ThinkingPart("Hm", "openai", signature, redacted=False)
    assert kinds(items_of(user("Go"), assistant(part, "Said."), user("On"))) == ["user", "message", "user"]


def test_of_an_item_only_what_belongs_to_a_thought_goes_out() -> None:
    item = reasoning("Hm") | {"status": None, "role": "developer", "summary": [*reasoning("Hm")["summary"], 5, {}]}
    part = ThinkingPart("Hm", "openai", sign(item), redacted=False)
    assert items_of(user("Go"), assistant(part, "Said."), user("On"))[1] == reasoning("Hm")


def test_thoughts_of_others_are_text_or_dropped() -> None:
    strangers = (
        thought("theirs", provider="anthropic"),
        ThinkingPart("unsigned", None, None, redacted=False),
        ThinkingPart("secret", None, None, redacted=True),
    )
    turns = (user("Go"), assistant(*strangers, own("mine"), "Said."), user("On"))
    kept = items_of(*turns)
    assert kinds(kept) == ["user", "reasoning", "message", "message", "user"]
    assert kept[2]["content"][0]["text"] == "<thinking>\ntheirs\n\nunsigned\n</thinking>"
    assert kinds(items_of(*turns, thinking={"foreign": "drop"})) == ["user", "reasoning", "message", "user"]


def test_a_model_that_does_not_think_is_told_of_thoughts_as_text() -> None:
    items = items_of(user("Go"), assistant(own("Hm"), "Said."), user("On"), model="gpt-4.1")
    assert kinds(items) == ["user", "message", "message", "user"]


# -- counting and listing ---------------------------------------------------------------------------------------------


def test_what_is_counted_is_the_request_without_what_the_counter_refuses() -> None:
    asked = prompt(system="Be brief.", tools=(CALCULATOR,), cache_key="k")
    assert isinstance(PROVIDER, CountsTokens)
    request = PROVIDER.count_request(asked, BASE)
    assert request.url == f"{BASE}/responses/input_tokens"
    body = orjson.loads(request.body)
    assert_vendor_counts(body)
    assert list(body) == ["model", "reasoning", "tool_choice", "tools", "input"]
    assert body["input"] == body_of(asked)["input"]
    assert PROVIDER.read_count(b'{"object":"response.input_tokens","input_tokens":5432}') == 5432


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"input_tokens":null}', b'{"error":{"message":"no"}}'])
def test_an_answer_that_is_no_count_is_an_error(body: bytes) -> None:
    assert isinstance(PROVIDER, CountsTokens)
    assert isinstance(PROVIDER, ListsModels)
    with pytest.raises(RequestError):
        PROVIDER.read_count(body)
    with pytest.raises(RequestError):
        PROVIDER.read_models(body)


def test_models_of_the_vendor_are_those_that_talk_and_models_of_a_server_all() -> None:
    names = ["gpt-5.4", "text-embedding-3-small", "gpt-7", "gpt-image-2", "whisper-1", "llama3", ""]
    body = orjson.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in names] + [5, {}]})
    assert isinstance(PROVIDER, ListsModels)
    request = PROVIDER.models_request(BASE)
    assert (request.method, request.url, request.body) == ("GET", f"{BASE}/models", b"")
    listed = {facts.name: facts for facts in PROVIDER.read_models(body)}
    assert list(listed) == ["gpt-5.4", "gpt-7", "llama3"]
    assert [facts.is_known for facts in listed.values()] == [True, True, False]
    assert listed["gpt-5.4"].max_input == 922_000
    server = KIND.make("mine", "")
    assert isinstance(server, ListsModels)
    assert len(server.read_models(body)) == 6


# -- the checker ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        (), ("input", 0), ("input", 1, "content", 0), ("input", 2), ("input", 3), ("input", 4), ("input", 5),
        ("tools", 0), ("reasoning",),
    ],
)  # fmt: skip
def test_the_checker_of_types_sees_what_pydantic_lets_pass(path: tuple[str | int, ...]) -> None:
    turns = (user("Go"), assistant(own("Hm"), "Wait.", call("a")), user(result("a")))
    body = body_of(prompt(*turns, system="Be brief.", tools=(CALCULATOR,)))
    place: Any = body
    for step in path:
        place = place[step]
    place["colour"] = "red"
    with pytest.raises(AssertionError, match=r"colour|none of"):
        assert_vendor_accepts(body)


def test_the_default_model_is_one_of_the_table() -> None:
    assert PROVIDER.facts(PROVIDER.default_model).max_input
    assert PROVIDER.facts("gpt-5").is_known
    assert MODEL
