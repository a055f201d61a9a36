"""The language server's seam: requests come as notifications of Lua's, each answer is a message of its own.

A request says which text it is about by its changedtick. Where the mirror is another one, before or after the answer
was found, the request is stale, and is told so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer, mapping, string

if TYPE_CHECKING:
    from flemma_py.app.conversation import Conversation
    from flemma_py.app.services import Services
    from flemma_py.edge.chat import BufferChat

log = logging.getLogger(__name__)

CONTENT_MODIFIED = -32801
REQUEST_FAILED = -32803
REQUEST_CANCELLED = -32800
INTERNAL_ERROR = -32603


class Language:
    """The requests of this Neovim that have no answer yet, by their numbers."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge, self._services = bridge, services
        self._running: dict[int, asyncio.Task[None]] = {}

    def take(self, payload: Mapping[str, Any], found: tuple[BufferChat, Conversation] | None) -> None:
        """Take a request about a chat; None: it is about none that this host knows."""
        id, method = integer(payload, "id"), string(payload, "method")
        if method == "$/cancelRequest":
            if id in self._running:
                self._running[id].cancel()
            return
        task = self._bridge.loop.create_task(self._serve(id, method, payload, found), name=f"lsp {method}")
        self._running[id] = task
        task.add_done_callback(lambda _: self._running.pop(id, None))

    async def _serve(
        self, id: int, method: str, payload: Mapping[str, Any], found: tuple[BufferChat, Conversation] | None
    ) -> None:
        try:
            told = await self._answer(method, payload, found)
        except asyncio.CancelledError:
            self._tell(id, _error(REQUEST_CANCELLED, "cancelled"))
            raise
        except Exception:
            log.exception("the request %s could not be answered", method)
            told = _error(INTERNAL_ERROR, "an error of Flemma's own; see the log")
        self._tell(id, told)

    async def _answer(
        self, method: str, payload: Mapping[str, Any], found: tuple[BufferChat, Conversation] | None
    ) -> dict[str, Any]:
        # Imported when a client asks: no start needs it.
        from flemma_py.app import language
        from flemma_py.lsp.chat import Refusal

        if method == "initialize":
            return {"result": await language.initialized(self._services)}
        if found is None:
            return {}
        chat, conversation = found
        tick, busy = integer(payload, "tick"), bool(payload.get("busy"))
        stale = _error(CONTENT_MODIFIED, "the chat was changed meanwhile")
        if chat.mirror.tick != tick:
            return stale
        params = mapping(payload, "params")
        view, preparation = chat.view(), conversation.preparation
        told = await language.answer(self._services, preparation, view, method, params, busy=busy)
        if chat.mirror.tick != tick:
            return stale
        if isinstance(told, Refusal):
            return _error(REQUEST_FAILED, told.message)
        return {} if told is None else {"result": told}

    def _tell(self, id: int, told: Mapping[str, Any]) -> None:
        self._bridge.tell("lsp", {"id": id, **told})


def _error(code: int, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}
