"""What goes out to Gemini models, through Vertex AI and the Gemini API: deterministic, as Google's own types want it,
and accepted by a strict server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pydantic
import pytest
from tests.wire.bodies import call, result
from tests.wire.gemini_bodies import NEW, OLD, PROJECT, PROVIDERS, body_of, contents, notices, prompt
from tests.wire.google_types import assert_google_accepts
from tests.wire.support import CALCULATOR, assistant, user

from flemma_py.demo.reply import sign
from flemma_py.errors import DocumentError, SettingsError
from flemma_py.model.prompt import FilePart, Speaker, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.tool import ToolDefinition
from flemma_py.model.wire import Credential, Remarks, SignsInWithGoogle
from flemma_py.providers import gemini, vertex
from flemma_py.providers.gemini_content import NO_SIGNATURE


def signed(signature: str | None, text: str = "", provider: str | None = "vertex") -> ThinkingPart:
    return ThinkingPart(text, provider, signature, redacted=False)


def signature_of(part: TextPart | ToolCallPart) -> str:
    """The signature that the scripted model gives this part."""
    if isinstance(part, TextPart):
        return sign(part.text)
    return sign(part.name + orjson.dumps(part.input, option=orjson.OPT_SORT_KEYS).decode())


# -- the request ------------------------------------------------------------------------------------------------------

MODEL = "projects/my-project/locations"
PLACES = [
    ("vertex", {}, "", f"https://aiplatform.googleapis.com/v1beta1/{MODEL}/global/publishers/google/models/{NEW}"),
    ("vertex", {"location": "us-central1"}, "https://aiplatform.googleapis.com",
     f"https://us-central1-aiplatform.googleapis.com/v1beta1/{MODEL}/us-central1/publishers/google/models/{NEW}"),
    ("vertex", {"location": "eu"}, "",
     f"https://aiplatform.eu.rep.googleapis.com/v1beta1/{MODEL}/eu/publishers/google/models/{NEW}"),
    ("vertex", {"location": "us-central1", "api_version": "v1"}, "http://gateway:1/google/v1/",
     f"http://gateway:1/google/v1/{MODEL}/us-central1/publishers/google/models/{NEW}"),
    ("gemini", {}, "", f"https://generativelanguage.googleapis.com/v1beta/models/{NEW}"),
    ("gemini", {"api_version": "v1"}, "http://127.0.0.1:1/", f"http://127.0.0.1:1/v1/models/{NEW}"),
    ("gemini", {}, "http://127.0.0.1:1/v1beta", f"http://127.0.0.1:1/v1beta/models/{NEW}"),
]  # fmt: skip


@pytest.mark.parametrize(("service", "parameters", "base_url", "url"), PLACES)
def test_the_address_names_version_project_location_and_model(
    service: str, parameters: dict[str, Any], base_url: str, url: str
) -> None:
    request = PROVIDERS[service].build_request(prompt(**parameters), base_url)
    assert request.url == f"{url}:streamGenerateContent?alt=sse"
    assert request.credential is (Credential.BEARER if service == "vertex" else Credential.X_GOOG_API_KEY)
    assert {"authorization", "x-goog-api-key"}.isdisjoint(dict(request.headers))


@pytest.mark.parametrize(
    ("service", "model", "path"),
    [
        ("vertex", "publishers/meta/models/llama-9", "/locations/global/publishers/meta/models/llama-9:"),
        ("vertex", "endpoints/1234", "/locations/global/endpoints/1234:"),
        ("gemini", "tunedModels/mine", "/v1beta/tunedModels/mine:"),
        ("gemini", "models/gemini-2.5-pro", "/v1beta/models/gemini-2.5-pro:"),
        ("gemini", "a?b#c d", "/v1beta/models/a%3Fb%23c%20d:"),
    ],
)
def test_a_model_may_stand_in_another_collection(service: str, model: str, path: str) -> None:
    assert path in PROVIDERS[service].build_request(prompt(model=model), "").url


@pytest.mark.parametrize(
    "model", ["../../x", "projects/other/locations/us/endpoints/1", "models/../x", "models/", "/x"]
)
@pytest.mark.parametrize("service", PROVIDERS)
def test_a_model_that_leads_elsewhere_is_refused(service: str, model: str) -> None:
    with pytest.raises(SettingsError, match="choose another"):
        PROVIDERS[service].build_request(prompt(model=model), "")


def test_without_a_project_the_way_to_set_one_is_told_at_the_switch_and_at_the_send() -> None:
    asked = replace(prompt(), parameters={})
    with pytest.raises(SettingsError, match=r"needs a project: set parameters\.vertex\.project_id"):
        vertex.PROVIDER.build_request(asked, "")
    assert isinstance(vertex.PROVIDER, Remarks) and isinstance(gemini.PROVIDER, Remarks)
    (said,) = vertex.PROVIDER.remarks({}, asked.facts)
    assert "project_id is not set" in said
    assert vertex.PROVIDER.remarks(PROJECT, asked.facts) == gemini.PROVIDER.remarks({}, asked.facts) == ()
    assert isinstance(vertex.PROVIDER, SignsInWithGoogle)
    assert not isinstance(gemini.PROVIDER, SignsInWithGoogle)


def test_keys_come_in_alphabetical_order_and_what_grows_comes_last() -> None:
    asked = prompt(system="Be brief.", tools=(CALCULATOR,), temperature=0.5, model=OLD)
    body = vertex.PROVIDER.build_request(asked, "").body
    assert list(orjson.loads(body)) == ["generationConfig", "toolConfig", "systemInstruction", "tools", "contents"]
    assert body.index(b'"description"') < body.index(b'"parametersJsonSchema"')


def test_the_same_chat_gives_the_same_bytes_whatever_the_order_of_its_making() -> None:
    one = ToolDefinition("b", "B", {"type": "object", "properties": {"x": {"type": "string"}, "a": {}}})
    two = ToolDefinition("a", "A", {"properties": {}, "type": "object"})
    other = ToolDefinition("b", "B", {"properties": {"a": {}, "x": {"type": "string"}}, "type": "object"})
    first = vertex.PROVIDER.build_request(prompt(tools=(one, two), max_tokens=9, location="eu"), "").body
    assert first == vertex.PROVIDER.build_request(prompt(tools=(two, other), location="eu", max_tokens=9), "").body


def test_a_chat_that_grows_keeps_the_bytes_it_had() -> None:
    turns = [user("one"), assistant(call("a:b"), call("a:b")), user(result("a:b"), result("a:b")), assistant("two")]
    short = vertex.PROVIDER.build_request(prompt(*turns[:3]), "").body
    long = vertex.PROVIDER.build_request(prompt(*turns, user("three"), assistant(call("a:b"))), "").body
    assert long.startswith(short.removesuffix(b"]}"))


def test_a_chat_with_nothing_to_send_is_refused_before_it_is_sent() -> None:
    with pytest.raises(DocumentError):
        vertex.PROVIDER.build_request(prompt(user("  \n")), "")


def test_tools_are_sorted_and_their_names_fit_the_wire() -> None:
    tools = tuple(ToolDefinition(name, "", {"type": "object"}) for name in ("slack:post:now", "bash"))
    body = body_of(prompt(tools=tools))
    assert [each["name"] for each in body["tools"][0]["functionDeclarations"]] == ["bash", "slack__post__now"]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "AUTO"}}
    assert {"tools", "toolConfig", "systemInstruction"}.isdisjoint(body_of(prompt(system=" \n")))


# -- content ----------------------------------------------------------------------------------------------------------

PNG = FilePart("shots/a.png", "image/png", b"png", line=3)
PDF = FilePart("b.pdf", "application/pdf", b"pdf", line=4)
LUA = FilePart("c.lua", "text/x-lua", b"print(1)", line=5)
ZIP = FilePart("d.zip", "application/zip", b"PK\x03\0", line=6)
ODD = FilePart("e.conf", "application/x-odd", b"a = 1\n", line=7)
NONE = FilePart("f.png", "image/png", b"", line=8)


def test_files_go_inline_or_as_text_and_what_cannot_go_is_told_with_its_line() -> None:
    asked = prompt(user("See", PNG, PDF, LUA, ZIP, ODD, NONE))
    (parts,) = contents(*asked.turns)
    assert parts == [
        {"text": "See"},
        {"inlineData": {"mimeType": "image/png", "data": "cG5n", "displayName": "a.png"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "cGRm", "displayName": "b.pdf"}},
        {"text": "print(1)"},
        {"text": "@d.zip"},
        {"text": "a = 1"},
        {"text": "@f.png"},
    ]
    assert notices(asked) == [
        ("Vertex AI takes no application/zip: only its name is sent (d.zip).", 6),
        ("Vertex AI takes no application/x-odd: it is sent as plain text (e.conf).", 7),
        ("Vertex AI takes no empty file: only its name is sent (f.png).", 8),
    ]


def test_the_gemini_api_knows_no_names_of_files() -> None:
    (parts,) = contents(user(PNG), service="gemini")
    assert parts == [{"inlineData": {"mimeType": "image/png", "data": "cG5n"}}]


@pytest.mark.parametrize("mime", ["audio/mpeg", "video/mp4", "image/webp", "image/heic"])
def test_what_models_hear_and_see_goes_inline(mime: str) -> None:
    assert "inlineData" in contents(user(FilePart("x", mime, b"x")))[0][0]


def test_results_come_first_and_name_their_tools() -> None:
    found = contents(
        user("go"),
        assistant(call("toolu_1", "slack:post"), call("urn:flemma:tool:add:7", "add")),
        user("and?", result("urn:flemma:tool:add:7", "no", is_error=True), result("toolu_1", "yes")),
    )
    assert found[2] == [
        {"functionResponse": {"id": "toolu_1", "name": "slack__post", "response": {"output": "yes"}}},
        {"functionResponse": {"id": "urn:flemma:tool:add:7", "name": "add", "response": {"error": "no"}}},
        {"text": "and?"},
    ]


def test_files_of_a_result_stand_in_it_or_for_older_models_behind_all() -> None:
    both = ToolResultPart("a", (TextPart("Here: "), PNG, LUA, ZIP), False)
    turns = (user("go"), assistant(call("a"), call("b")), user(both, result("b")))
    image = {"inlineData": {"mimeType": "image/png", "data": "cG5n", "displayName": "a.png"}}
    output = {"output": "Here: print(1)[binary file: d.zip]"}
    first, second = contents(*turns)[2]
    assert first["functionResponse"] == {"id": "a", "name": "calculator", "parts": [image], "response": output}
    assert "parts" not in second["functionResponse"]
    older = contents(*turns, model=OLD)[2]
    assert older[0] == {"functionResponse": {"name": "calculator", "response": output}}
    assert older[2] == image
    assert notices(prompt(*turns))[0][1] == 6


def test_a_call_without_a_result_gets_one_and_a_silent_failure_says_so() -> None:
    found = contents(user("go"), assistant(call("a"), call("b")), user(result("b", " ", is_error=True)))
    assert [each["functionResponse"]["response"].keys() for each in found[2]] == [{"error"}, {"error"}]
    assert "no result" in found[2][0]["functionResponse"]["response"]["error"]
    assert "said nothing" in found[2][1]["functionResponse"]["response"]["error"]


def test_input_that_is_no_object_and_a_result_without_a_call_are_still_shown() -> None:
    found = contents(user(result("lost", "42")), assistant(ToolCallPart("a", "add", [1], "[1]")), user(result("a")))
    assert "42" in str(found[0])
    assert found[1][0]["functionCall"]["args"] == {"value": [1]}


# -- signatures and thoughts ------------------------------------------------------------------------------------------

ADD, SUB = call("a", "add", {"x": 1}), call("b", "sub", {"x": 2})
SAID = TextPart("So.")


@pytest.mark.parametrize("provider", ["vertex", "gemini"])
@pytest.mark.parametrize("service", PROVIDERS)
def test_a_signature_goes_back_on_the_part_that_it_came_with(provider: str, service: str) -> None:
    of_text, of_call = signature_of(SAID), signature_of(ADD)
    turn = assistant(signed(of_text, "Hm.", provider), SAID, signed(of_call, "", provider), ADD, SUB)
    found = contents(user("go"), turn, user(result("a"), result("b")), service=service)[1]
    assert [part.get("thoughtSignature") for part in found] == [of_text, of_call, None]
    assert [next(iter(part.keys() - {"thoughtSignature"})) for part in found] == [
        "text",
        "functionCall",
        "functionCall",
    ]


def test_a_thought_with_a_signature_of_its_own_goes_back_as_one() -> None:
    turn = assistant(signed("b3du", "Hm."), signed(signature_of(ADD)), ADD)
    found = contents(user("go"), turn, user(result("a")))[1]
    assert found[0] == {"text": "Hm.", "thought": True, "thoughtSignature": "b3du"}
    assert found[1]["thoughtSignature"] == signature_of(ADD)


def test_a_call_of_another_model_gets_the_word_that_stands_for_a_signature() -> None:
    turns = (user("go"), assistant(ADD, SUB), user(result("a"), result("b")))
    assert [part.get("thoughtSignature") for part in contents(*turns)[1]] == [NO_SIGNATURE, None]
    assert [part.get("thoughtSignature") for part in contents(*turns, model=OLD)[1]] == [None, None]
    assert contents(*turns, model="gemini-pro-latest")[1][0]["thoughtSignature"] == NO_SIGNATURE


def test_older_models_and_foreign_ones_are_called_without_ids() -> None:
    turns = (user("go"), assistant(ADD), user(result("a")))
    assert contents(*turns, model=OLD)[1] == [{"functionCall": {"name": "add", "args": {"x": 1}}}]
    assert contents(*turns, model="some-model", service="gemini")[1] == contents(*turns, model=OLD)[1]


def test_thoughts_of_other_models_are_told_as_text_or_left_out() -> None:
    redacted = ThinkingPart("opaque", None, None, redacted=True)
    turn = assistant(
        signed("c2ln", "A", "anthropic"), signed(None, "B", None), redacted, signed(None, " ", None), "So."
    )
    told = "<thinking>\nA\n\nB\n</thinking>"
    assert contents(user("go"), turn, user("on"))[1] == [{"text": told}, {"text": "So."}]
    dropped = contents(user("go"), turn, user("on"), thinking={"level": "high", "foreign": "drop"})
    assert dropped[1] == [{"text": "So."}]


def test_unsigned_thoughts_beside_signed_ones_are_the_models_own_and_stay_home() -> None:
    turn = assistant(signed(None, "A", None), SAID, signed(signature_of(ADD)), ADD)
    found = contents(user("go"), turn, user(result("a")))[1]
    assert [part.get("text") for part in found] == ["So.", None]


def test_a_foreign_thought_takes_no_signature_from_its_text() -> None:
    turn = assistant(signed("x", "Theirs", "anthropic"), signed(signature_of(SAID), "Mine"), SAID)
    found = contents(user("go"), turn, user("on"))[1]
    assert [part.get("thoughtSignature") for part in found] == [None, signature_of(SAID)]


# -- the checkers


@pytest.mark.parametrize("path", [("contents", 0, "parts", 0), ("generationConfig",), ("tools", 0), ()])
def test_the_checker_of_types_sees_strange_keys(path: tuple[str | int, ...]) -> None:
    body = body_of(prompt(tools=(CALCULATOR,)))
    place: Any = body
    for step in path:
        place = place[step]
    place["colour"] = "red"
    with pytest.raises((AssertionError, pydantic.ValidationError), match="colour"):
        assert_google_accepts(body, vertex=True)


def test_turns_are_the_speakers_own() -> None:
    stray = Turn(Speaker.USER, (signed("c2ln", "Hm."), TextPart("Hello")))
    assert contents(stray) == [[{"text": "Hello"}]]
