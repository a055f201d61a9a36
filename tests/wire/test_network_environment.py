"""What the environment may say about the way out, its proxy, and what it may not: passwords of ~/.netrc."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from yarl import URL

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.wire import Credential, HttpRequest
from flemma_py.transport import http
from flemma_py.transport.http import HttpClient


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
async def listener() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers everything, a proxy too, and the heads that it was sent."""
    heads: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode().lower())
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    server.close()
    await server.wait_closed()


async def ask(url: str, credential: Credential = Credential.X_API_KEY) -> bytes:
    client = HttpClient()
    try:
        request = HttpRequest(url, (), b"{}", credential)
        async with client.open(request, "sk-mine", timeout=5, connect_timeout=5) as response:
            return await response.body()
    finally:
        await client.close()


@pytest.mark.parametrize("credential", [Credential.X_API_KEY, Credential.BEARER])
async def test_passwords_of_netrc_are_not_sent(
    listener: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, credential: Credential
) -> None:
    address, heads = listener
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password foreign\ndefault login me password foreign\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(http, "_is_loopback", lambda _: False)
    assert await ask(f"http://{address}/", credential) == b"ok"
    assert "basic" not in heads[0]
    assert "sk-mine" in heads[0]


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_a_proxy_of_the_environment_is_used_with_its_password(
    listener: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    address, heads = listener
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}me:word@{address}")
    assert await ask("http://vendor.example/v1") == b"ok"
    assert heads[0].startswith("post http://vendor.example/v1 ")
    assert "proxy-authorization: basic bwu6d29yza==" in heads[0]


async def test_no_proxy_leaves_hosts_out_of_the_environments_proxy(
    listener: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{listener[0]}")
    monkeypatch.setenv("NO_PROXY", "vendor.invalid")
    with pytest.raises(RequestError) as caught:
        await ask("http://vendor.invalid/")
    assert caught.value.kind is RequestKind.DNS
    assert not listener[1]


@pytest.mark.parametrize("address", ["socks5://host:1", "http://[::1", "host:port"])
async def test_a_proxy_of_the_environment_that_is_no_address_is_told(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(RequestError) as caught:
        await ask("https://vendor.example/")
    assert caught.value.kind is RequestKind.PROXY
    assert caught.value.message == "The address in HTTPS_PROXY is not one as http://host:port: correct it."


async def test_a_password_in_the_address_beside_a_key_is_told() -> None:
    with pytest.raises(RequestError) as caught:
        await ask("http://me:hunter2@127.0.0.1:1/", Credential.BEARER)
    assert caught.value.kind is RequestKind.BAD_REQUEST
    assert "user name or password, which cannot go with a key" in caught.value.message
    assert "hunter2" not in caught.value.message


async def test_two_first_sends_share_one_session_and_closing_closes_it() -> None:
    client = HttpClient()
    url = URL("https://vendor.example/")
    one, two = await asyncio.gather(client._session(url), client._session(url))
    assert one is two
    await client.close()
    assert one.closed


async def test_a_session_that_is_being_made_is_closed_too() -> None:
    client = HttpClient()
    making = asyncio.create_task(client._session(URL("https://vendor.example/")))
    await asyncio.sleep(0)
    await client.close()
    assert (await making).closed
