"""How many tokens a request would take: counted over a real socket, or reckoned where nobody counts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from aiohttp import web
from tests.wire.support import KEY

from flemma_py import demo
from flemma_py.app.estimate import Estimate, estimate
from flemma_py.app.services import Services
from flemma_py.demo.server import COUNT, DemoServer
from flemma_py.document.parser import parse
from flemma_py.errors import DocumentError, RequestError, RequestKind
from flemma_py.prompt.build import build_prompt

CHAT = "@System:\nBe brief.\n\n@You:\nHello there\n"


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True, key=KEY)
    yield running
    await running.close()


async def count(text: str, environ: dict[str, str] | None = None, **settings: Any) -> Estimate:
    services = Services({"ANTHROPIC_API_KEY": KEY} if environ is None else environ, lambda level, message: None)
    services.configure(settings)
    try:
        await services.warm()
        endpoint = await services.endpoint()
        built = build_prompt(
            parse(text.split("\n")),
            model=endpoint.model,
            parameters=endpoint.parameters,
            tools=services.runner.definitions,
            facts=endpoint.facts,
        )
        return await estimate(services, endpoint, built.prompt)
    finally:
        await services.close()


def at(base_url: str, **owned: Any) -> dict[str, Any]:
    return {"provider": "anthropic", "providers": {"anthropic": {"base_url": base_url, **owned}}}


async def test_the_vendor_counts_what_would_be_sent(server: DemoServer) -> None:
    found = await count(CHAT, model="claude-sonnet-4-6", **at(server.base_url, headers={"X-Team": "a"}))
    (request,) = server.recorded
    assert request.path == COUNT and request.problem is None
    assert request.headers["x-api-key"] == KEY and request.headers["x-team"] == "a"
    assert (found.counted, found.tokens) == (True, len(orjson.dumps(request.body)) // 4)
    assert "Hello there" in request.raw.decode() and "Be brief." in request.raw.decode()
    sentence = found.sentence(priced=True)
    assert sentence.startswith(f"{found.tokens:,} input tokens · $0.0")
    assert sentence.endswith(" · claude-sonnet-4-6 ($3 input / $15 output per MTok)")
    assert found.sentence(priced=False) == f"{found.tokens:,} input tokens · claude-sonnet-4-6"


async def test_a_model_without_a_price_has_none(server: DemoServer) -> None:
    found = await count(CHAT, model="claude-of-the-future-9", **at(server.base_url))
    assert found.sentence(priced=True) == f"{found.tokens:,} input tokens · claude-of-the-future-9"


async def test_what_the_vendor_says_instead_is_told(server: DemoServer) -> None:
    with pytest.raises(RequestError) as caught:
        await count(CHAT, {"ANTHROPIC_API_KEY": "sk-ant-of-somebody-else"}, **at(server.base_url))
    assert caught.value.kind is RequestKind.AUTH
    assert "authentication_error — invalid x-api-key" in caught.value.message


async def test_a_chat_that_cannot_be_sent_cannot_be_counted(server: DemoServer) -> None:
    with pytest.raises(DocumentError):
        await count("@You:\n", **at(server.base_url))
    assert not server.recorded


async def test_without_a_key_nothing_leaves(server: DemoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flemma_py.secrets.keys.look_up", lambda *_: _missing())
    with pytest.raises(RequestError) as caught:
        await count(CHAT, {}, **at(server.base_url))
    assert caught.value.kind is RequestKind.AUTH
    assert not server.recorded


def _missing() -> Any:
    from flemma_py.secrets.environment import Missing

    return Missing(("no store",))


async def test_the_demo_is_reckoned() -> None:
    found = await count(CHAT, provider="demo")
    assert not found.counted and found.tokens > 0
    assert found.sentence(priced=True) == (
        f"~{found.tokens:,} input tokens (4 characters each, as demo does not count) · flemma-demo"
    )


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>", RequestKind.UNEXPECTED),
        (200, b'{"input_tokens": "12"}', RequestKind.UNEXPECTED),
        (200, b'{"input_tokens": true}', RequestKind.UNEXPECTED),
        (429, b'{"error": {"message": "slow down"}}', RequestKind.RATE),
        (400, b'{"error": {"message": "bad"}}', RequestKind.BAD_REQUEST),
        (404, b'{"error": {"type": "not_found_error", "message": "model: x"}}', RequestKind.BAD_MODEL),
        (404, b'{"detail": "Not Found"}', None),
        (405, b"", None),
        (501, b"nothing here", None),
    ],
)
async def test_a_server_that_does_not_count_is_no_error_and_any_other_is(
    status: int, body: bytes, kind: RequestKind | None
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        if kind is None:
            assert not (await count(CHAT, **at(base_url))).counted
            return
        with pytest.raises(RequestError) as caught:
            await count(CHAT, **at(base_url))
        assert caught.value.kind is kind
    finally:
        await runner.cleanup()
