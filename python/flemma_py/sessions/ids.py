"""Ids that sort by the time of their making: 26 characters, ten of milliseconds and sixteen of chance (ULID). Those of
one process rise always, also where its clock is set back."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable

from flemma_py.sessions.troubles import BadName

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHANCE_BITS = 80
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}", re.ASCII)


class Ids:
    """Makes ids. `clock` gives seconds since the epoch."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> str:
        moment = max(int(self._clock() * 1000), 0) & ((1 << 48) - 1)
        fresh = (moment << _CHANCE_BITS) | int.from_bytes(os.urandom(_CHANCE_BITS // 8))
        with self._lock:
            self._last = max(fresh, self._last + 1)
            number = self._last
        return "".join(_DIGITS[(number >> shift) & 31] for shift in range(125, -1, -5))


def checked(sid: str) -> str:
    """The id, if it can be one: it becomes the name of a folder. Raises `BadName`."""
    if not _NAME.fullmatch(sid):
        raise BadName(f"{sid[:60]!r} is not the id of a session: it has letters, digits, _ and -, 128 at most.")
    return sid


def is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None
