"""Every conversation has a parent: the task of the host, with which all of them end."""

from __future__ import annotations

import asyncio

from flemma_py.app.conversation import Conversation
from flemma_py.app.services import Services


class Supervisor:
    """The conversations of this host, by buffer."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._arrivals: asyncio.Queue[Conversation] = asyncio.Queue()

    def start(self, conversation: Conversation) -> None:
        """Let a conversation live. Safe before `run` runs."""
        self._arrivals.put_nowait(conversation)

    async def run(self) -> None:
        """Live as long as the host does."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._services.prepare(), name="prepare")
            while True:
                conversation = await self._arrivals.get()
                group.create_task(conversation.run(), name="conversation")
