"""Who answers, with which key and parameters: from settings and environment to an endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from flemma_py.app.endpoint import DEMO, Endpoint, default_name, missing_key, names
from flemma_py.app.services import Services
from flemma_py.errors import RequestError, RequestKind, SettingsError
from flemma_py.secrets import keys
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.keys import KeySource


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "look_up", lambda *_: Missing(("no store",)))


def services(settings: dict[str, Any] | None = None, **environ: str) -> Services:
    said: list[str] = []
    made = Services(environ, lambda _, message: said.append(message))
    made.configure(settings or {})
    made.settle()
    assert not said, said
    return made


async def endpoint(settings: dict[str, Any] | None = None, **environ: str) -> Endpoint:
    made = services(settings, **environ)
    try:
        return await made.endpoint()
    finally:
        await made.close()


LOCAL = {"kind": "openai_chat", "base_url": "http://localhost:1/v1"}


async def test_without_a_choice_the_environment_chooses_then_the_store_then_the_demo(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (await endpoint(ANTHROPIC_API_KEY="x")).name == "anthropic"
    assert (await endpoint()).name == DEMO
    monkeypatch.setattr(keys, "look_up", lambda service, _: Found("sk-stored", service))
    stored = services()
    found = await stored.endpoint()
    assert found.name == "anthropic"
    assert await stored.find_key(found) == "sk-stored"


async def test_a_choice_is_that_one_or_an_error() -> None:
    chosen = services({"provider": "anthropic"})
    with pytest.raises(RequestError) as caught:
        await chosen.find_key(await chosen.endpoint())
    assert caught.value.kind is RequestKind.AUTH
    assert caught.value.message.endswith("\n  • ANTHROPIC_API_KEY is not set\n  • no store")
    assert (await endpoint({"provider": "demo"}, ANTHROPIC_API_KEY="x")).is_demo


def test_the_order_of_keys() -> None:
    wires = services().wires
    assert default_name(wires, {"ANTHROPIC_API_KEY": "x"}, has_stored_key=False) == "anthropic"
    assert default_name(wires, {"ANTHROPIC_API_KEY": " "}, has_stored_key=False) == DEMO


async def test_an_address_of_the_owners_needs_no_key() -> None:
    made = services({"provider": "llama", "model": "m", "providers": {"llama": LOCAL}}, ANTHROPIC_API_KEY="x")
    found = await made.endpoint()
    assert (found.name, found.model, found.base_url) == ("llama", "m", "http://localhost:1/v1")
    assert await made.find_key(found) is None


async def test_a_kind_may_be_the_wire_of_a_vendor_and_its_key_is_named() -> None:
    proxy = {"kind": "anthropic", "base_url": "http://proxy", "api_key_env": "MINE", "headers": {"X-Team": "a"}}
    made = services({"provider": "proxy", "providers": {"proxy": proxy}}, MINE="sk-mine", ANTHROPIC_API_KEY="not this")
    found = await made.endpoint()
    assert await made.find_key(found) == "sk-mine"
    assert found.headers == (("x-team", "a"),)
    assert "check the key in MINE" in found.provider.read_error(401, {}, b"{}").message


async def test_a_vendor_with_a_key_from_elsewhere_does_not_look_where_it_did() -> None:
    elsewhere = {"anthropic": {"api_key_cmd": ["printf", "sk-printed"]}}
    made = services({"provider": "anthropic", "providers": elsewhere}, ANTHROPIC_API_KEY="not this")
    found = await made.endpoint()
    assert await made.find_key(found) == "sk-printed"
    assert "check the key in api_key_cmd" in found.provider.read_error(401, {}, b"{}").message


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"provider": "anthropc"},
            "There is no provider anthropc: did you mean anthropic? (there are anthropic, ",
        ),
        ({"provider": "x", "providers": {"x": {"base_url": "http://x"}}}, "The provider x has no kind"),
        ({"provider": "x", "providers": {"x": {"kind": "openai_cat"}}}, "did you mean openai_chat?"),
        ({"provider": "x", "providers": {"x": {"kind": "openai_chat"}}}, "providers.x.base_url"),
        ({"provider": "x", "providers": {"x": LOCAL}}, "The provider x needs a model"),
        (
            {"provider": "x", "model": "m", "providers": {"x": {**LOCAL, "api_key_cmd": "pass 'x"}}},
            "providers.x.api_key_cmd cannot be read",
        ),
        (
            {"provider": "x", "model": "m", "providers": {"x": {**LOCAL, "headers": {"a b": "c"}}}},
            "providers.x.headers has one that HTTP cannot carry",
        ),
        ({"model": "$no"}, "There is no preset $no (there are $readonly, $standard)."),
    ],
)
async def test_what_is_missing_is_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        await endpoint(settings)
    assert said in caught.value.message
    assert caught.value.message.endswith(".")


async def test_parameters_of_one_provider_stand_over_the_general_ones() -> None:
    parameters = {
        "max_tokens": 10,
        "temperature": 1,
        "anthropic": {"max_tokens": 20, "cache_retention": "none"},
        "llama": {"temperature": 0, "max_tokens_key": "max_completion_tokens"},
    }
    settings = {"parameters": parameters, "providers": {"llama": LOCAL}, "model": "m"}
    of_anthropic = (await endpoint({**settings, "provider": "anthropic"})).parameters
    assert (of_anthropic["max_tokens"], of_anthropic["temperature"]) == (20, 1)
    assert of_anthropic["cache_retention"] == "none"
    assert "max_tokens_key" not in of_anthropic
    of_llama = (await endpoint({**settings, "provider": "llama"})).parameters
    assert (of_llama["max_tokens"], of_llama["temperature"]) == (10, 0)
    assert of_llama["max_tokens_key"] == "max_completion_tokens"
    assert of_llama["cache_retention"] == "short"


def test_an_unknown_parameter_of_a_provider_is_told() -> None:
    said: list[str] = []
    made = Services({}, lambda _, message: said.append(message))
    made.configure({"parameters": {"anthropic": {"cache_retenton": "none"}, "antropic": {}}})
    made.settle()
    assert "Did you mean parameters.anthropic.cache_retention?" in said[0]
    assert "Did you mean parameters.anthropic?" in said[0]


def test_all_names_are_known() -> None:
    made = services({"providers": {"llama": LOCAL, "anthropic": {"base_url": "http://x"}}})
    assert names(made.settings, made.wires) == sorted({*made.wires.providers, "demo", "llama"})


def test_a_missing_key_says_what_to_do_about_its_own_place() -> None:
    found = Endpoint(services().wires.providers["anthropic"], "x", "m", "u", KeySource("x", (), ("pass",)), {})
    message = missing_key(found, Missing(("api_key_cmd (pass) ended with code 1",))).message
    assert message == "No key for x: make api_key_cmd print the key.\n  • api_key_cmd (pass) ended with code 1"
