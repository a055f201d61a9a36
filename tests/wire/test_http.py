"""The transport over real sockets: warm connections, cancelling, limits, cuts, and a key that shows nowhere."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aioresponses import aioresponses
from multidict import CIMultiDict, CIMultiDictProxy
from tests.wire.support import KEY, converse, prompt, text_of
from yarl import URL

from flemma_py import __version__, demo
from flemma_py.demo import peer
from flemma_py.demo.server import DemoServer
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.stream import StopReason, StreamEnd
from flemma_py.model.wire import Credential, HttpRequest
from flemma_py.providers.anthropic import PROVIDER
from flemma_py.transport.http import HttpClient

HOST = "api.vendor.example"


@pytest.fixture
async def server() -> AsyncIterator[DemoServer]:
    running = await demo.start(pace=0, peer=True)
    yield running
    await running.close()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient()
    yield made
    await made.close()


def request_to(base_url: str, credential: Credential = Credential.X_API_KEY) -> HttpRequest:
    return HttpRequest(f"{base_url}/v1/messages", (("content-type", "application/json"),), b"{}", credential)


async def read_all(client: HttpClient, base_url: str, **limits: float) -> bytes:
    async with client.open(request_to(base_url), KEY, **limits) as response:
        return b"".join([chunk async for chunk in response.chunks()])


async def failure_of(client: HttpClient, base_url: str, **limits: float) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await read_all(client, base_url, **limits)
    return caught.value


async def until(true: Any) -> None:
    async with asyncio.timeout(2):
        while not true():  # noqa: ASYNC110 - a socket that closes sets no Event
            await asyncio.sleep(0.005)


async def test_one_connection_serves_one_request_after_the_other(client: HttpClient, server: DemoServer) -> None:
    await client.warm(server.base_url)
    for _ in range(3):
        assert (await converse(client, server.base_url, prompt()))[-1] == StreamEnd(StopReason.DONE)
    assert len({request.connection for request in server.recorded}) == 1
    assert server.open_connections == 1


async def test_closing_the_client_closes_its_connections(server: DemoServer) -> None:
    client = HttpClient()
    await converse(client, server.base_url, prompt())
    await client.close()
    await until(lambda: server.open_connections == 0)
    await client.close()


async def test_a_closed_client_opens_again(client: HttpClient, server: DemoServer) -> None:
    await converse(client, server.base_url, prompt())
    await client.close()
    assert text_of(await converse(client, server.base_url, prompt()))


async def test_bytes_come_when_they_are_sent(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.stream([b"one", b"two", b"three"], delay=0.05))
    async with client.open(request_to(server.base_url), KEY) as response:
        times = [time.monotonic() async for _ in response.chunks()]
    assert times[-1] - times[0] > 0.08


async def test_cancelling_closes_the_socket_at_once(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.text("begun").then(peer.Stall()))
    begun = asyncio.Event()

    async def read() -> None:
        async with client.open(request_to(server.base_url), KEY) as response:
            async for _ in response.chunks():
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    assert server.open_connections == 1
    task.cancel()
    started = time.monotonic()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await until(lambda: server.open_connections == 0)
    assert time.monotonic() - started < 0.5


async def test_cancelling_before_the_answer_closes_the_socket_too(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.Scripted((peer.Stall(),), head=False))
    task = asyncio.create_task(read_all(client, server.base_url))
    await until(lambda: server.recorded)
    task.cancel()
    await until(lambda: server.open_connections == 0)
    assert task.cancelled()


async def test_leaving_early_closes_the_socket(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.text("begun").then(peer.Stall()))
    async with client.open(request_to(server.base_url), KEY) as response:
        assert response.ok
    await until(lambda: server.open_connections == 0)


@pytest.mark.parametrize("head", [True, False])
async def test_silence_has_a_limit(client: HttpClient, server: DemoServer, head: bool) -> None:
    server.enqueue(peer.Scripted((peer.Stall(),), head=head))
    error = await failure_of(client, server.base_url, timeout=0.2)
    assert error.kind is RequestKind.TIMEOUT
    assert "127.0.0.1 sent nothing for 0.2 seconds" in error.message
    await until(lambda: server.open_connections == 0)


async def test_a_long_answer_is_no_silence(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.stream([b"x"] * 10, delay=0.05))
    assert await read_all(client, server.base_url, timeout=0.3) == b"x" * 10


@pytest.mark.parametrize("size", [0, 1, 100])
async def test_an_answer_that_is_cut_is_told_as_cut(client: HttpClient, server: DemoServer, size: int) -> None:
    server.enqueue(peer.cut_after(b"x" * 200, size))
    error = await failure_of(client, server.base_url)
    assert error.kind is RequestKind.TRUNCATED
    assert "127.0.0.1" in error.message


async def test_a_connection_closed_without_an_answer_is_told(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.Scripted((peer.Cut(),), head=False))
    error = await failure_of(client, server.base_url)
    assert error.kind is RequestKind.NETWORK
    assert "closed the connection without an answer" in error.message


@pytest.fixture
def free_port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield probe.getsockname()[1]


async def test_a_refused_connection_names_host_and_port(client: HttpClient, free_port: int) -> None:
    error = await failure_of(client, f"http://127.0.0.1:{free_port}")
    assert error.kind is RequestKind.NETWORK
    assert f"Nothing answers at 127.0.0.1 port {free_port}" in error.message


async def test_what_speaks_no_http_is_told(client: HttpClient) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"SSH-2.0-OpenSSH\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure_of(client, f"http://127.0.0.1:{port}")
    assert error.kind is RequestKind.NETWORK


async def test_an_address_without_tls_is_told(client: HttpClient, server: DemoServer) -> None:
    error = await failure_of(client, server.base_url.replace("http:", "https:"))
    assert error.kind is RequestKind.TLS
    assert "127.0.0.1" in error.message


@pytest.mark.parametrize("base_url", ["ftp://x", "nonsense", "http://", "http://host:99999", "http://[::1"])
async def test_an_address_that_is_none_is_told(client: HttpClient, base_url: str) -> None:
    error = await failure_of(client, base_url)
    assert error.kind is RequestKind.BAD_REQUEST
    assert "base_url" in error.message


def connection_key() -> Any:
    return aiohttp.client_reqrep.ConnectionKey(HOST, 443, True, True, None, None, None)


def proxy_refusal() -> aiohttp.ClientHttpProxyError:
    url = URL(f"https://{HOST}/")
    headers = CIMultiDictProxy(CIMultiDict({"x-api-key": KEY}))
    return aiohttp.ClientHttpProxyError(aiohttp.RequestInfo(url, "POST", headers, url), (), status=407, message="no")


def certificate_failure() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("bad")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (lambda: aiohttp.ClientConnectorDNSError(connection_key(), OSError("x")), RequestKind.DNS, "Cannot find"),
        (
            lambda: aiohttp.ClientConnectorError(connection_key(), ConnectionRefusedError(111, "refused")),
            RequestKind.NETWORK,
            "port 443",
        ),
        (
            lambda: aiohttp.ClientConnectorError(connection_key(), OSError(101, "Network is unreachable")),
            RequestKind.NETWORK,
            "Network is unreachable",
        ),
        (
            lambda: aiohttp.ClientConnectorCertificateError(connection_key(), certificate_failure()),
            RequestKind.TLS,
            "self-signed certificate",
        ),
        (lambda: aiohttp.ClientConnectorSSLError(connection_key(), ssl.SSLError("x")), RequestKind.TLS, "secure"),
        (
            lambda: aiohttp.ClientProxyConnectionError(connection_key(), OSError(1, "x")),
            RequestKind.PROXY,
            "HTTPS_PROXY",
        ),
        (proxy_refusal, RequestKind.PROXY, "HTTP 407"),
        (lambda: aiohttp.ConnectionTimeoutError("x"), RequestKind.TIMEOUT, "within 10 seconds"),
        (lambda: aiohttp.SocketTimeoutError("x"), RequestKind.TIMEOUT, "for 600 seconds"),
        (lambda: TimeoutError(), RequestKind.TIMEOUT, "for 600 seconds"),
        (lambda: aiohttp.ServerDisconnectedError(), RequestKind.NETWORK, "without an answer"),
        (lambda: aiohttp.ClientOSError(104, "reset"), RequestKind.NETWORK, "ClientOSError"),
        (lambda: ConnectionResetError(104, "reset"), RequestKind.NETWORK, "ConnectionResetError"),
        (lambda: aiohttp.ClientPayloadError("x"), RequestKind.NETWORK, "failed"),
    ],
)
async def test_each_failure_of_the_network_is_one_sentence_with_the_host(
    client: HttpClient, failure: Any, kind: RequestKind, words: str
) -> None:
    with aioresponses() as network:
        network.post(f"https://{HOST}/v1/messages", exception=failure())
        error = await failure_of(client, f"https://{HOST}")
    assert error.kind is kind
    assert HOST in error.message
    assert words in error.message
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert KEY not in repr(error.__cause__) + str(error.__cause__) + repr(error.__context__)


async def test_a_proxy_that_is_not_found_is_named(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    error = await failure_of(client, f"http://{HOST}")
    assert error.kind is RequestKind.PROXY
    assert "proxy.invalid" in error.message


async def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(
    client: HttpClient, server: DemoServer, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert text_of(await converse(client, server.base_url, prompt()))
    error = await failure_of(client, f"http://{HOST}")
    assert error.kind is RequestKind.PROXY
    assert HOST in error.message


async def test_a_redirect_is_not_followed(client: HttpClient, server: DemoServer) -> None:
    server.enqueue(peer.refusal(307, "", [("location", "http://elsewhere.example/")]))
    async with client.open(request_to(server.base_url), KEY) as response:
        assert (response.ok, response.status) == (False, 307)
        assert PROVIDER.read_error(307, response.headers, await response.body()).kind is RequestKind.UNEXPECTED


async def test_the_head_tells_status_and_headers_and_the_body_is_bounded(
    client: HttpClient, server: DemoServer
) -> None:
    server.enqueue(peer.refusal(500, b"x" * 3_000_000, [("Retry-After", "7")]))
    async with client.open(request_to(server.base_url), KEY) as response:
        assert response.status == 500
        assert response.headers["retry-after"] == "7"
        assert len(await response.body()) == 1 << 20


@pytest.mark.parametrize(
    ("credential", "header", "value"),
    [
        (Credential.X_API_KEY, "x-api-key", KEY),
        (Credential.X_GOOG_API_KEY, "x-goog-api-key", KEY),
        (Credential.BEARER, "authorization", f"Bearer {KEY}"),
        (Credential.NONE, "x-api-key", None),
    ],
)
async def test_the_key_goes_into_its_header_only(
    client: HttpClient, server: DemoServer, credential: Credential, header: str, value: str | None
) -> None:
    async with client.open(request_to(server.base_url, credential), KEY) as response:
        await response.body()
    (recorded,) = server.recorded
    assert recorded.headers.get(header) == value
    assert [name for name, text in recorded.headers.items() if KEY in text] == ([header] if value else [])
    assert KEY.encode() not in recorded.raw
    assert recorded.headers["user-agent"] == f"flemma-py/{__version__}"


async def test_the_key_shows_in_nothing_that_is_printed_or_logged(
    client: HttpClient, server: DemoServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.enqueue(peer.refusal(401, {"error": {"type": "authentication_error", "message": f"bad key {KEY}"}}))
    request = request_to(server.base_url)
    async with client.open(request, KEY) as response:
        shown = [repr(response), str(response.__dict__), repr(client), repr(request)]
        shown.append(PROVIDER.read_error(response.status, response.headers, await response.body()).message)
    server.enqueue(peer.cut_after(b"xx", 1))
    error = await failure_of(client, server.base_url)
    shown += [repr(error), str(error), repr(error.__cause__), caplog.text]
    assert KEY not in "".join(shown)


@pytest.mark.parametrize("key", ["sk-a\nb", "schlüssel", "sk-\x00"])
async def test_a_key_that_no_header_can_carry_is_refused_unseen(
    client: HttpClient, server: DemoServer, key: str
) -> None:
    with pytest.raises(RequestError) as caught:
        async with client.open(request_to(server.base_url), key):
            pass
    assert caught.value.kind is RequestKind.AUTH
    assert key not in repr(caught.value)
    assert not server.recorded


async def test_a_forgotten_warm_connection_is_replaced(client: HttpClient) -> None:
    """A server that closes idle connections: the next request must not meet the closed one."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    application = web.Application()
    application.router.add_post("/v1/messages", answer)
    runner = web.AppRunner(application, keepalive_timeout=0.05, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    for _ in range(2):
        assert await read_all(client, base_url) == b"ok"
        await asyncio.sleep(0.2)
    await runner.cleanup()
