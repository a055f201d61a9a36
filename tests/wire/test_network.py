"""The owner's way out: proxies and certificates, over real sockets."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.wire import Credential, HttpRequest
from flemma_py.transport.http import HttpClient, Network

pytestmark = pytest.mark.usefixtures("no_environment")


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """A proxy that answers everything itself, and the addresses that it was asked for."""
    asked: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        asked.append(head)
        status = "407 Proxy Authentication Required" if head.startswith("CONNECT") else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    server.close()
    await server.wait_closed()


async def ask(network: Network, url: str) -> bytes:
    client = HttpClient(network)
    try:
        request = HttpRequest(url, (), b"{}", Credential.NONE)
        async with client.open(request, None, timeout=5, connect_timeout=5) as response:
            return await response.body()
    finally:
        await client.close()


async def failure(network: Network, url: str) -> RequestError:
    with pytest.raises(RequestError) as caught:
        await ask(network, url)
    return caught.value


async def test_the_owners_proxy_is_used_with_its_password(proxy: tuple[str, list[str]]) -> None:
    address, asked = proxy
    assert await ask(Network(proxy=f"http://me:word@{address}"), "http://vendor.example/v1") == b"ok"
    assert asked[0].startswith("POST http://vendor.example/v1 ")
    assert "proxy-authorization: basic" in asked[0].lower()


async def test_hosts_of_no_proxy_are_left_out(proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    address, asked = proxy
    monkeypatch.setenv("NO_PROXY", "vendor.invalid")
    error = await failure(Network(proxy=f"http://{address}"), "http://vendor.invalid/")
    assert error.kind is RequestKind.DNS
    assert not asked


async def test_the_environments_proxy_gives_way_to_the_owners(
    proxy: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = proxy
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:1")
    assert await ask(Network(proxy=f"http://{address}"), "http://vendor.example/") == b"ok"
    assert len(asked) == 1


async def test_a_proxy_that_refuses_is_told(proxy: tuple[str, list[str]]) -> None:
    error = await failure(Network(proxy=f"http://me:hunter2@{proxy[0]}"), "https://vendor.example/")
    assert error.kind is RequestKind.PROXY
    assert "vendor.example refused (HTTP 407)" in error.message
    assert "hunter2" not in error.message


@pytest.mark.parametrize("address", ["nonsense", "socks5://host:1", "http://", "http://[::1"])
async def test_a_proxy_that_is_no_address_is_told(address: str) -> None:
    error = await failure(Network(proxy=address), "http://vendor.example/")
    assert error.kind is RequestKind.PROXY
    assert error.message == "The address in proxy is not one as http://host:port: correct it."


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody trusts, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(made), "-keyout", str(key)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key


@pytest.fixture
async def secure(certificate: tuple[Path, Path]) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="safe")

    application = web.Application()
    application.router.add_post("/", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def test_a_certificate_of_the_owners_is_trusted_and_another_is_not(
    secure: str, certificate: tuple[Path, Path]
) -> None:
    assert await ask(Network(ca_bundle=str(certificate[0])), secure) == b"safe"
    error = await failure(Network(), secure)
    assert error.kind is RequestKind.TLS
    assert "The certificate of 127.0.0.1 is not trusted (self-signed certificate)" in error.message
    assert "ca_bundle" in error.message


PROGRAM = """
import asyncio, sys
from tests.wire.test_network import Network, ask
print(asyncio.run(ask(Network(), sys.argv[1])))
"""


async def test_a_certificate_of_the_environment_is_trusted(secure: str, certificate: tuple[Path, Path]) -> None:
    """In a process of its own: OpenSSL reads its environment once."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        secure,
        env={"SSL_CERT_FILE": str(certificate[0]), "PYTHONPATH": "python:."},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert output.strip() == b"b'safe'"


@pytest.mark.parametrize(("text", "reason"), [(None, "No such file"), ("nothing", "it holds no certificates")])
async def test_a_bundle_that_is_none_is_told(tmp_path: Path, text: str | None, reason: str) -> None:
    bundle = tmp_path / "bundle.pem"
    if text is not None:
        bundle.write_text(text)
    error = await failure(Network(ca_bundle=str(bundle)), "https://vendor.example/")
    assert error.kind is RequestKind.TLS
    assert f"The file in ca_bundle cannot be used ({reason}" in error.message
