"""Who runs next. Each chat has its own limit, all of them share a larger one, and chats take turns, so that one with
ten thousand calls does not keep the others waiting."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

AT_ONCE = 64
"""Calls of all chats together, also where the settings set no limit: each may take processes and descriptors."""


@dataclass(slots=True)
class _Lane:
    """The calls of one chat: how many may run, how many do, and those that wait, in order."""

    limit: int = 0
    busy: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def is_open(self) -> bool:
        return not self.limit or self.busy < self.limit


class Queue:
    """Lets calls begin, at most `at_once` of all owners."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._busy = 0
        self._lanes: OrderedDict[Hashable, _Lane] = OrderedDict()

    @asynccontextmanager
    async def place(self, owner: Hashable, limit: int) -> AsyncIterator[None]:
        """Wait for a place and keep it for the block. `limit`: how many of this owner may run now, 0 for no limit."""
        lane = self._lanes.setdefault(owner, _Lane())
        lane.limit = limit
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        self._admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
                lane.busy -= 1
                self._busy -= 1
            # Whoever was cancelled while waiting stays in line as a future that is done, and is passed over.
            self._admit()

    def _admit(self) -> None:
        """Let in whom there is a place for, one of each chat in turn."""
        blocked: set[Hashable] = set()
        while self._busy < self._at_once and len(blocked) < len(self._lanes):
            owner, lane = next(iter(self._lanes.items()))
            self._lanes.move_to_end(owner)
            while lane.waiting and lane.waiting[0].done():
                lane.waiting.popleft()
            if not lane.waiting or not lane.is_open:
                blocked.add(owner)
                if not lane.waiting and not lane.busy:
                    del self._lanes[owner]
                    blocked.discard(owner)
                continue
            blocked.discard(owner)
            lane.busy += 1
            self._busy += 1
            lane.waiting.popleft().set_result(None)
