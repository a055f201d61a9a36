"""What servers say of their models, when they are asked, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from tests.wire.listing_server import ListingServer

from flemma_py.app.costs import own_price
from flemma_py.app.endpoint import Endpoint, endpoint_of
from flemma_py.app.listing import list_models
from flemma_py.app.listings import FRESH_SECONDS, QUIET_SECONDS, Listings, NotAsked
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError, RequestError, RequestKind, SettingsError
from flemma_py.model.language_model import NO_THINKING, ModelFacts
from flemma_py.providers.moonshot import PROVIDER as MOONSHOT
from flemma_py.providers.openai_chat import KIND, OpenAIChat

LOCAL = OpenAIChat("local", "")


def read(*entries: dict[str, Any]) -> list[ModelFacts]:
    return list(LOCAL.read_models(orjson.dumps({"object": "list", "data": entries})))


# -- the answer


@pytest.mark.parametrize(
    ("entry", "max_input", "max_output"),
    [
        ({"id": "m", "max_model_len": 8192, "owned_by": "vllm"}, 8192, None),
        ({"id": "m", "meta": {"n_ctx_train": 131072, "n_params": 1}}, 131072, None),
        ({"id": "m", "meta": {"n_ctx_train": 131072, "n_ctx": 4096}}, 4096, None),
        ({"id": "m", "max_context_length": 32768, "loaded_context_length": 4096}, 4096, None),
        ({"id": "m", "context_length": 200000, "top_provider": {"max_completion_tokens": 64000}}, 200000, 64000),
        ({"id": "m", "context_window": 131072, "max_completion_tokens": 8192}, 131072, 8192),
        ({"id": "m", "max_input_tokens": 100, "max_output_tokens": 10}, 100, 10),
        ({"id": "m", "context_length": None, "top_provider": {"max_completion_tokens": None}}, None, None),
        ({"id": "m", "context_length": "many", "meta": None}, None, None),
        ({"id": "m", "context_length": 0}, None, None),
    ],
)
def test_sizes_are_told_in_many_words(entry: dict[str, Any], max_input: int | None, max_output: int | None) -> None:
    (facts,) = read(entry)
    assert (facts.name, facts.max_input, facts.max_output) == ("m", max_input, max_output)
    assert facts.is_known is (max_input is not None)


@pytest.mark.parametrize(
    ("entry", "price"),
    [
        ({"pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"}}, (3, 15, 0.3)),
        ({"pricing": {"prompt": "0", "completion": "0"}}, (0, 0, None)),
        ({"pricing": {"prompt": "-1", "completion": "-1"}}, None),
        ({"pricing": {"prompt": "free", "completion": None}}, None),
        ({"input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06}, (2, 8, None)),
        ({}, None),
    ],
)
def test_prices_are_told_for_a_token(entry: dict[str, Any], price: Any) -> None:
    assert read({"id": "m", **entry})[0].price == price


def test_a_model_that_cannot_be_asked_to_think_is_not() -> None:
    silent, thinker, unsaid = read(
        {"id": "a", "supported_parameters": ["tools", "temperature"]},
        {"id": "b", "supported_parameters": ["tools", "reasoning"]},
        {"id": "c", "supported_parameters": []},
    )
    assert silent.thinking == NO_THINKING
    assert thinker.thinking == unsaid.thinking == LOCAL.facts("m").thinking


def test_what_the_server_says_stands_over_what_a_table_knows() -> None:
    body = orjson.dumps({"data": [{"id": "kimi-k2.6", "context_length": 1000}, {"id": "kimi-k9"}]})
    known, unknown = MOONSHOT.read_models(body)  # type: ignore[attr-defined]
    assert (known.max_input, known.max_output, known.is_known) == (1000, 65_536, True)
    assert (unknown.name, unknown.is_known) == ("kimi-k9", False)


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"data":[{"id":"a"},{"id":"b"},{"id":"a"}]}', ["a", "b"]),
        (b'[{"id":"a"}]', ["a"]),
        (b'{"object":"list","data":null}', []),
        (b'{"data":[{"id":""},{"id":7},"x",null,{"name":"y"},{"id":"a"}]}', ["a"]),
    ],
)
def test_lists_come_in_some_shapes(body: bytes, names: list[str]) -> None:
    assert [facts.name for facts in LOCAL.read_models(body)] == names


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b'{"error":"no such thing"}', b"7", b'{"models":[]}'])
def test_what_is_no_list_is_an_error(body: bytes) -> None:
    with pytest.raises(RequestError):
        LOCAL.read_models(body)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1/models"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/models"),
        ("https://openrouter.ai/api/v1/chat/completions", "https://openrouter.ai/api/v1/models"),
    ],
)
def test_the_address_of_a_list(base: str, url: str) -> None:
    request = LOCAL.models_request(base)
    assert (request.method, request.url, request.body) == ("GET", url, b"")


# -- when it is asked


def endpoint(name: str = "local") -> Endpoint:
    made = Services({}, lambda *_: None)
    made.configure({"providers": {name: {"kind": "openai_chat", "base_url": "http://127.0.0.1:1/v1"}}})
    made.settle()
    return endpoint_of(name, "m", made.settings, made.wires)


class Server:
    """What is asked of a `Listings`, and what it answers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.answer: tuple[ModelFacts, ...] | FlemmaError = (ModelFacts("a"),)
        self.changes = 0
        self.listings = Listings(self.ask, lambda: self.now)
        self.listings.on_change = self.changed

    def changed(self) -> None:
        self.changes += 1

    async def ask(self, _: Endpoint) -> tuple[ModelFacts, ...]:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.answer, FlemmaError):
            raise self.answer
        return self.answer

    def names(self) -> list[str]:
        return [facts.name for facts in self.listings.models("local", "http://127.0.0.1:1/v1")]


async def test_a_list_is_kept_for_a_while_and_asked_for_once() -> None:
    server, local = Server(), endpoint()
    await asyncio.gather(*(server.listings.refresh(local) for _ in range(5)))
    server.now = FRESH_SECONDS - 1
    await server.listings.refresh(local)
    assert (server.asked, server.changes, server.names()) == (1, 1, ["a"])
    server.now = FRESH_SECONDS
    await server.listings.refresh(local)
    assert (server.asked, server.changes) == (2, 1)
    server.answer = (ModelFacts("a"), ModelFacts("b"))
    await server.listings.refresh(local, anew=True)
    assert (server.asked, server.changes, server.names()) == (3, 2, ["a", "b"])


async def test_a_server_that_fails_is_left_alone_for_a_while_and_its_old_list_stays() -> None:
    server, local = Server(), endpoint()
    await server.listings.refresh(local)
    server.answer = RequestError(RequestKind.SERVER, "It broke.")
    problem = await server.listings.refresh(local, anew=True)
    assert problem is server.answer
    assert server.names() == ["a"]
    server.now = QUIET_SECONDS - 1
    assert await server.listings.refresh(local) is problem
    assert server.asked == 2
    server.now = QUIET_SECONDS
    server.answer = (ModelFacts("b"),)
    assert await server.listings.refresh(local) is None
    assert (server.asked, server.names()) == (3, ["b"])


async def test_who_could_not_be_asked_is_asked_the_next_time() -> None:
    server, local = Server(), endpoint()
    server.answer = NotAsked("Not yet.")
    assert await server.listings.refresh(local) is server.answer
    server.answer = (ModelFacts("a"),)
    assert await server.listings.refresh(local) is None
    assert server.names() == ["a"]


async def test_nobody_waits_for_what_is_wanted() -> None:
    server, local = Server(), endpoint()
    server.listings.want(local)
    assert server.names() == []
    await server.listings.refresh(local)
    assert (server.asked, server.names()) == (1, ["a"])
    server.now = FRESH_SECONDS
    server.listings.want(local)
    await server.listings.close()


# -- over a socket


def services(settings: dict[str, Any], **environ: str) -> Services:
    made = Services(environ, lambda *_: None)
    made.configure(settings)
    made.settle()
    return made


def at(server: ListingServer, **more: Any) -> dict[str, Any]:
    return {"providers": {"box": {"kind": "openai_chat", "base_url": server.base_url, **more}}, "provider": "box"}


async def test_sizes_and_prices_become_facts_of_the_model() -> None:
    entry = {"id": "m", "max_model_len": 4096, "pricing": {"prompt": "0.000001", "completion": "0.000002"}}
    async with ListingServer([entry]) as server:
        made = services({**at(server), "model": "m"})
        assert not (await made.endpoint()).facts.is_known
        assert server.asked == []
        assert await list_models(made, "box") == ("box", None)
        facts = (await made.endpoint()).facts
        assert (facts.max_input, facts.price, facts.is_known) == (4096, (1.0, 2.0, None), True)
        assert own_price(made, "box", "m") == (1.0, 2.0, None)
        offered = {each["name"]: each["models"] for each in made.catalogue()["providers"]}
        assert offered["box"] == ["m"]
        await made.close()


async def test_the_owners_headers_and_key_go_along_but_no_key_is_looked_for() -> None:
    async with ListingServer([{"id": "m"}]) as server:
        made = services(at(server, api_key_env="BOX_KEY", headers={"X-Team": "a"}), BOX_KEY="k")
        assert await list_models(made, "box") == ("box", None)
        assert (server.asked[0]["authorization"], server.asked[0]["x-team"]) == ("Bearer k", "a")
        await made.close()
        by_command = services({**at(server, api_key_cmd=["printf", "sk-said"]), "model": "m"})
        _, problem = await list_models(by_command, "box")
        assert problem is not None and "has not been needed yet" in problem.message
        assert len(server.asked) == 1
        await by_command.find_key(await by_command.endpoint())
        assert await list_models(by_command, "box") == ("box", None)
        assert server.asked[1]["authorization"] == "Bearer sk-said"
        await by_command.close()


async def test_where_a_key_must_be_paid_for_the_first_model_is_not_taken_unasked() -> None:
    async with ListingServer([{"id": "m"}]) as server:
        keyed = services(at(server, api_key_env="BOX_KEY"), BOX_KEY="k")
        with pytest.raises(SettingsError, match="needs a model: choose one with :Flemma switch box MODEL"):
            await keyed.endpoint()
        free = services(at(server))
        assert (await free.endpoint()).model == "m"
        await free.close()


@pytest.mark.parametrize(("status", "body"), [(404, b"no"), (401, b'{"error":"key"}'), (200, b"<html>"), (500, b"")])
async def test_a_server_that_lists_nothing_is_no_trouble(status: int, body: bytes) -> None:
    async with ListingServer([]) as server:
        server.status, server.body = status, body
        made = services({**at(server), "model": "m"})
        _, problem = await list_models(made, "box")
        assert problem is not None
        assert (await made.endpoint()).model == "m"
        await made.close()


async def test_nobody_can_be_asked_who_has_no_list() -> None:
    made = services({"provider": "demo"})
    name, problem = await list_models(made, "")
    assert (name, isinstance(problem, NotAsked)) == ("demo", True)
    _, problem = await list_models(made, "nobody")
    assert isinstance(problem, SettingsError)


def test_the_kinds_that_list_are_known() -> None:
    assert KIND.make("x", "").models_request("http://x").method == "GET"  # type: ignore[attr-defined]
