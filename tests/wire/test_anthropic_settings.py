"""Settings that a Claude model does not take as they are: left out or changed, and told once. Counting and listing."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest
from anthropic.types import ModelInfo
from tests.wire.bodies import BASE, body_of, call, result, thought
from tests.wire.support import CALCULATOR, assistant, prompt, user
from tests.wire.vendor_types import assert_vendor_accepts, assert_vendor_counts

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.language_model import ThinkingForm
from flemma_py.model.prompt import FilePart
from flemma_py.model.wire import CountsTokens, Credential, ListsModels, Remarks
from flemma_py.providers.anthropic import KIND, PROVIDER
from flemma_py.providers.catalogue.anthropic import CATALOGUE
from flemma_py.providers.models.anthropic import find_model


def remarks(model: str, **parameters: Any) -> list[str]:
    request = PROVIDER.build_request(prompt(model=model, **parameters), BASE)
    assert all(notice.line is None for notice in request.notices)
    return [notice.message for notice in request.notices]


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameters", "said"),
    [
        ("claude-sonnet-5-5", {"temperature": 0.3}, "claude-sonnet-5-5 takes no temperature"),
        ("claude-opus-4-7", {"temperature": 0}, "claude-opus-4-7 takes no temperature"),
        ("claude-opus-4-6", {"temperature": 0.3, "thinking": "low"}, "while it thinks, takes no temperature"),
        ("claude-sonnet-4-5", {"temperature": 0.3, "thinking_budget": 2048}, "while it thinks, takes no temperature"),
        ("claude-sonnet-4-5", {"temperature": 0.3, "api_version": "2026-10-21"}, "The API of 2026-10-21 takes no"),
        ("claude-sonnet-4-5", {"temperature": 1.5}, "at most 1, so it is 1 and not 1.5"),
        ("claude-sonnet-4-5", {"max_tokens": 100_000}, "so max_tokens is 64,000 and not 100,000"),
        ("claude-opus-5-5", {"thinking": "off"}, "claude-opus-5-5 always thinks"),
        ("claude-sonnet-4-5", {"thinking": 5_000, "max_tokens": 4_000}, "3,999 tokens are for thinking, not 5,000"),
        ("claude-opus-4-5", {"thinking": "high", "max_tokens": 900}, "leaves no room for thinking"),
        ("claude-sonnet-4-5", {"effort": "high"}, "claude-sonnet-4-5 takes no effort"),
        ("claude-opus-4-6", {"effort": "xhigh"}, "has no effort xhigh: high was asked for"),
        ("claude-opus-5", {"effort": "max", "thinking": False}, "Without thinking the effort of claude-opus-5 is at"),
        ("claude-3-haiku-20240307", {"thinking": "low"}, "claude-3-haiku-20240307 does not think"),
    ],
)
def test_a_wish_that_the_model_refuses_is_told_in_one_sentence(
    model: str, parameters: dict[str, Any], said: str
) -> None:
    (sentence,) = remarks(model, **parameters)
    assert said in sentence
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("claude-sonnet-5-5", {}),
        ("claude-sonnet-5-5", {"temperature": 1, "thinking": "high", "max_tokens": "100%"}),
        ("claude-sonnet-5-5", {"thinking": "off"}),
        ("claude-sonnet-4-5", {"temperature": 0.7, "max_tokens": 4_000}),
        ("claude-sonnet-4-5", {"temperature": 1, "thinking_budget": 8_000, "max_tokens": 64_000}),
        ("claude-sonnet-4-5", {"thinking": "max", "max_tokens": 4_000}),
        ("claude-3-haiku-20240307", {"thinking": "off"}),
    ],
)
def test_what_a_model_takes_is_not_remarked_upon(model: str, parameters: dict[str, Any]) -> None:
    assert remarks(model, **parameters) == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("claude-sonet-5-5", "it is sent as it is. Did you mean claude-sonnet-5-5?"),
        ("claude-sonnet-7", "claude-sonnet-7 is not in Flemma's table of Anthropic models"),
        ("some-finetune", "some-finetune is not in Flemma's table of Anthropic models: it is sent as it is."),
    ],
)
def test_a_model_that_stands_in_no_table_is_sent_and_told_of(model: str, said: str) -> None:
    (sentence,) = remarks(model)
    assert said in sentence
    assert body_of(prompt(model=model))["model"] == model


@pytest.mark.parametrize("model", ["claude-sonnet-4-5-20250929", "claude-opus-4-20250514", "claude-3-haiku"])
def test_an_alias_is_known(model: str) -> None:
    assert remarks(model) == []
    assert body_of(prompt(model=model))["model"] == model


def test_a_server_of_the_owners_has_names_of_its_own() -> None:
    provider = KIND.make("gateway", "")
    facts = provider.facts("fast")
    assert isinstance(provider, Remarks)
    assert provider.remarks({}, facts) == ()
    (sentence,) = provider.remarks({"thinking": "low"}, facts)
    assert sentence == "How fast thinks is not known: what was set of that was left out."


def test_what_can_be_told_before_is_what_is_told_with_the_request() -> None:
    parameters = {"temperature": 0.1, "thinking": "off", "max_tokens": 999_999}
    assert isinstance(PROVIDER, Remarks)
    told = PROVIDER.remarks(parameters, PROVIDER.facts("claude-opus-5-5"))
    assert list(told) == remarks("claude-opus-5-5", **parameters)
    assert len(told) == 3


@pytest.mark.parametrize(("version", "has"), [("2023-06-01", True), ("2026-10-21", False), ("2027-01-01", False)])
def test_a_newer_api_gets_no_temperature(version: str, has: bool) -> None:
    request = PROVIDER.build_request(prompt(temperature=0.3, api_version=version), BASE)
    assert dict(request.headers)["anthropic-version"] == version
    assert ("temperature" in orjson.loads(request.body)) is has
    assert b"api_version" not in request.body


@pytest.mark.parametrize("seed", range(100))
def test_whatever_is_set_the_vendor_takes_it(seed: int) -> None:
    chance = random.Random(seed)
    choices: dict[str, list[Any]] = {
        "thinking": ["off", False, 0, 1, 700, 5_000, 10**9, "minimal", "low", "max", {"level": "high"}, {}],
        "thinking_budget": [0, 1, 2_048.5, 10**6],
        "effort": ["low", "medium", "high", "xhigh", "max"],
        "max_tokens": [1, 1_024, 1_025, 9_999, "1%", "100%", 10**7],
        "temperature": [0, 0.5, 1, 2],
        "cache_retention": ["short", "long", "none"],
        "edited_thinking": ["error"],
    }
    given = {name: chance.choice(values) for name, values in choices.items() if chance.random() < 0.6}
    for model in [each.name for each in CATALOGUE.models] + ["claude-opus-9", "claude-x", "fast"]:
        body = body_of(prompt(model=model, system="x", tools=(CALCULATOR,), **given))
        if body.get("thinking", {}).get("type") in ("disabled", "between_tools"):
            assert body.get("output_config", {}).get("effort") not in ("xhigh", "max")


# -- thoughts above which the chat was edited -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameters", "base_url", "asked"),
    [
        ("claude-sonnet-5-5", {}, "https://api.anthropic.com", True),
        ("claude-fable-5-1", {"thinking": "low"}, "https://api.anthropic.com/v1/", True),
        ("claude-sonnet-5-5", {}, "", True),
        ("claude-sonnet-5-5", {}, BASE, False),
        ("claude-sonnet-5-5", {"edited_thinking": "drop"}, BASE, True),
        ("claude-sonnet-5-5", {"edited_thinking": "error"}, "https://api.anthropic.com", False),
        ("claude-sonnet-5-5", {"thinking": "off"}, "https://api.anthropic.com", False),
        ("claude-sonnet-5", {"edited_thinking": "drop"}, "https://api.anthropic.com", False),
        ("claude-sonnet-4-5", {"thinking": "low"}, "https://api.anthropic.com", False),
    ],
)
def test_strict_models_are_asked_to_pass_over_thoughts_that_no_longer_fit(
    model: str, parameters: dict[str, Any], base_url: str, asked: bool
) -> None:
    request = PROVIDER.build_request(
        prompt(user("a"), assistant(thought("t"), "b"), user("c"), model=model, **parameters), base_url
    )
    body = orjson.loads(request.body)
    assert_vendor_accepts(body, beta=asked)
    assert (dict(request.headers).get("anthropic-beta") == "thinking-binding-controls-2026-08-01") is asked
    binding = body.get("thinking", {}).get("block_binding")
    assert binding == ({"prefix_mismatch_behavior": "drop_block"} if asked else None)


# -- counting tokens --------------------------------------------------------------------------------------------------


def test_a_count_asks_with_the_same_chat_and_without_what_is_for_an_answer() -> None:
    assert isinstance(PROVIDER, CountsTokens)
    asked = prompt(
        user("go", FilePart("a.png", "image/png", b"x")),
        assistant(thought("t"), call("a")),
        user(result("a")),
        model="claude-opus-4-6",
        system="Be brief.",
        tools=(CALCULATOR,),
        temperature=0.5,
        effort="low",
    )
    request = PROVIDER.count_request(asked, BASE)
    body = orjson.loads(request.body)
    assert request.url == f"{BASE}/v1/messages/count_tokens"
    assert request.credential is Credential.X_API_KEY
    assert_vendor_counts(body)
    whole = body_of(asked)
    assert body == {name: value for name, value in whole.items() if name not in ("max_tokens", "stream", "temperature")}
    assert {"output_config", "cache_control", "tools", "system", "thinking"} <= body.keys()


def test_the_count_is_read_and_anything_else_is_an_error() -> None:
    assert isinstance(PROVIDER, CountsTokens)
    assert PROVIDER.read_count(b'{"input_tokens": 5432}') == 5432
    for body, kind in (
        (b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}', RequestKind.AUTH),
        (b"<html>no</html>", RequestKind.UNEXPECTED),
        (b"{}", RequestKind.UNEXPECTED),
        (b'{"input_tokens": "5"}', RequestKind.UNEXPECTED),
        (b"", RequestKind.UNEXPECTED),
    ):
        with pytest.raises(RequestError) as caught:
            PROVIDER.read_count(body)
        assert caught.value.kind is kind


# -- listing models ---------------------------------------------------------------------------------------------------


def listed(id: str, **more: Any) -> dict[str, Any]:
    entry = {"type": "model", "id": id, "display_name": id, "created_at": "2026-01-01T00:00:00Z", "lifecycle": "active"}
    ModelInfo.model_validate(entry | more)
    return entry | more


def test_models_are_listed_with_what_the_server_says_of_them() -> None:
    assert isinstance(PROVIDER, ListsModels)
    request = PROVIDER.models_request(f"{BASE}/")
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == f"{BASE}/v1/models?limit=1000"
    answer = {
        "data": [
            listed("claude-sonnet-5-5", max_input_tokens=2_000_000, max_tokens=256_000),
            listed("claude-sonnet-4-5-20250929", max_input_tokens=None),
            listed("claude-sonnet-9", max_input_tokens=5_000_000, max_tokens=1_000_000),
            listed("strange"),
            {"type": "model"},
            "nonsense",
        ],
        "has_more": False,
    }
    one, two, three, four = PROVIDER.read_models(orjson.dumps(answer))
    assert (one.name, one.max_input, one.max_output, one.is_known) == ("claude-sonnet-5-5", 2_000_000, 256_000, True)
    assert (two.name, two.max_input, two.is_known) == ("claude-sonnet-4-5-20250929", 200_000, True)
    assert (three.max_output, three.is_known, three.thinking.form) == (1_000_000, True, ThinkingForm.EFFORT)
    assert (four.name, four.is_known) == ("strange", False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data": 3}', b"<html>"])
def test_what_is_no_list_of_models_is_an_error(body: bytes) -> None:
    assert isinstance(PROVIDER, ListsModels)
    with pytest.raises(RequestError):
        PROVIDER.read_models(body)


# -- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.name)
def test_what_a_name_tells_is_what_the_table_says(model: Any) -> None:
    for name in (model.name, *model.aliases):
        found = find_model(name)
        assert found is not None
        assert (found.thinking, found.fixed_temperature, found.max_output) == (
            model.thinking,
            model.fixed_temperature,
            model.max_output,
        ), name
        assert dict(found.traits) == dict(model.traits)
        assert PROVIDER.facts(name) is model
    assert model.max_input and model.cache_minimum and model.is_known
