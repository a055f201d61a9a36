"""Signing in to servers that want it: the SDK's OAuth, with a door on loopback for the browser to come back to.

Tokens live in this process and nowhere else: another Neovim signs in again. They are hidden from the log. Nothing opens
a browser unasked: only `:Flemma mcp:login` does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from flemma_py.mcp_client.spec import ServerSpec

if TYPE_CHECKING:
    from mcp.client.auth import OAuthClientProvider

log = logging.getLogger(__name__)

SIGN_IN_SECONDS = 300.0
"""That a person has."""
_PAGE = b"<!doctype html><meta charset=utf-8><title>Flemma</title><p>You can close this window and go back to Neovim."


class Tokens:
    """What one server gave us, in memory. See the SDK's `TokenStorage`."""

    def __init__(self, hide: Callable[[str], None]) -> None:
        self._hide = hide
        self._tokens: Any = None
        self._client: Any = None

    @property
    def are_there(self) -> bool:
        return self._tokens is not None

    def forget(self) -> None:
        self._tokens = self._client = None

    async def get_tokens(self) -> Any:
        return self._tokens

    async def set_tokens(self, tokens: Any) -> None:
        for text in (tokens.access_token, tokens.refresh_token):
            if text:
                self._hide(text)
        self._tokens = tokens

    async def get_client_info(self) -> Any:
        return self._client

    async def set_client_info(self, client_info: Any) -> None:
        if client_info.client_secret:
            self._hide(client_info.client_secret)
        self._client = client_info


class SignIn:
    """`show` takes a server's name and the address that the person is to open; `hide` keeps a text from the log."""

    def __init__(self, show: Callable[[str, str], Awaitable[None]], hide: Callable[[str], None]) -> None:
        self._show = show
        self._hide = hide
        self._tokens: dict[str, Tokens] = {}
        self._doors: dict[str, Door] = {}

    def is_under_way(self, name: str) -> bool:
        return name in self._doors

    @asynccontextmanager
    async def under_way(self, name: str) -> AsyncGenerator[None, None]:
        """While this lasts, connecting to the server may ask the person."""
        self._tokens.setdefault(name, Tokens(self._hide)).forget()
        async with Door() as self._doors[name]:
            try:
                yield
            finally:
                del self._doors[name]

    def provider(self, spec: ServerSpec) -> OAuthClientProvider | None:
        """What signs requests to a server; None where nobody signed in to it, nor is about to."""
        tokens, door = self._tokens.get(spec.name), self._doors.get(spec.name)
        if tokens is None or spec.url is None or (door is None and not tokens.are_there):
            return None
        from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, OAuthFlowError
        from mcp.shared.auth import OAuthClientMetadata
        from pydantic import AnyUrl

        async def redirect(address: str) -> None:
            if door is None:
                raise OAuthFlowError(f"it wants you to sign in again: :Flemma mcp:login {spec.name}")
            await self._show(spec.name, address)

        async def come_back() -> AuthorizationCodeResult:
            assert door is not None
            async with asyncio.timeout(SIGN_IN_SECONDS):
                answer = await door.answer
            if "code" not in answer:
                raise OAuthFlowError(f"signing in was refused ({answer.get('error', 'no reason given')[:100]})")
            return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

        address = door.address if door else "http://127.0.0.1/callback"
        metadata = OAuthClientMetadata(
            client_name="Flemma", redirect_uris=[AnyUrl(address)], token_endpoint_auth_method="none"
        )
        return OAuthClientProvider(spec.url, metadata, tokens, redirect, come_back)


class Door:
    """Where the browser comes back to: one request to a port of this machine."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()
        self.address = ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Door:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/callback"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.answer.cancel()

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(5):
                line = (await reader.readline()).decode("ascii", "replace").split(" ")
            found = urlsplit(line[1] if len(line) > 1 else "")
            fits = line[0] == "GET" and found.path == "/callback"
            head = b"200 OK" if fits else b"404 Not Found"
            body = _PAGE if fits else b""
            writer.write(b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n" % (head, len(body)))
            writer.write(b"Connection: close\r\n\r\n" + body)
            await writer.drain()
            if fits and not self.answer.done():
                self.answer.set_result({name: values[0] for name, values in parse_qs(found.query).items()})
        except (OSError, TimeoutError, ValueError) as error:
            log.info("a visit at the door for signing in failed: %r", error)
        finally:
            writer.close()
