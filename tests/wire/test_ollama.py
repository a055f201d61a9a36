"""Ollama: found where the environment says it is, without a key, with the first model that it has."""

from __future__ import annotations

import socket
from typing import Any

import orjson
import pytest
from tests.wire.listing_server import ListingServer
from tests.wire.support import assistant, prompt, user

from flemma_py.app.services import Services
from flemma_py.errors import RequestKind, SettingsError
from flemma_py.model.prompt import ThinkingPart
from flemma_py.providers.ollama import PROVIDER, Ollama

OLLAMA = Ollama("ollama", "", "Ollama")


def services(settings: dict[str, Any] | None = None, **environ: str) -> Services:
    said: list[str] = []
    made = Services(environ, lambda _, message: said.append(message))
    made.configure({"provider": "ollama", **(settings or {})})
    made.settle()
    assert not said, said
    return made


@pytest.mark.parametrize(
    ("value", "base_url"),
    [
        ("box", "http://box:11434/v1"),
        ("box:80", "http://box:80/v1"),
        (":1234", "http://localhost:1234/v1"),
        ("0.0.0.0", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080/v1"),
        ("[::]:8080", "http://[::1]:8080/v1"),
        ("[fe80::1]", "http://[fe80::1]:11434/v1"),
        ("http://box", "http://box:80/v1"),
        ("https://box/", "https://box:443/v1"),
        ("https://box:8443/ollama/", "https://box:8443/ollama/v1"),
        (" box ", "http://box:11434/v1"),
    ],
)
def test_the_variable_is_read_as_ollama_reads_it(value: str, base_url: str) -> None:
    assert OLLAMA.address_from(value) == base_url
    assert services(OLLAMA_HOST=value).wires.addresses == {"ollama": base_url}


async def test_the_settings_stand_above_the_variable_and_that_above_the_default() -> None:
    named = {"model": "m"}
    assert (await services(named).endpoint()).base_url == "http://localhost:11434/v1"
    assert (await services(named, OLLAMA_HOST="box").endpoint()).base_url == "http://box:11434/v1"
    owned = {**named, "providers": {"ollama": {"base_url": "http://mine:1/v1"}}}
    assert (await services(owned, OLLAMA_HOST="box").endpoint()).base_url == "http://mine:1/v1"


async def test_it_needs_no_key_but_takes_one() -> None:
    made = services({"model": "m"})
    assert await made.find_key(await made.endpoint()) is None
    cloud = {"base_url": "https://ollama.com/v1", "api_key_env": "OLLAMA_API_KEY"}
    made = services({"model": "m", "providers": {"ollama": cloud}}, OLLAMA_API_KEY="k")
    assert await made.find_key(await made.endpoint()) == "k"


async def test_without_a_choice_the_first_model_that_can_chat_answers() -> None:
    async with ListingServer([{"id": "nomic-embed-text:latest"}, {"id": "qwen3:8b"}, {"id": "llama3"}]) as server:
        made = services(OLLAMA_HOST=server.address)
        assert (await made.chosen()).model == ""
        assert (await made.endpoint()).model == "qwen3:8b"
        assert (await made.chosen()).model == "qwen3:8b"
        await made.close()


async def test_no_model_and_no_server_are_told_with_what_to_do() -> None:
    async with ListingServer([]) as server:
        made = services(OLLAMA_HOST=server.address)
        with pytest.raises(SettingsError, match="has no model yet: get one, as with `ollama pull qwen3`"):
            await made.endpoint()
        await made.close()
    made = services(OLLAMA_HOST=f"127.0.0.1:{free_port()}")
    with pytest.raises(
        SettingsError, match=r"Ollama does not answer at http://127\.0\.0\.1:.* start it with `ollama serve`"
    ):
        await made.endpoint()
    await made.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_a_model_that_is_not_there_can_be_pulled() -> None:
    body = {"error": {"message": 'model "x" not found, try pulling it first', "type": "api_error", "code": None}}
    error = PROVIDER.read_error(404, {}, orjson.dumps(body))
    assert error.kind is RequestKind.BAD_MODEL
    assert "get it with `ollama pull`" in error.message


def test_thoughts_go_back_under_its_own_name() -> None:
    own = ThinkingPart("Hm.", None, None, redacted=False)
    asked = prompt(user("Go"), assistant(own, "Said."), user("On"), model="m")
    message = orjson.loads(PROVIDER.build_request(asked, "").body)["messages"][1]
    assert message == {"role": "assistant", "content": "Said.", "reasoning": "Hm."}
