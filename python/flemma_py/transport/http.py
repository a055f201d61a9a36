"""One warm HTTP session for all requests: heads and bytes, nothing about what they mean.

The key is added here, at the moment of sending, and is kept nowhere. Retrying is not done here: `retry.py` says what
may be sent again, and whoever asks tells its owner.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from flemma_py import __version__
from flemma_py.errors import RequestError, RequestKind
from flemma_py.model.wire import Credential, HttpRequest
from flemma_py.transport.errors import NETWORK_FAILURES, Exchange, translate

log = logging.getLogger(__name__)

_KEEP_ALIVE = 120.0
_READ_BUFFER = 1 << 18
_LONGEST_BODY = 1 << 20
_LONGEST_WHOLE = 1 << 26
_ERROR_BODY_SECONDS = 10.0
_UNANSWERED_MS = 30_000
_IDLE_BEFORE_PROBE = 60


class Response:
    """The head of an answer and, once, its body. `headers` have lower-case names; the values of one that came more than
    once stand in one text, with commas between."""

    def __init__(self, answer: aiohttp.ClientResponse, exchange: Exchange) -> None:
        self.status = answer.status
        self.headers = {name.lower(): ", ".join(answer.headers.getall(name)) for name in answer.headers}
        self._answer = answer
        self._exchange = exchange

    @property
    def ok(self) -> bool:
        """Whether the body is an answer; otherwise `body()` says why not. A redirect is a refusal too: following it
        would carry the key to another host."""
        return 200 <= self.status < 300

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, cut wherever the network cut it. Reading to the end keeps the connection warm.
        Raises RequestError when it breaks off or falls silent."""
        try:
            async for data in self._answer.content.iter_any():
                yield data
        except NETWORK_FAILURES as error:
            raise translate(error, self._exchange, answering=True) from error

    async def body(self) -> bytes:
        """The body as a whole, at most 1 MiB of it: for answers that are errors. Where it breaks off or drags on, what
        came of it: the status says enough, and must not be lost over the words."""
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(_ERROR_BODY_SECONDS):
                async for data in self.chunks():
                    parts.append(data)
                    size += len(data)
                    if size >= _LONGEST_BODY:
                        break
        except (RequestError, TimeoutError) as error:
            log.info("the body of HTTP %d broke off after %d bytes: %r", self.status, size, error)
        return b"".join(parts)[:_LONGEST_BODY]

    async def whole(self) -> bytes:
        """The body of an answer that is no stream. Raises RequestError when it breaks off, or passes 64 MiB."""
        parts: list[bytes] = []
        size = 0
        async for data in self.chunks():
            parts.append(data)
            size += len(data)
            if size > _LONGEST_WHOLE:
                sentence = f"{self._exchange.host} sent far more than was asked for: check the address in base_url."
                raise RequestError(RequestKind.UNEXPECTED, sentence)
        return b"".join(parts)


@dataclass(frozen=True, slots=True)
class Network:
    """The owner's way out. `proxy` None: what the environment says; `ca_bundle`: a file of certificates that are
    trusted beside the system's."""

    proxy: str | None = None
    ca_bundle: str | None = None


class HttpClient:
    """Keeps connections open between requests. Made and used inside one event loop; `close` it there. `network` may
    change between two requests."""

    def __init__(self, network: Network = Network()) -> None:
        self.network = network
        self._sessions: dict[tuple[bool, str | None], aiohttp.ClientSession] = {}
        self._making = asyncio.Lock()

    async def warm(self, base_url: str) -> None:
        """Make the session that `base_url` will use, so that the first request does not wait for it. Raises
        RequestError."""
        await self._session(_address(base_url))

    async def close(self) -> None:
        async with self._making:
            sessions = list(self._sessions.values())
            self._sessions.clear()
        for session in sessions:
            await session.close()

    @asynccontextmanager
    async def open(
        self,
        request: HttpRequest,
        key: str | None,
        *,
        timeout: float = 600,  # noqa: ASYNC109 - seconds of silence, not of the call: asyncio.timeout cannot say that
        connect_timeout: float = 10,
    ) -> AsyncIterator[Response]:
        """Send `request` and yield the answer once its head is here. Leaving the block early, by an error or by
        cancelling the task, closes the socket at once.

        `timeout`: seconds without any byte; `connect_timeout`: seconds until a connection stands. Raises RequestError.
        """
        url = _address(request.url)
        exchange = Exchange(url.host or "", timeout, connect_timeout)
        headers = dict(request.headers) | _credential(request.credential, key)
        limits = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=connect_timeout, sock_read=timeout
        )
        try:
            session = await self._session(url)
            answer = await session.request(
                request.method,
                url,
                data=request.body or None,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
                proxy=self._proxy(url),
            )
        except NETWORK_FAILURES as error:
            raise translate(error, exchange) from error
        except ValueError as error:
            raise RequestError(RequestKind.BAD_REQUEST, _unsendable(url)) from error
        try:
            yield Response(answer, exchange)
        finally:
            # After the last byte this does nothing: the connection is back in the pool by then.
            answer.close()

    def _proxy(self, url: URL) -> URL | None:
        """The owner's proxy, else the environment's, where NO_PROXY does not leave the host out."""
        host = url.host or ""
        # What listens on this machine is reached directly: a proxy could not reach it, and few set NO_PROXY for it.
        if _is_loopback(host) or urllib.request.proxy_bypass(host):
            return None
        if self.network.proxy is not None:
            return _proxy_address(self.network.proxy, "proxy")
        found = urllib.request.getproxies().get(url.scheme)
        if not found:
            return None
        # Variables often name a host and its port alone, which every other program takes for http.
        return _proxy_address(found if "://" in found else f"http://{found}", f"{url.scheme.upper()}_PROXY")

    async def _session(self, url: URL) -> aiohttp.ClientSession:
        plain = url.scheme == "http" and _is_loopback(url.host or "")
        kind = (plain, None if plain else self.network.ca_bundle)
        # Two first sends at once share the session that one of them makes.
        async with self._making:
            session = self._sessions.get(kind)
            if session is None or session.closed:
                trusted = None if plain else await asyncio.to_thread(_trust, kind[1])
                session = self._sessions[kind] = _new_session(trusted)
            return session


def _trust(bundle: str | None) -> ssl.SSLContext:
    """The system's certificates and the owner's. Reads files."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if bundle is None:
        return context
    try:
        context.load_verify_locations(cafile=Path(bundle).expanduser())
    except (OSError, ValueError, RuntimeError) as error:
        sentence = f"The file in ca_bundle cannot be used ({_why_unusable(error)}): correct it."
        raise RequestError(RequestKind.TLS, sentence) from error
    return context


def _why_unusable(error: Exception) -> str:
    match error:
        case ssl.SSLError():
            return "it holds no certificates"
        case OSError():
            return error.strerror or "it cannot be read"
        case RuntimeError():
            return "there is no such home folder"
        case _:
            return "it is no path"


def _new_session(trusted: ssl.SSLContext | None) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        keepalive_timeout=_KEEP_ALIVE, limit=0, socket_factory=_socket, ssl=trusted if trusted else True
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        # A compressed stream comes in lumps; a delta should come when it is said.
        headers={"User-Agent": f"flemma-py/{__version__}", "Accept-Encoding": "identity"},
        read_bufsize=_READ_BUFFER,
        # It would also read ~/.netrc, and send the passwords there beside our key or in its place.
        trust_env=False,
    )


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket that notices a dead connection in seconds: after a sleep of the machine the other end has often
    forgotten it, and a send would otherwise wait for the whole timeout. Probes also keep routers from forgetting a
    stream whose model thinks for minutes."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_BEFORE_PROBE)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNANSWERED_MS)
    return made


def _credential(credential: Credential, key: str | None) -> dict[str, str]:
    if key is None or credential is Credential.NONE:
        return {}
    if not (key.isascii() and key.isprintable()):
        raise RequestError(RequestKind.AUTH, "The key has characters that no HTTP header can carry: set it again.")
    return {"authorization": f"Bearer {key}"} if credential is Credential.BEARER else {credential.value: key}


def _address(url: str) -> URL:
    try:
        address = URL(url)
    except ValueError as error:
        raise RequestError(RequestKind.BAD_REQUEST, "The address in base_url cannot be read: correct it.") from error
    if address.scheme not in ("http", "https") or not address.host:
        raise RequestError(RequestKind.BAD_REQUEST, "The address in base_url needs http:// or https:// and a host.")
    return address


def _proxy_address(text: str, place: str) -> URL:
    try:
        proxy = URL(text)
    except ValueError:
        proxy = URL()
    if proxy.scheme not in ("http", "https") or not proxy.host:
        raise RequestError(RequestKind.PROXY, f"The address in {place} is not one as http://host:port: correct it.")
    return proxy


def _unsendable(url: URL) -> str:
    """Why aiohttp would not even try."""
    if url.user or url.password:
        return "The address in base_url holds a user name or password, which cannot go with a key: take it out."
    return "The address in base_url, its headers or the proxy cannot be used: correct them in setup()."


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
