"""Calls into Neovim from asyncio tasks.

pynvim switches greenlets to wait for an answer, which a plain task cannot do: each call runs in a greenlet of its own
and hands the answer to a Future. This is the one module that knows so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pynvim
from greenlet import greenlet

from flemma_py.errors import EditorError

log = logging.getLogger(__name__)

CALL = "return require('flemma.receive').call(...)"


class Bridge:
    """Neovim, as far as Flemma's own doors in `lua/flemma/receive.lua`."""

    def __init__(self, nvim: pynvim.Nvim) -> None:
        self._nvim = nvim
        self.loop: asyncio.AbstractEventLoop = nvim.loop
        self.channel: int = nvim.channel_id

    async def call(self, door: str, payload: dict[str, Any], *, then: Callable[[Any], None] | None = None) -> Any:
        """Call a door and await its answer, however long a half-typed command keeps Neovim from answering: it is never
        sent twice. `then` sees the answer before any message that Neovim sent after it. Raises `EditorError`."""
        future: asyncio.Future[Any] = self.loop.create_future()

        def run() -> None:
            try:
                answer = self._nvim.exec_lua(CALL, door, payload)
                if then is not None:
                    then(answer)
            except Exception as error:
                if not future.done():
                    future.set_exception(EditorError(f"Neovim refused {door}: {error}"))
                log.debug("call of %s failed", door, exc_info=True)
            else:
                if not future.done():
                    future.set_result(answer)

        # As `async_call` does, without its look at the stack and its wake-up of a loop that is awake: with every write
        # both would be paid.
        self.loop.call_soon(greenlet(run).switch)
        return await future

    def tell(self, door: str, payload: dict[str, Any]) -> None:
        """Call a door and want no answer. Safe in a handler as in a task."""
        self._nvim.exec_lua(CALL, door, payload, async_=True)
