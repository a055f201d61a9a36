"""Tools of the owner's across the seam: what Lua registered and runs, what the host tells of others, and a project's
tool files, shown to be agreed to."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

from flemma_py.app.lua_tools import ORIGIN
from flemma_py.app.services import Services
from flemma_py.app.trust import digest
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer, string
from flemma_py.errors import FlemmaError

log = logging.getLogger(__name__)


class BridgedToolCalls:
    """See `app.lua_tools.LuaCalls`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}

    async def run(self, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        number = next(self._numbers)
        future: asyncio.Future[Mapping[str, Any]] = self._bridge.loop.create_future()
        self._waiting[number] = future
        try:
            self._bridge.tell("run_tool", {**payload, "call": number})
            return await future
        except asyncio.CancelledError:
            self._bridge.tell("stop_tool", {"call": number})
            raise
        finally:
            del self._waiting[number]

    def answered(self, payload: Mapping[str, Any]) -> None:
        """Take a result. One that comes too late is for nobody."""
        future = self._waiting.get(integer(payload, "call"))
        if future is None or future.done():
            log.info("a tool of the owner's Lua answered too late")
        else:
            future.set_result(payload)


class OwnToolMessages:
    """One for a host."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services
        self._calls = BridgedToolCalls(bridge)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_due = False
        services.own_tools.lua.calls = self._calls
        services.own_tools.changed = self._publish_soon

    def greet(self, tools: Mapping[str, Any], folder: str) -> None:
        """Take what Lua told of when the host began; `folder` is the owner's with Python files, empty for none."""
        self._services.own_tools.files.folder = Path(folder) if folder else None
        self.take("tools", tools, "")

    def take(self, kind: str, payload: Mapping[str, Any], folder: str) -> None:
        """Take one message. `folder` is the current chat's."""
        match kind:
            case "tools":
                self._services.own_tools.lua.receive(payload)
                self._start(self._refresh())
            case "tool_answer":
                self._calls.answered(payload)
            case _ if string(payload, "action") == "grant":
                self._start(self._grant(folder, string(payload, "digest")))
            case _:
                self._start(self._ask(folder))

    async def _refresh(self) -> None:
        await self._services.warm()
        await self._services.own_tools.refresh()
        self._publish()

    def _publish_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._bridge.loop.call_soon_threadsafe(self._publish)

    def _publish(self) -> None:
        """Tell Lua which tools there are beside its own and those that come with us."""
        self._is_due = False
        tools = self._services.runner.tools().values()
        self._bridge.tell(
            "tools",
            {
                "tools": [
                    {
                        "name": tool.definition.name,
                        "description": tool.definition.description,
                        "input_schema": tool.definition.input_schema,
                        "enabled": tool.enabled,
                        "origin": tool.origin,
                    }
                    for tool in tools
                    if tool.origin not in ("", ORIGIN)
                ]
            },
        )

    async def _ask(self, folder: str) -> None:
        found = await asyncio.to_thread(self._services.own_tools.files.project, folder)
        if found is None:
            self._say("info", "This project has no tools in .flemma/tools: there is nothing to agree to.")
            return
        trusted = self._services.trust.is_trusted(found.path, found.text)
        shown = {"language": "python", "lines": found.shown, "digest": digest(found.text), "trusted": trusted}
        self._bridge.tell("trust", {"buf": 0, "name": found.path, "asks": [], "kind": "tools", **shown})

    async def _grant(self, folder: str, shown: str) -> None:
        found = await asyncio.to_thread(self._services.own_tools.files.project, folder)
        if found is None or digest(found.text) != shown:
            self._say("warn", "The tools were changed since they were shown: look at them again.")
            return
        self._services.trust.grant(found.path, found.text)
        self._say("info", "Agreed to these tools as they stand; a change of a file asks again.")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except FlemmaError as error:
                self._say("error", error.message)
            except Exception:
                log.exception("the owner's tools could not be looked after")
                self._say("error", "An error of Flemma's own kept tools of yours away: see the log.")

        task = self._bridge.loop.create_task(guarded(), name="own tools")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, level: str, message: str) -> None:
        self._bridge.tell("notify", {"level": level, "message": message})
