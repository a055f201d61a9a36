"""MCP servers for chats: which there are, whom a chat has, and what the owner is told of them.

Servers come from the owner's settings, and from a project's `.mcp.json` once the owner agreed to its exact text.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py import log as log_file
from flemma_py.config.schema import Settings
from flemma_py.config.servers import McpServerSettings
from flemma_py.errors import FlemmaError, SettingsError
from flemma_py.secrets.environment import Found
from flemma_py.secrets.keys import KeySource

if TYPE_CHECKING:
    from flemma_py.app.services import Services
    from flemma_py.mcp_client.servers import Servers
    from flemma_py.mcp_client.spec import ServerSpec

log = logging.getLogger(__name__)

PROJECT_FILE = ".mcp.json"
LARGEST_FILE = 1 << 20

Say = Callable[[str, str], None]


class ChatServers:
    """`changed` is told when there is something new to show."""

    def __init__(self, services: Services, say: Say) -> None:
        self._services = services
        self._say = say
        self.log_folder = Path.cwd()
        self.changed: Callable[[], None] = lambda: None
        self._servers: Servers | None = None
        self._project: list[ServerSpec] = []
        self._specs: dict[str, ServerSpec] = {}
        self._said: set[tuple[str, str]] = set()
        self._lock = asyncio.Lock()

    async def offer(self, settings: Settings, folder: str, *, start: bool = True) -> set[str]:
        """Have the servers started (if `start`) that a chat in `folder` has, and give their tools to the runner. Gives
        the names of tools of servers that this chat has not. Never raises, and waits `mcp.wait` seconds at most: a send
        goes without the tools of what failed, and one notice says why."""
        try:
            names = await self._know(settings, folder)
            if self._servers is None:
                return set()
            for word in await self._servers.start(names, settings.mcp.wait) if start else ():
                self._say("warn", word)
            self._give()
            return set(self._servers.tools) - self._servers.tools_of(names)
        except Exception:
            log.exception("the MCP servers could not be made ready")
            self._say("error", "An error of Flemma's own kept the tools of MCP servers away: see the log.")
            return set()

    async def know(self, folder: str) -> Servers | None:
        """The servers as they are configured now, started or not; None where there are none."""
        await self._know(self._services.settings, folder)
        return self._servers

    async def _know(self, settings: Settings, folder: str) -> list[str]:
        """Read what is configured; names of the servers that a chat with these settings has."""
        async with self._lock:
            owners = self._services.settings.mcp.servers
            project = await asyncio.to_thread(self._read_project, folder)
            if not owners and not project and self._servers is None:
                return []
            specs = {spec.name: spec for spec in self._project} | {spec.name: spec for spec in project}
            for name, server in owners.items():
                specs.pop(name, None)
                try:
                    specs[name] = await self._spec(name, server)
                except FlemmaError as error:
                    self._once(error.message)
            self._project = [spec for spec in specs.values() if spec.origin != "settings"]
            self._specs = specs
            self._adopt(specs)
            chosen = settings.mcp.enabled
            here = {spec.name for spec in project}
            if chosen is None:
                names = [name for name in specs if (owners[name].enabled if name in owners else name in here)]
            else:
                for name in set(chosen) - specs.keys():
                    message = (
                        f"This chat wants the MCP server {name}, which you have not configured: mcp.servers.{name}."
                    )
                    self._once(message)
                names = [name for name in chosen if name in specs]
            errand = self._services.errand
            return names if errand is None else [name for name in names if errand.serves(name)]

    def _adopt(self, specs: dict[str, ServerSpec]) -> None:
        if self._servers is None:
            # The rooms below are read when somebody configured a server, not before.
            from flemma_py.mcp_client.oauth import SignIn
            from flemma_py.mcp_client.servers import Servers

            self._servers = Servers(
                self.log_folder, self._changed, SignIn(self._show_sign_in, log_file.register_secret)
            )
        self._servers.adopt(list(specs.values()))

    async def _spec(self, name: str, server: McpServerSettings) -> ServerSpec:
        """Raises `SettingsError`."""
        from flemma_py.mcp_client.spec import ServerSpec, checked, expanded

        headers = dict(server.headers)
        if server.url and (server.api_key_env or server.api_key_cmd):
            headers["Authorization"] = f"Bearer {await self._key(name, server)}"
        words = (server.command, *(server.args or ())) if server.command else ()
        spec = ServerSpec(
            name,
            words,
            server.env,
            None if server.cwd is None else os.path.expanduser(server.cwd),  # noqa: PTH111, ASYNC240
            server.url,
            headers,
            server.include,
            server.exclude,
            server.timeout,
            server.start_timeout,
        )
        return self._hidden(expanded(checked(spec), self._services.environ))

    async def _key(self, name: str, server: McpServerSettings) -> str:
        command = server.api_key_cmd or ()
        words = ("sh", "-c", command) if isinstance(command, str) else tuple(command)
        variables = (server.api_key_env,) if server.api_key_env else ()
        found = await self._services.keys.find(KeySource(f"mcp.{name}", variables, words))
        if isinstance(found, Found):
            return found.key
        raise SettingsError(f"The MCP server {name} has no key: {'; '.join(found.reasons)}.")

    @staticmethod
    def _hidden(spec: ServerSpec) -> ServerSpec:
        for text in (*spec.headers.values(), *spec.env.values()):
            for word in (text, *text.split()):
                log_file.register_secret(word)
        return spec

    # ---- a project's file

    def project_file(self, folder: str) -> tuple[str, str] | None:
        """Path and text of the `.mcp.json` that is nearest above `folder`, within its repository; None for none."""
        place = Path(folder)
        for each in (place, *place.parents):
            path = each / PROJECT_FILE
            try:
                if path.is_file() and path.stat().st_size <= LARGEST_FILE:
                    return str(path), path.read_text("utf-8")
            except (OSError, UnicodeError) as error:
                log.warning("%s cannot be read: %s", path, error)
                return None
            if (each / ".git").exists() or str(each) == self._services.environ.get("HOME"):
                return None
        return None

    def _read_project(self, folder: str) -> list[ServerSpec]:
        found = self.project_file(folder)
        if found is None:
            return []
        path, text = found
        self._project = [spec for spec in self._project if spec.origin != path]
        if not self._services.trust.is_trusted(path, text):
            self._once(f"{path} names MCP servers, which were not started: :Flemma mcp:trust shows them.", text)
            return []
        from flemma_py.mcp_client.spec import expanded, read_table

        # What is configured for a project runs in it.
        place = str(Path(path).parent)
        try:
            found_there = [replace(spec, cwd=spec.cwd or place) for spec in read_table(text, path)]
            return [self._hidden(expanded(spec, self._services.environ)) for spec in found_there]
        except FlemmaError as error:
            self._once(error.message)
            return []

    # ---- what is told

    def _once(self, message: str, text: str = "") -> None:
        """Say it, unless that was done for the same `text` before."""
        if (message, text) not in self._said:
            self._said.add((message, text))
            self._say("warn", message)

    def _changed(self) -> None:
        self._give()
        self.changed()

    def _give(self) -> None:
        if self._servers is not None:
            self._services.runner.put("mcp", self._servers.tools)

    @property
    def names(self) -> list[str]:
        """Of the servers that are known."""
        return sorted({*self._specs, *self._services.settings.mcp.servers})

    async def _show_sign_in(self, name: str, address: str) -> None:
        import webbrowser

        self._say("info", f"Sign in to the MCP server {name} in your browser:\n{address}")
        await asyncio.to_thread(webbrowser.open, address)

    async def perform(self, action: str, folder: str, words: list[str]) -> Any:
        """What `:Flemma mcp:…` asks for. Raises `FlemmaError`."""
        servers = await self.know(folder)
        if servers is None:
            raise SettingsError("No MCP server is configured: see :help flemma-mcp.")
        name = words[0] if words else ""
        match action:
            case "restart" | "login":
                server = await (servers.restart(name) if action == "restart" else servers.login(name))
                self._give()
                if server.state != "running":
                    raise SettingsError(f"The MCP server {name} could not be started: {server.error}.")
                return f"The MCP server {name} runs, with {len(server.tools)} tools."
            case "stop":
                await servers.find(name).close()
                return f"The MCP server {name} was stopped."
            case "resource":
                return await servers.find(name).read(words[1])
            case _:
                arguments = dict(word.partition("=")[::2] for word in words[2:])
                return await servers.find(name).prompt(words[1], arguments)

    async def close(self) -> None:
        if self._servers is not None:
            await self._servers.close()
