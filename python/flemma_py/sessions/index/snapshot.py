"""The list of all sessions as one file, which an editor reads at once and without a host.

Eight digits say how long the head is; it tells the names of the columns, and of each block of rows its size, the moment
and the id of its last row. Rows stand with the latest first, so whoever wants a page reads the head and a block or two.

A change is followed by a new file soon, several in a row by one; the last of them always has its own.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from functools import partial
from typing import Any

from flemma_py.sessions import disk
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places
from flemma_py.sessions.troubles import Unwritten

log = logging.getLogger(__name__)

VERSION = 1
"""Of the form; `lua/flemma/session/catalogue.lua` reads it."""
BLOCK = 100
"""Rows that are read at once."""
PAUSE = 0.3
"""Seconds in which changes become one file."""
_AGAIN = 2.0
"""Seconds until what could not be written, or not all of it, is tried again."""
_REST = 20
"""Times as long as a file took to make nothing is made again."""

COLUMNS = {
    "id": "sid",
    "title": "title",
    "subtitle": "preview",
    "cwd": "cwd",
    "parent_id": "parent",
    "updated_at_ms": "CAST(updated * 1000 AS INTEGER)",
    "created_at_ms": "CAST(created * 1000 AS INTEGER)",
    "size_bytes": "text_bytes",
    "chat_path": "chat_path",
    "status": "CASE WHEN damage THEN 'damaged' ELSE state END",
    "model": "model",
    "turns": "turns",
    "cost": "cost",
    "pinned": "pinned",
}
_ID, _UPDATED = list(COLUMNS).index("id"), list(COLUMNS).index("updated_at_ms")
_SELECTED = ", ".join(f"{value} AS {name}" for name, value in COLUMNS.items())
_ROWS = f"SELECT {_SELECTED} FROM sessions WHERE empty = 0 ORDER BY updated_at_ms DESC, id DESC"


class Snapshot:
    """The file of `places`. Not for several threads at once."""

    def __init__(self, places: Places, locks: Locks) -> None:
        self._places = places
        self._locks = locks
        self._due: float | None = None
        self._not_before = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until it is to be written; None: nothing has changed."""
        return None if self._due is None else max(self._due - time.monotonic(), 0.0)

    def changed(self) -> None:
        """A session changed, came or went."""
        if self._due is None:
            self._due = max(time.monotonic() + PAUSE, self._not_before)

    def missing(self) -> bool:
        return not self._places.snapshot.exists()

    def write(self, db: sqlite3.Connection, *, whole: bool) -> None:
        """Write what the index says. While that is not `whole`, an older file tells more. Raises `sqlite3.Error`."""
        began = time.monotonic()
        self._due = None if whole else began + _AGAIN
        if not whole and not self.missing():
            return
        try:
            # Who asked first must not write last.
            with self._locks.held("snapshot.lock", 0.2):
                disk.replace(str(self._places.snapshot), self._packed(db.execute(_ROWS).fetchall()))
        except (OSError, Unwritten) as error:
            log.info("the list of sessions could not be written: %s", error)
            self._due = began + _AGAIN
        self._not_before = time.monotonic() + _REST * (time.monotonic() - began)

    def _packed(self, rows: list[tuple[Any, ...]]) -> bytes:
        """The file. In blocks also because others want to work while it is made."""
        import msgpack

        pack = partial(msgpack.packb, unicode_errors="surrogatepass")
        blocks, ends = [], []
        for start in range(0, len(rows), BLOCK):
            some = rows[start : start + BLOCK]
            blocks.append(pack(some))
            ends.append([len(blocks[-1]), some[-1][_UPDATED], some[-1][_ID]])
        head = pack({"v": VERSION, "state": str(self._places.state), "columns": list(COLUMNS), "blocks": ends})
        return b"".join([b"%08d" % len(head), head, *blocks])
