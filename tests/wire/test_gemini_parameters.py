"""What Gemini models are asked for beside the chat: thinking, limits, temperature; what they are; counting, listing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from tests.wire.gemini_bodies import NEW, OLD, PROVIDERS, body_of, notices, prompt
from tests.wire.support import CALCULATOR

from flemma_py.model.wire import CountsTokens, ListsModels
from flemma_py.providers import gemini, vertex


def config(model: str, **parameters: Any) -> dict[str, Any]:
    found: dict[str, Any] = body_of(prompt(model=model, **parameters))["generationConfig"]
    return found


LEVELS = ("minimal", "low", "medium", "high", "max")
BUDGETS = {
    "gemini-2.5-pro": (128, 2048, 8192, 32768, 32768),
    "gemini-2.5-flash": (128, 2048, 8192, 24576, 24576),
    "gemini-2.5-flash-lite": (512, 2048, 8192, 24576, 24576),
}
WORDS = {
    "gemini-3-flash-preview": ("MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-3.1-flash-lite-preview": ("MINIMAL", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-3.1-pro-preview": ("LOW", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-3-pro-preview": ("LOW", "LOW", "HIGH", "HIGH", "HIGH"),
    "gemini-3.8-flash": ("LOW", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-4-argon": ("LOW", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-7-unheard-of": ("LOW", "LOW", "MEDIUM", "HIGH", "HIGH"),
    "gemini-flash-latest": ("LOW", "LOW", "MEDIUM", "HIGH", "HIGH"),
}


def rows(table: dict[str, tuple[Any, ...]]) -> Iterator[tuple[str, str, Any]]:
    return ((model, level, value) for model, row in table.items() for level, value in zip(LEVELS, row, strict=True))


@pytest.mark.parametrize(("model", "level", "budget"), list(rows(BUDGETS)))
def test_a_level_is_a_budget_up_to_2_5(model: str, level: str, budget: int) -> None:
    assert config(model, thinking=level)["thinkingConfig"] == {"includeThoughts": True, "thinkingBudget": budget}


@pytest.mark.parametrize(("model", "level", "word"), list(rows(WORDS)))
def test_a_level_is_a_level_from_3_on(model: str, level: str, word: str) -> None:
    assert config(model, thinking=level)["thinkingConfig"] == {"includeThoughts": True, "thinkingLevel": word}


@pytest.mark.parametrize(
    ("model", "parameters", "sent"),
    [
        ("gemini-2.5-flash", {"thinking_budget": 1}, {"includeThoughts": True, "thinkingBudget": 1}),
        ("gemini-2.5-flash", {"thinking_budget": 99_999}, {"includeThoughts": True, "thinkingBudget": 24_576}),
        ("gemini-2.5-flash", {"thinking_budget": 9, "thinking": "max"}, {"includeThoughts": True, "thinkingBudget": 9}),
        ("gemini-2.5-flash-lite", {"thinking_budget": 1}, {"includeThoughts": True, "thinkingBudget": 512}),
        ("gemini-2.5-pro", {"thinking_budget": 1}, {"includeThoughts": True, "thinkingBudget": 128}),
        ("gemini-3.8-flash", {"thinking_budget": 4096}, {"includeThoughts": True, "thinkingLevel": "LOW"}),
        ("gemini-3.8-flash", {"thinking_budget": 90_000}, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash", {}, {"includeThoughts": True, "thinkingBudget": 24_576}),
        ("gemini-3.8-flash", {}, {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash-lite", {}, None),
        ("gemini-3.1-flash-lite", {}, None),
        ("gemini-2.0-flash", {"thinking": "high"}, None),
        ("some-model", {"thinking": "high"}, None),
        ("gemini-2.5-flash", {"thinking_budget": 0}, {"thinkingBudget": 0}),
        ("gemini-2.5-flash-lite", {"thinking": False}, {"thinkingBudget": 0}),
        ("gemini-2.5-pro", {"thinking": "off"}, {"thinkingBudget": 128}),
        ("gemini-3-flash-preview", {"thinking": "off"}, {"thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", {"thinking_budget": 0, "thinking": "max"}, {"thinkingLevel": "LOW"}),
    ],
)
def test_how_much_is_thought(model: str, parameters: dict[str, Any], sent: Any) -> None:
    assert config(model, **parameters).get("thinkingConfig") == sent


def test_what_cannot_be_told_not_to_think_says_so() -> None:
    (told,) = notices(prompt(model=OLD, thinking="off"))
    assert told == ("gemini-2.5-pro always thinks: it is asked to think as little as it can.", None)
    assert not notices(prompt(model="gemini-2.5-flash", thinking="off"))


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        (OLD, "50%", 32_768),
        (OLD, "1%", 1_024),
        ("gemini-4-argon", "100%", 65_536),
        ("gemini-2.0-flash-001", "50%", 4_096),
        (OLD, 99_999, 65_536),
        ("some-model", "50%", 4_000),
        ("some-model", 99_999, 99_999),
    ],
)
def test_max_tokens_is_a_number_or_a_share_of_what_the_model_can_write(model: str, given: Any, sent: int) -> None:
    assert config(model, max_tokens=given)["maxOutputTokens"] == sent


def test_a_temperature_goes_where_it_is_taken_and_is_told_where_not() -> None:
    assert config(OLD, temperature=0)["temperature"] == 0
    assert config("gemini-3.1-pro-preview", temperature=0.3)["temperature"] == 0.3
    assert "temperature" not in config(NEW, temperature=0.3)
    assert notices(prompt(temperature=0.3)) == [("gemini-3.8-flash takes no temperature: it was left out.", None)]


@pytest.mark.parametrize("service", PROVIDERS)
def test_models_are_known_by_name_and_alias_and_others_pass(service: str) -> None:
    provider = PROVIDERS[service]
    assert provider.facts("gemini-2.0-flash-001").name == "gemini-2.0-flash"
    assert provider.facts("models/gemini-2.5-pro").max_output == 65_536
    assert provider.facts("gemini-9-new").is_known
    assert not provider.facts("gemma-4").is_known
    assert provider.facts(provider.default_model).is_known
    assert provider.facts("gemini-2.5-flash").cache_minimum == 1_024
    assert provider.facts("gemini-2.5-pro").cache_minimum == 2_048


# -- counting and listing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", PROVIDERS)
def test_counting_asks_for_what_is_read_and_no_more(service: str) -> None:
    provider = PROVIDERS[service]
    assert isinstance(provider, CountsTokens)
    asked = prompt(system="Be brief.", tools=(CALCULATOR,))
    request = provider.count_request(asked, "")
    assert request.url.endswith(f"/models/{NEW}:countTokens")
    body = orjson.loads(request.body)
    if service == "gemini":
        body = body["generateContentRequest"]
        assert body.pop("model") == f"models/{NEW}"
    whole = body_of(asked, service)
    assert body == {name: whole[name] for name in ("contents", "systemInstruction", "tools")}
    assert provider.read_count(b'{"totalTokens": 31, "promptTokensDetails": []}') == 31


def test_the_list_of_the_gemini_api_has_limits() -> None:
    provider = gemini.PROVIDER
    assert isinstance(provider, ListsModels)
    request = provider.models_request("")
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == "https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000"
    limits = {"inputTokenLimit": 5, "outputTokenLimit": 3}
    models = [
        {"name": "models/gemma-9", "supportedGenerationMethods": ["generateContent"]} | limits,
        {"name": "models/embed-1", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/plain", "supportedGenerationMethods": ["generateContent"]},
        7,
    ]
    found = provider.read_models(orjson.dumps({"models": models}))
    assert [(each.name, each.max_input, each.max_output, each.is_known) for each in found] == [
        ("gemma-9", 5, 3, True),
        ("plain", None, None, False),
    ]


def test_the_list_of_vertex_has_names() -> None:
    assert isinstance(vertex.PROVIDER, ListsModels)
    url = vertex.PROVIDER.models_request("").url
    assert url == "https://aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=300"
    models = {"publisherModels": [{"name": "publishers/google/models/gemini-2.5-pro"}]}
    assert [each.name for each in vertex.PROVIDER.read_models(orjson.dumps(models))] == ["gemini-2.5-pro"]
