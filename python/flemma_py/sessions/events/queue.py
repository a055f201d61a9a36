"""What was told and is not written yet."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flemma_py.errors import SessionError
from flemma_py.journal.events import MOST_BYTES, dumped
from flemma_py.journal.lines import Unwritable

MOST_WAITING = 10_000
"""Events. With more in line the oldest are given up, and a gap says so."""
MOST_JOINED = 64 << 10
"""Bytes of deltas that become one event."""
_ROOM_BYTES = 1 << 10


@dataclass(eq=False, slots=True)
class Waiting:
    """An event in line. `epoch` None: whichever it is when it is written; `bumps`: how many epochs begin with it;
    `lost`: how many were given up for which it stands."""

    id: str
    stream: str
    type: str
    data: Mapping[str, Any]
    epoch: int | None = None
    bumps: int = 0
    lost: int = 0
    is_its_own: bool = False
    is_whole: bool = False
    parts: list[str] = field(default_factory=list)
    size: int = 0

    def __post_init__(self) -> None:
        """Raises `SessionError` where no line can hold it."""
        try:
            self.size = len(dumped(self.type, [self.id, self.stream, self.type, self.data]))
        except Unwritable as error:
            raise SessionError(f"An event could not be recorded: {error}.") from error
        if self.size > MOST_BYTES - _ROOM_BYTES:
            raise SessionError(f"An event of type {self.type} has {self.size:,} bytes, more than one may have.")
        text = self.data.get("text")
        if self.type.endswith("_delta") and isinstance(text, str):
            self.parts.append(text)

    @property
    def whole(self) -> Mapping[str, Any]:
        """Its data, with all that was joined to it."""
        return {**self.data, "text": "".join(self.parts)} if self.parts else self.data

    def takes(self, next: Waiting) -> bool:
        """Whether the one that came right after it, a delta of the same stream, can be told with it."""
        return (
            bool(self.parts and next.parts)
            and not (self.is_whole or next.is_its_own)
            and (self.type, self.stream, self.epoch) == (next.type, next.stream, next.epoch)
            and self.size + next.size <= MOST_JOINED
            and {**self.data, "text": ""} == {**next.data, "text": ""}
        )


class Queue:
    """Events in line, from any thread. `new_id` makes ids; `lost` counts events that were given up."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self.lost = 0
        self._new_id = new_id
        self._line: deque[Waiting] = deque()
        self._lock = threading.Lock()

    def put(self, fresh: Waiting) -> str:
        """Returns the id under which it will be told."""
        with self._lock:
            last = self._line[-1] if self._line else None
            if last is not None and last.takes(fresh):
                last.parts += fresh.parts
                last.size += fresh.size
                return last.id
            self._line.append(fresh)
            if len(self._line) > MOST_WAITING:
                self._shed()
            return fresh.id

    def take(self) -> list[Waiting]:
        """All of them, out of the line."""
        with self._lock:
            taken = list(self._line)
            self._line.clear()
            return taken

    def put_back(self, rest: Sequence[Waiting]) -> None:
        """Before all others."""
        with self._lock:
            for each in reversed(rest):
                # It may be on the disk, though nobody could tell: what is joined to it now would be lost.
                each.is_whole = True
                self._line.appendleft(each)

    def give_up(self, rest: Sequence[Waiting]) -> None:
        """They will never be told."""
        with self._lock:
            self.lost += sum(1 for each in rest if not each.lost)

    @property
    def bumps(self) -> int:
        """How many epochs begin with what is in line."""
        with self._lock:
            return sum(each.bumps for each in self._line)

    def _shed(self) -> None:
        first, second = self._line.popleft(), self._line.popleft()
        self.lost += (not first.lost) + (not second.lost)
        lost = (first.lost or 1) + (second.lost or 1)
        bumps = first.bumps + second.bumps
        self._line.appendleft(Waiting(self._new_id(), "", "gap", {"lost": lost}, None, bumps, lost))
