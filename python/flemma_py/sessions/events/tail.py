"""Reads a log on, from where it stood: through segments that were closed meanwhile, and where somebody cut the file or
put another in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from flemma_py.journal.events import MOST_BYTES, SEGMENT, Event, EventLines, Reader, Told, decode
from flemma_py.journal.records import count_of
from flemma_py.sessions import disk
from flemma_py.sessions.events.segments import CURRENT, closed_in

_PROOF_BYTES = 64
_MOST_HEADERS_BYTES = 4 << 10


@dataclass(slots=True)
class _Place:
    """Behind the last line that was read: of which segment, at which byte, and the sum of the bytes before."""

    segment: int = 0
    offset: int = 0
    proof: int = 0


class Tail:
    """What a log tells. `bad` counts lines that could not be read. It may be used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reader = Reader()
        self.bad = 0
        self._place = _Place()
        self._told: list[Told] = []
        self._unchanged: tuple[int, int, int] | None = None

    @property
    def segment(self) -> int:
        """The number of the segment that was read last; 0 where there is none."""
        return self._place.segment

    def read(self) -> list[Told]:
        """What came since. Raises `OSError`: what was read until then is told the next time."""
        stamp = self._stamp()
        if stamp is not None and stamp == self._unchanged:
            return []
        try:
            with disk.reading(str(self.folder / CURRENT)) as file:
                # Opened before the others are listed: whatever it becomes now, those before it have their names.
                head = _head(file)
                closed = closed_in(self.folder)
                last = max((each.number for each in closed), default=0)
                number = count_of(head.data, "segment") if head else max(last + 1, self._place.segment)
                self._read_closed(number)
                self._read_one(file, number)
        except FileNotFoundError:
            # It is being closed just now, or there is no log.
            self._read_closed(None)
        self._unchanged = stamp
        told, self._told = self._told, []
        return told

    def _read_closed(self, before: int | None) -> None:
        """What stands in segments that are closed, from the place on, up to the current one's number."""
        if before is not None and 0 < before < self._place.segment:
            self._begin_anew()
        for each in closed_in(self.folder):
            if each.number < self._place.segment or (before is not None and each.number >= before):
                continue
            try:
                with disk.reading(str(each.path)) as file:
                    self._read_one(file, each.number)
            except FileNotFoundError:
                # Trimmed just now: the next segment's number tells what that held.
                continue

    def _read_one(self, file: disk.Open, number: int) -> None:
        if number != self._place.segment:
            self._place = _Place(number)
        elif not self._fits(file):
            self._begin_anew(number)
        lines = EventLines(self._place.offset)
        for event in lines.feed(file.at(lines.offset, file.size - lines.offset)):
            self._told += self.reader.take(event)
        self.bad += lines.bad
        self._place.offset = lines.offset
        self._place.proof = _proof(file, lines.offset)

    def _fits(self, file: disk.Open) -> bool:
        offset = self._place.offset
        return file.size >= offset and _proof(file, offset) == self._place.proof

    def _begin_anew(self, number: int = 0) -> None:
        self._place = _Place(number)
        self._told.append(self.reader.replaced())

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = (self.folder / CURRENT).lstat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_size, status.st_mtime_ns


def _head(file: disk.Open) -> Event | None:
    """The event with which a segment begins."""
    line, end, _ = file.at(0, _MOST_HEADERS_BYTES).partition(b"\n")
    if not end:
        line, end, _ = file.at(0, MOST_BYTES).partition(b"\n")
    found = decode(line) if end else None
    return found if found is not None and found.type == SEGMENT else None


def _proof(file: disk.Open, offset: int) -> int:
    start = max(offset - _PROOF_BYTES, 0)
    return crc32(file.at(start, offset - start)) if offset else 0
