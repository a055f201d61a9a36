"""What the host tells of itself: for `:Flemma status`, for `:checkhealth`, and for a look from outside."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from flemma_py import PROTOCOL
from flemma_py.app.checkup import checkup
from flemma_py.app.conversation import Conversation
from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.chat import BufferChat


class Reports:
    """`chats` are those of this host, by buffer; they come and go."""

    def __init__(
        self, bridge: Bridge, services: Services, chats: Mapping[int, tuple[BufferChat, Conversation]]
    ) -> None:
        self._bridge = bridge
        self._services = services
        self._chats = chats

    def status(self, payload: Mapping[str, Any], log_path: str, resyncs: int) -> None:
        """The page of a chat's status. `resyncs`: those of chats that are gone."""
        chat, conversation = self._chats.get(payload.get("buf", 0), (None, None))
        document = chat.mirror.document() if chat else None
        preparation = conversation.preparation if conversation else None
        verbose = bool(payload.get("verbose"))

        async def tell() -> None:
            # Imported when somebody asks: no start needs it.
            from flemma_py.app.status import status

            facts = self._facts(log_path, resyncs)
            funds = conversation.funds if conversation else None
            page = await status(self._services, document, preparation, facts, verbose=verbose, funds=funds)
            self._bridge.tell("status", page.as_payload())

        self._bridge.loop.create_task(tell(), name="status")

    def report(self, log_path: str, resyncs: int, *, whole: bool) -> None:
        """The facts; `whole`: with what a checkup finds."""
        if whole:
            self._bridge.loop.create_task(self._checkup(log_path, resyncs), name="checkup")
        else:
            self._bridge.tell("report", self._facts(log_path, resyncs))

    async def _checkup(self, log_path: str, resyncs: int) -> None:
        self._bridge.tell("report", self._facts(log_path, resyncs) | {"checkup": await checkup(self._services)})

    def _facts(self, log_path: str, resyncs: int) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "python": sys.version.split()[0],
            "protocol": PROTOCOL,
            "log": log_path,
            "resyncs": resyncs + sum(chat.mirror.resyncs for chat, _ in self._chats.values()),
            "buffers": [chat.described() for chat, _ in self._chats.values()],
        }
