"""Questions to the user, which take as long as they take: the editor goes on meanwhile, and answers by a message."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer


class Asker:
    """The questions of this host that are open."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[int | None]] = {}

    async def choose(self, question: str, options: Sequence[str], *, buf: int | None = None) -> int | None:
        """The number (from 0 on) of the option that the user takes, None for none of them. `buf`: the chat that it is
        about; where it is not before the user's eyes, the question says which chat that is."""
        number = next(self._numbers)
        answer: asyncio.Future[int | None] = self._bridge.loop.create_future()
        self._open[number] = answer
        payload: dict[str, Any] = {"id": number, "question": question, "options": list(options)}
        self._bridge.tell("choose", payload if buf is None else {**payload, "buf": buf})
        try:
            return await answer
        finally:
            del self._open[number]

    def answered(self, payload: Mapping[str, Any]) -> None:
        """The message `chosen`: {id, choice}, no choice for none."""
        answer = self._open.get(integer(payload, "id"))
        if answer is not None and not answer.done():
            answer.set_result(integer(payload, "choice") if "choice" in payload else None)
