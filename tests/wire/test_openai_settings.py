"""How OpenAI models are asked, generation by generation: effort, temperature, caches; what is refused is told once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.wire.openai_support import BASE, body_of, prompt

from flemma_py.model.language_model import ThinkingForm
from flemma_py.providers.catalogue.openai import CATALOGUE
from flemma_py.providers.models.openai import find_model
from flemma_py.providers.openai import KIND, PROVIDER

OFF: tuple[Any, ...] = ("off", False, 0, {"level": False})


def remarks(model: str, **parameters: Any) -> list[str]:
    request = PROVIDER.build_request(prompt(model=model, **parameters), BASE)
    assert all(notice.line is None for notice in request.notices)
    return [notice.message for notice in request.notices]


def effort(model: str, **parameters: Any) -> str | None:
    word: str | None = body_of(prompt(model=model, **parameters)).get("reasoning", {}).get("effort")
    return word


# -- thinking ---------------------------------------------------------------------------------------------------------


def test_a_model_that_thinks_is_asked_to_think_well_where_nobody_says_how() -> None:
    body = body_of(prompt(model="gpt-6.1-sol"))
    assert body["reasoning"] == {"effort": "high", "summary": "auto"}
    assert body["include"] == ["reasoning.encrypted_content"]


@pytest.mark.parametrize("off", OFF)
def test_thinking_is_turned_off_where_the_model_knows_that(off: Any) -> None:
    for model in ("gpt-5.1", "gpt-5.4", "gpt-5.5", "gpt-6.1-sol"):
        body = body_of(prompt(model=model, thinking=off))
        assert body["reasoning"] == {"effort": "none"}
        assert "include" not in body
        assert remarks(model, thinking=off) == []
    for model in ("o3", "gpt-5", "gpt-5-codex", "gpt-5-pro", "gpt-5.4-pro", "gpt-5.2-codex"):
        body = body_of(prompt(model=model, thinking=off))
        assert "reasoning" not in body
        assert body["include"] == ["reasoning.encrypted_content"]
        assert remarks(model, thinking=off) == [f"{model} always thinks: it was not asked how much."]
    assert "reasoning" not in body_of(prompt(model="gpt-4.1", thinking=off))


@pytest.mark.parametrize(
    ("model", "parameters", "word"),
    [
        ("gpt-5.4", {"reasoning": "low", "thinking": "max"}, "low"),
        ("gpt-5.4", {"reasoning": "", "thinking": "medium"}, "medium"),
        ("gpt-5.4", {"reasoning": "none", "thinking": "medium"}, "none"),
        ("gpt-5.4", {"reasoning": "xhigh"}, "xhigh"),
        ("gpt-5.4", {"reasoning": "max"}, "xhigh"),
        ("gpt-6.1-sol", {"reasoning": "xhigh"}, "xhigh"),
        ("gpt-6.1-sol", {"reasoning": "max"}, "max"),
        ("gpt-5", {"reasoning": "minimal"}, "minimal"),
        ("gpt-5", {"reasoning": "high"}, "high"),
        ("o3", {"reasoning": "medium"}, "medium"),
        ("gpt-4.1", {"reasoning": "high"}, None),
    ],
)
def test_the_wires_own_word_goes_before_thinking(model: str, parameters: dict[str, Any], word: str | None) -> None:
    assert effort(model, **parameters) == word


@pytest.mark.parametrize(
    ("summary", "sent"), [("detailed", {"summary": "detailed"}), ("concise", {"summary": "concise"}), ("none", {})]
)
def test_how_much_is_told_of_thoughts_can_be_set(summary: str, sent: dict[str, str]) -> None:
    body = body_of(prompt(reasoning_summary=summary))
    assert body["reasoning"] == {"effort": "high"} | sent


def test_a_model_that_nobody_knows_thinks_as_it_is_told_and_only_then() -> None:
    server = KIND.make("mine", "")
    assert not server.facts("qwen3").is_known
    assert not {"reasoning", "include", "prompt_cache_retention"} & body_of(prompt(model="qwen3")).keys()
    assert "reasoning" not in body_of(prompt(model="qwen3", thinking="off"))
    assert effort("qwen3", thinking="max") == "high"
    assert effort("qwen3", reasoning="max") == "max"


# -- temperature and length -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameters", "sent"),
    [
        ("gpt-4.1", {"temperature": 0.3}, 0.3),
        ("gpt-4o", {"temperature": 0}, 0),
        ("gpt-5-chat-latest", {"temperature": 0.3}, 0.3),
        ("qwen3", {"temperature": 0.3}, 0.3),
        ("gpt-5.4", {"temperature": 0.3, "thinking": "off"}, 0.3),
        ("gpt-5.4", {"temperature": 0.3}, None),
        ("gpt-5", {"temperature": 0.3, "thinking": "off"}, None),
        ("gpt-6.1-sol", {"temperature": 0.3, "thinking": "off"}, None),
        ("o3", {"temperature": 0.3}, None),
    ],
)
def test_a_temperature_goes_where_it_is_taken(model: str, parameters: dict[str, Any], sent: float | None) -> None:
    assert body_of(prompt(model=model, **parameters)).get("temperature") == sent


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        ("gpt-5.4", "50%", 64_000),
        ("gpt-6.1-sol", "50%", 64_000),
        ("gpt-7", "50%", 64_000),
        ("gpt-4.1", "100%", 32_768),
        ("gpt-4o", "1%", 1_024),
        ("gpt-5.4", 999_999, 128_000),
        ("gpt-5.4", 5, 16),
        ("qwen3", "50%", 4_000),
        ("qwen3", 999_999, 999_999),
    ],
)
def test_the_limit_is_a_number_or_a_share_of_what_the_model_can_write(model: str, given: Any, sent: int) -> None:
    assert body_of(prompt(model=model, max_tokens=given))["max_output_tokens"] == sent


# -- caches -----------------------------------------------------------------------------------------------------------


def cached(model: str, retention: str | None, key: str | None = "k") -> dict[str, Any]:
    given: dict[str, Any] = {} if retention is None else {"cache_retention": retention}
    body = body_of(prompt(model=model, cache_key=key, **given))
    return {name: body[name] for name in body if name.startswith("prompt_cache")}


KEY = {"prompt_cache_key": "k"}


@pytest.mark.parametrize(
    ("models", "short", "long", "none"),
    [
        (
            "gpt-4.1 gpt-5 gpt-5.1-codex gpt-5.4 gpt-5.4-pro",
            KEY | {"prompt_cache_retention": "in_memory"},
            KEY | {"prompt_cache_retention": "24h"},
            {},
        ),
        (
            "gpt-4o o3 o4-mini",
            KEY | {"prompt_cache_retention": "in_memory"},
            KEY | {"prompt_cache_retention": "in_memory"},
            {},
        ),
        ("gpt-5.5 gpt-5.5-pro", KEY, KEY | {"prompt_cache_retention": "24h"}, {}),
        (
            "gpt-5.6-sol gpt-6.1-sol gpt-7",
            KEY | {"prompt_cache_options": {"mode": "implicit", "ttl": "30m"}},
            KEY | {"prompt_cache_options": {"mode": "implicit", "ttl": "12h"}},
            # Such a model writes to a cache unless it is told not to, and bills that.
            {"prompt_cache_options": {"mode": "explicit"}},
        ),
        ("qwen3", KEY, KEY, {}),
        ("gpt-4 gpt-3.5-turbo", {}, {}, {}),
    ],
)
def test_a_cache_is_asked_for_as_the_generation_wants_it(
    models: str, short: dict[str, Any], long: dict[str, Any], none: dict[str, Any]
) -> None:
    for model in models.split():
        assert cached(model, None) == cached(model, "short") == short, model
        assert cached(model, "long") == long, model
        assert cached(model, "none") == none, model


def test_a_chat_without_a_name_has_no_key_but_is_remembered_all_the_same() -> None:
    assert cached("gpt-5.4", "short", key=None) == {"prompt_cache_retention": "in_memory"}
    assert len(cached("gpt-5.4", "short", key="x" * 100)["prompt_cache_key"]) == 64


# -- what is told -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "parameters", "told"),
    [
        ("gpt-6.1-sol", {"temperature": 0.3}, "gpt-6.1-sol takes no temperature"),
        ("gpt-5.4", {"temperature": 0.3}, "gpt-5.4, while it thinks, takes no temperature"),
        ("gpt-5.4", {"max_tokens": 200_000}, "so max_tokens is 128,000 and not 200,000"),
        ("gpt-4.1", {"max_tokens": 5}, "needs room for 16 tokens"),
        ("gpt-4.1", {"reasoning": "high"}, "gpt-4.1 does not think"),
        ("gpt-5.4", {"reasoning": "minimal"}, "gpt-5.4 has no effort minimal: low was asked for"),
        ("gpt-5", {"reasoning": "xhigh"}, "gpt-5 has no effort xhigh: high was asked for"),
        ("gpt-4o", {"cache_retention": "long"}, "gpt-4o keeps no cache for a day"),
        ("gpt-5.4-minni", {}, "is sent as it is. Did you mean gpt-5.4-mini?"),
        ("some-finetune", {}, "some-finetune is not in Flemma's table of OpenAI models"),
    ],
)
def test_a_wish_that_the_model_refuses_is_told_in_one_sentence(
    model: str, parameters: dict[str, Any], told: str
) -> None:
    (sentence,) = remarks(model, **parameters)
    assert told in sentence
    assert sentence.endswith(("?", ".")) and "\n" not in sentence


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("gpt-6.1-sol", {}),
        ("gpt-6.1-sol", {"temperature": 1, "thinking": "max", "max_tokens": "100%", "cache_retention": "long"}),
        ("gpt-5.4", {"temperature": 0.3, "thinking": "off"}),
        ("gpt-4.1", {"temperature": 0.3, "thinking": "off", "max_tokens": 32_768}),
        ("gpt-5-2025-08-07", {"reasoning": "low"}),
        ("openai/gpt-5.4", {}),
        ("ft:gpt-4.1-mini-2025-04-14:acme::x1", {}),
    ],
)
def test_what_a_model_takes_is_not_remarked_upon(model: str, parameters: dict[str, Any]) -> None:
    assert remarks(model, **parameters) == []


def test_nobody_is_told_that_the_model_of_their_own_server_stands_in_no_table() -> None:
    server = KIND.make("mine", "")
    assert server.build_request(prompt(model="qwen3"), BASE).notices == ()


# -- the table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", CATALOGUE.models, ids=lambda model: model.name)
def test_each_model_of_the_table_is_found_by_every_name_and_can_be_asked(model: Any) -> None:
    assert model.is_known and model.max_input and model.max_output
    for name in (model.name, *model.aliases):
        assert CATALOGUE.find(name) == model
        assert PROVIDER.facts(name).name == name
        assert body_of(prompt(model=name))["model"] == name
    if model.thinking.form is ThinkingForm.EFFORT:
        assert model.thinking.by_itself and model.fixed_temperature and model.cache_minimum == 1024


def test_names_are_unique() -> None:
    names = [name for model in CATALOGUE.models for name in (model.name, *model.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", ["llama3", "claude-sonnet-5-5", "o", "qwen3", "deepseek-r1", ""])
def test_models_of_others_are_not_known(name: str) -> None:
    assert find_model(name) is None
    assert not PROVIDER.facts(name).is_known


@pytest.mark.parametrize("name", ["gpt-oss-120b", "openai/gpt-oss-20b", "codex-mini-latest"])
def test_models_with_weights_of_their_own_always_think(name: str) -> None:
    assert PROVIDER.facts(name).thinking.always
