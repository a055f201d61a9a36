"""`:Flemma mcp:…`: asks the servers what Lua was asked for, and tells Lua what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any

from flemma_py.app.services import Services
from flemma_py.app.trust import digest
from flemma_py.document.protection import protect_text
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import string
from flemma_py.errors import FlemmaError

log = logging.getLogger(__name__)

MARKERS = {"user": "@You:", "assistant": "@Assistant:"}


class ServerCommands:
    """One for a host."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()
        services.mcp.changed = self.publish

    def publish(self) -> None:
        """Tell Lua which servers there are, for completion."""
        self._bridge.tell("mcp", {"names": self._services.mcp.names})

    def take(self, payload: Mapping[str, Any], folder: str) -> None:
        action, words = string(payload, "action"), [str(word) for word in payload.get("words", [])]
        match action:
            case "trust":
                self._start(self._ask(folder))
            case "grant":
                self._start(self._grant(folder, string(payload, "digest")))
            case _:
                self._start(self._perform(action, folder, words, payload.get("buf")))

    async def _perform(self, action: str, folder: str, words: list[str], buf: Any) -> None:
        await self._services.warm()
        found = await self._services.mcp.perform(action, folder, words)
        if action == "resource":
            self._bridge.tell("mcp", {"buf": buf, "lines": protect_text(found)[0]})
        elif action == "prompt":
            lines: list[str] = []
            for message in found:
                lines += [MARKERS[message.role], *protect_text(message.text)[0], ""]
            self._bridge.tell("mcp", {"buf": buf, "lines": lines[:-1]})
        else:
            self._say("info", found)
        self.publish()

    async def _ask(self, folder: str) -> None:
        found = await asyncio.to_thread(self._services.mcp.project_file, folder)
        if found is None:
            self._say("info", "This project has no .mcp.json: there is nothing to agree to.")
            return
        path, text = found
        trusted = self._services.trust.is_trusted(path, text)
        shown = {"language": "json", "lines": text.split("\n"), "digest": digest(text), "trusted": trusted}
        self._bridge.tell("trust", {"buf": 0, "name": path, "asks": [], "servers": True, **shown})

    async def _grant(self, folder: str, shown: str) -> None:
        found = await asyncio.to_thread(self._services.mcp.project_file, folder)
        if found is None or digest(found[1]) != shown:
            self._say("warn", "The file was changed since it was shown: look at it again.")
            return
        self._services.trust.grant(*found)
        self._say("info", "Agreed to these servers as they stand; a change of the file asks again.")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except FlemmaError as error:
                self._say("error", error.message)
            except Exception:
                log.exception("a command for MCP servers failed")
                self._say("error", "An error of Flemma's own ended this: see the log.")

        task = self._bridge.loop.create_task(guarded(), name="mcp command")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, level: str, message: str) -> None:
        self._bridge.tell("notify", {"level": level, "message": message})
