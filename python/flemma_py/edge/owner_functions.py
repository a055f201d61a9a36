"""Calls of functions that stay in Lua: a request there and a message back, with a number that joins them.

Neovim runs them from a scheduled callback, so nothing waits there, and here no longer than the deadline.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Mapping
from typing import Any

from flemma_py.config.functions import LuaFunction
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer
from flemma_py.errors import FunctionError

log = logging.getLogger(__name__)


class BridgedFunctions:
    """See `app.owner.OwnerFunctions`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._calls = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def call(self, function: LuaFunction, *arguments: Any, deadline: float) -> Any:
        number = next(self._calls)
        future: asyncio.Future[Any] = self._bridge.loop.create_future()
        self._waiting[number] = future
        payload = {"call": number, "id": function.id, "args": list(arguments), "count": len(arguments)}
        try:
            self._bridge.tell("call", {**payload, "deadline": deadline})
            async with asyncio.timeout(deadline):
                return await future
        except TimeoutError as error:
            raise FunctionError(f"It gave no answer within {deadline:g} s.") from error
        finally:
            del self._waiting[number]

    def answered(self, payload: Mapping[str, Any]) -> None:
        """Take an answer. One that comes too late is for nobody."""
        future = self._waiting.get(integer(payload, "call"))
        if future is None or future.done():
            log.info("a function of the owner's answered too late")
        elif problem := payload.get("problem"):
            future.set_exception(FunctionError(f"It {str(problem)[:500]}."))
        else:
            future.set_result(payload.get("value"))
