"""Answers read from the journals themselves, all of them: slow, and right whatever the index is like."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from flemma_py.errors import SessionError
from flemma_py.journal.fold import SEARCHED, Fold
from flemma_py.journal.identity import ChatFile
from flemma_py.journal.ledger import Booking, Sums, summed
from flemma_py.journal.lines import LineReader
from flemma_py.sessions import disk
from flemma_py.sessions.blobs import Blobs
from flemma_py.sessions.places import RETIRED, Places
from flemma_py.sessions.questions import Filter, Hit, Page, Spending, key_of, page_of, row_of
from flemma_py.sessions.words import Term, folded, holds, snippet

log = logging.getLogger(__name__)

Stop = Callable[[], bool]


def never() -> bool:
    return False


class Scan:
    """Reads the journals of `places`, the latest written first. `stop` is asked between two of them; `only`: of these
    sessions, None for all."""

    def __init__(self, places: Places, stop: Stop = never, only: frozenset[str] | None = None) -> None:
        self._places = places
        self._stop = stop
        self._only = only

    def folds(self, may_skip: Callable[[bytes], bool] = lambda raw: False) -> Iterator[Fold]:
        """The state of each session that can be read. `may_skip` looks at a journal's bytes first."""
        for sid in self._latest():
            if self._stop():
                return
            try:
                raw = b"".join(disk.read_chunks(str(self._places.journal(sid))))
            except OSError as error:
                log.warning("the journal of session %s could not be read: %s", sid, error)
                continue
            if not may_skip(raw):
                fold = _folded(raw)
                fold.sid = sid
                yield fold

    def page(self, wanted: Filter, limit: int, cursor: str | None) -> Page:
        return page_of((row_of(fold) for fold in self.folds() if not fold.is_empty), wanted, limit, cursor)

    def find(self, terms: list[Term], wanted: Filter, limit: int) -> list[Hit]:
        """The latest sessions that hold all terms."""
        words = [word.encode() for term in terms for word in term.words if word.isascii()]

        def may_skip(raw: bytes) -> bool:
            # What is not ASCII is written otherwise, and large texts lie elsewhere.
            if b"\\u" in raw or b'"blob"' in raw:
                return False
            lowered = raw.lower()
            return not all(word in lowered for word in words)

        hits = [hit for fold in self.folds(may_skip) if not fold.is_empty and (hit := self._hit(fold, terms, wanted))]
        hits.sort(key=lambda hit: (hit.row.updated, hit.row.sid), reverse=True)
        return hits[:limit]

    def _hit(self, fold: Fold, terms: list[Term], wanted: Filter) -> Hit | None:
        row = row_of(fold)
        if not wanted.takes(row):
            return None
        rest = [term for term in terms if not holds(folded(row.title), term)]
        first: Hit | None = None
        for message in fold.said:
            if message.role not in SEARCHED:
                continue
            text = text_of(self._places, fold.sid, message.text, message.blob)
            words = folded(text) if text else []
            if first is None and text and any(holds(words, term) for term in terms):
                first = Hit(row, snippet(text, terms), message.mid, message.role)
            rest = [term for term in rest if not holds(words, term)]
            if not rest and first:
                return first
        return None if rest else first or Hit(row)

    def bookings(self, wanted: Spending) -> Iterator[tuple[Booking, str]]:
        """(booking, workspace of its session): each request once, as the smallest of the sessions has it."""
        found: dict[str, tuple[str, Booking, str]] = {}
        folds = [*self.folds(), *self._retired()]
        for fold in sorted(folds, key=lambda fold: fold.sid):
            for booking in fold.ledger.bookings.values():
                key = booking.id if wanted.sid is None else f"{fold.sid} {booking.id}"
                found.setdefault(key, (fold.sid, booking, fold.workspace))
        for sid, booking, workspace in found.values():
            if wanted.takes(booking, sid, workspace):
                yield booking, workspace

    def sums(self, wanted: Spending) -> Sums:
        return replace(summed(booking for booking, _ in self.bookings(wanted)), context=None)

    def sums_by(self, by: str, wanted: Spending) -> dict[str, Sums]:
        key = key_of(by)
        found: dict[str, Sums] = {}
        for booking, workspace in self.bookings(wanted):
            found.setdefault(key(booking, workspace), Sums()).add(booking)
        return {name: replace(found[name], context=None) for name in sorted(found)}

    def reserved(self, wanted: Spending, is_alive: Callable[[str], bool]) -> float:
        return sum(
            turn.reserved
            for fold in self.folds(lambda raw: b'"reserved"' not in raw)
            if (wanted.sid in (None, fold.sid) and wanted.workspace in (None, fold.workspace))
            for turn in fold.open_turns
            if is_alive(fold.sid)
        )

    def bound(self, file: ChatFile) -> list[str]:
        """Sessions that may be a chat's."""
        first = file.sayings[0].sha if file.sayings else None
        found: list[str] = []
        for fold in self.folds():
            bound = fold.binding
            if (
                file.sid in (fold.sid, fold.parent.sid if fold.parent else "")
                or (bound and file.path and bound.path == file.path)
                or (bound and file.ino and (bound.dev, bound.ino) == (file.dev, file.ino))
                or (first and any(message.sha == first for message in fold.said[:1]))
            ):
                found.append(fold.sid)
        return found

    def _latest(self) -> list[str]:
        times: list[tuple[float, str]] = []
        for sid in self._places.sids():
            if self._only is not None and sid not in self._only:
                continue
            with suppress(OSError):
                times.append((self._places.journal(sid).stat().st_mtime, sid))
        return [sid for _, sid in sorted(times, reverse=True)]

    def _retired(self) -> Iterator[Fold]:
        with suppress(FileNotFoundError):
            fold = _folded(b"".join(disk.read_chunks(str(self._places.retired))))
            fold.sid = RETIRED
            yield fold


def text_of(places: Places, sid: str, text: str | None, blob: str | None) -> str | None:
    """A text, wherever it is kept; None where it is not, or cannot be read."""
    if blob is None:
        return text
    try:
        return Blobs(places.blobs(sid)).text(blob)
    except SessionError as error:
        log.warning("%s", error.message)
        return None


def _folded(raw: bytes) -> Fold:
    reader = LineReader()
    return Fold().apply_all([*reader.feed(raw), *reader.finish()])
