"""All servers of a host: those that somebody configured, started when a chat first wants them, a few at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from flemma_py.errors import ToolError
from flemma_py.mcp_client.content import Keep
from flemma_py.mcp_client.oauth import SignIn
from flemma_py.mcp_client.server import Server
from flemma_py.mcp_client.spec import ServerSpec
from flemma_py.model.tool import Tool

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Servers that start side by side."""


class Servers:
    """By name. `changed` is told whenever one of them has another state or other tools."""

    def __init__(self, log_folder: Path, changed: Callable[[], None], sign_in: SignIn | None = None) -> None:
        self.log_folder = log_folder
        self._changed = changed
        self._sign_in = sign_in
        self._keep = Keep()
        self._servers: dict[str, Server] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._told: dict[str, str] = {}
        self._is_closed = False

    def __iter__(self) -> Iterator[Server]:
        return iter(list(self._servers.values()))

    @property
    def tools(self) -> Mapping[str, Tool]:
        """Those of all that run."""
        return {name: tool for server in self._servers.values() for name, tool in server.tools.items()}

    def tools_of(self, names: Iterable[str]) -> set[str]:
        """Names of the tools that these servers have now."""
        return {tool for name in names if name in self._servers for tool in self._servers[name].tools}

    def adopt(self, specs: Sequence[ServerSpec]) -> None:
        """Know these servers. One that was configured otherwise before, or is not there any more, ends."""
        wanted = {spec.name: spec for spec in specs}
        for name, server in list(self._servers.items()):
            if wanted.get(name) != server.spec:
                del self._servers[name]
                self._told.pop(name, None)
                self._in_background(server.close(), f"end {name}")
        for name, spec in wanted.items():
            if name not in self._servers and not self._is_closed:
                self._servers[name] = Server(spec, self.log_folder, self._keep, self._changed, self._sign_in)

    async def start(self, names: Iterable[str], wait: float) -> list[str]:
        """Start these servers and give them `wait` seconds. What is to be said of those that are not there by then: a
        sentence each, once for every reason."""
        servers = [self._servers[name] for name in names if name in self._servers]
        starting = {
            self._in_background(self._start(server), f"start {server.spec.name}")
            for server in servers
            if not server.tools
        }
        if starting:
            await asyncio.wait(starting, timeout=wait)
        return [told for server in servers if (told := self._word(server))]

    async def _start(self, server: Server) -> None:
        async with self._places:
            if not self._is_closed:
                server.start()
                await server.ready()

    def _word(self, server: Server) -> str | None:
        name = server.spec.name
        word: str | None = None
        match server.state:
            case "failed":
                why = server.error
                word = f"The MCP server {name} could not be used: {why}. :Flemma mcp:restart {name} tries again."
            case "running":
                why = ""
            case _:
                why = "slow"
                word = f"The MCP server {name} is still starting: its tools come with the next send."
        known, self._told[name] = self._told.get(name, ""), why
        return None if why == known else word

    def find(self, name: str) -> Server:
        """Raises `ToolError` for one that nobody configured."""
        if name not in self._servers:
            known = ", ".join(sorted(self._servers)) or "none"
            raise ToolError(f"There is no MCP server {name} (configured: {known}).")
        return self._servers[name]

    async def restart(self, name: str) -> Server:
        """Raises `ToolError` for one that nobody configured."""
        server = self.find(name)
        self._told.pop(name, None)
        await server.restart()
        return server

    async def login(self, name: str) -> Server:
        """Sign in to a server and connect. Raises `ToolError` where that makes no sense."""
        server = self.find(name)
        if self._sign_in is None or server.spec.url is None:
            raise ToolError(f"The MCP server {name} is a program: it has nobody to sign in to.")
        async with self._sign_in.under_way(name):
            return await self.restart(name)

    async def close(self) -> None:
        """End all, and wait until no process of theirs is left."""
        self._is_closed = True
        for task in list(self._tasks):
            if task.get_name().startswith("mcp start"):
                task.cancel()
        await asyncio.gather(
            *(server.close() for server in self._servers.values()), *self._tasks, return_exceptions=True
        )

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"mcp {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
