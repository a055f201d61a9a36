"""`content.txt`: what user and assistant say in a session, as plain text beside its journal. Whoever looks through all
sessions reads that, with no host and no grammar.

It is made from the journal and has its moment of change: one that is older than its journal is not up to date.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress

from flemma_py.journal.fold import SEARCHED, Fold
from flemma_py.journal.parts import Message
from flemma_py.sessions import disk
from flemma_py.sessions.places import Places

log = logging.getLogger(__name__)


def joined(texts: Iterable[str | None]) -> str:
    """Texts with a line's end between; those that are not there are left out."""
    return "\n".join(each for each in texts if each)


def moment(places: Places, sid: str) -> int:
    """When the journal was written last, in nanoseconds: to be asked for before it is read. 0: nobody knows."""
    try:
        return places.journal(sid).stat().st_mtime_ns
    except OSError:
        return 0


def read(places: Places, sid: str) -> str | None:
    """What is kept of a session; None where that is not up to date. Raises `BadName`."""
    path = places.content(sid)
    try:
        if path.stat().st_mtime_ns < places.journal(sid).stat().st_mtime_ns:
            return None
        return b"".join(disk.read_chunks(str(path))).decode("utf-8", "replace")
    except OSError:
        return None


def write(places: Places, sid: str, text: str, mtime_ns: int) -> None:
    """Keep a text. What cannot be written is for the next time: nothing is lost by that."""
    path = places.content(sid)
    try:
        disk.replace(str(path), text.encode("utf-8", "surrogatepass"), mtime_ns)
    except OSError as error:
        log.info("%s could not be written: %s", path, error)


class Contents:
    """Keeps them up to date. `wanted` says whether texts are kept at all."""

    def __init__(self, places: Places, wanted: Callable[[], bool]) -> None:
        self._places = places
        self._wanted = wanted
        self._written: dict[str, int] = {}

    def keep(self, fold: Fold, text: Callable[[Message], str | None], mtime_ns: int) -> None:
        """Bring a session's to what is said now; `mtime_ns` as `moment` gave it. What cannot be written is for the next
        time: nothing is lost by that."""
        path = self._places.content(fold.sid)
        try:
            if not self._wanted():
                self.forget(fold.sid)
                path.unlink(missing_ok=True)
                return
            said = hash(tuple(fold.live))
            if self._written.get(fold.sid) == said and mtime_ns:
                with suppress(FileNotFoundError):
                    os.utime(path, ns=(mtime_ns, mtime_ns))
                    return
            whole = joined(text(each) for each in fold.said if each.role in SEARCHED)
            disk.replace(str(path), whole.encode("utf-8", "surrogatepass"), mtime_ns or None)
            self._written[fold.sid] = said
        except OSError as error:
            self.forget(fold.sid)
            log.info("%s could not be written: %s", path, error)

    def forget(self, sid: str) -> None:
        """A session is not looked at any more, or is gone."""
        self._written.pop(sid, None)
