"""Keeps the index: one thread brings it to what the journals say, soon after they were written. Whoever asks is
answered from it, or told that it cannot answer now.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.parts import Message
from flemma_py.sessions.blobs import Blobs
from flemma_py.sessions.content import Contents, moment
from flemma_py.sessions.ids import Ids
from flemma_py.sessions.index.database import Database, begin_anew, remove_old
from flemma_py.sessions.index.snapshot import Snapshot
from flemma_py.sessions.index.updating import book, forget, update
from flemma_py.sessions.journal import BEGINNING, Journal, Mark
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import RETIRED, Places
from flemma_py.sessions.troubles import NoSuchSession, Unwritten

log = logging.getLogger(__name__)

PAUSE = 0.25
"""Seconds in which writes to a session become one update. The last of them always gets its own."""
BETWEEN_LOOKS = 60.0
"""Seconds after which all journals are looked at again: another process may have died before it told."""
_AFTER_TROUBLE = 5.0
_FOLDS = 16
_MOST_WASTE = 1000


class CannotAnswer(Exception):
    """The index is not whole yet, or not usable: ask the journals."""


class Keeper:
    """`places` may be asked from several threads; so may this. `keeps_texts` says whether what is said is to be kept
    beside the journals, too."""

    def __init__(self, places: Places, locks: Locks, ids: Ids, keeps_texts: Callable[[], bool]) -> None:
        self._places = places
        self._locks = locks
        self._ids = ids
        self._written = Database(places.cache)
        self._asked = Database(places.cache)
        self._contents = Contents(places, keeps_texts)
        self._snapshot = Snapshot(places, locks)
        self._updating = threading.RLock()
        self._asking = threading.Lock()
        self._folds: OrderedDict[str, tuple[Mark, Fold]] = OrderedDict()
        self._changed = threading.Condition()
        self._dirty: dict[str, None] = {}
        self._unread: dict[str, None] = {}
        self._looks_at = 0.0
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self.problem: str | None = None

    # ---- told

    def start(self) -> None:
        """Begin to work. Nothing is touched before."""
        with self._changed:
            if self._thread is None and not self._is_closing:
                self._thread = threading.Thread(target=self._run, name="flemma-index", daemon=True)
                self._thread.start()

    def changed(self, sid: str) -> None:
        """A journal was written to."""
        with self._changed:
            self._dirty[sid] = None
            self._changed.notify_all()

    def close(self, seconds: float = 2.0) -> None:
        """Bring in what is known to have changed, and end."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)
        else:
            self._settle()
        if self._updating.acquire(timeout=seconds):
            if self._snapshot.seconds_left is not None:
                self._list()
            self._written.close()
            self._updating.release()
        with self._asking:
            self._asked.close()

    def rebuild(self) -> None:
        """Make all of it anew, in the background."""
        with self._updating:
            self._spoiled(self._written, "its owner wants it made anew")
        self.look()

    def look(self, after: float = 0.0) -> None:
        """Look at all journals, in so many seconds at the latest."""
        with self._changed:
            self._looks_at = min(self._looks_at, time.monotonic() + after)
            self._changed.notify_all()

    # ---- asked

    @contextmanager
    def answering(self) -> Iterator[sqlite3.Connection]:
        """A connection to ask, which knows all that this process wrote. Raises `CannotAnswer`."""
        with self._changed:
            # What could not be read a moment ago may be readable now, and whoever asks wants all.
            self._dirty |= self._unread
            self._unread.clear()
        self._settle()
        with self._asking:
            try:
                if not self._asked.is_current():
                    self._asked.close()
                    self._asked = Database(self._places.cache)
                db = self._asked.connection
                if not is_whole(db):
                    raise CannotAnswer
                yield db
            except (sqlite3.Error, OSError) as error:
                path = self._asked.path
                self._asked.close()
                self._asked = Database(self._places.cache)
                if not _is_passing(error):
                    self._distrust(str(error), path)
                raise CannotAnswer from error

    @property
    def path(self) -> Path:
        """The file that is kept now."""
        return self._written.path

    @property
    def is_whole(self) -> bool:
        try:
            with self.answering():
                return True
        except CannotAnswer:
            return False

    def _distrust(self, why: str, path: object) -> None:
        with self._updating:
            if self._written.path == path:
                self._spoiled(self._written, why)
        self.look()

    # ---- working

    def _run(self) -> None:
        while not self._is_closing:
            with self._changed:
                left = self._snapshot.seconds_left
                self._changed.wait_for(
                    lambda: self._is_closing or self._dirty or self._is_due(), 1.0 if left is None else min(left, 1.0)
                )
                due = self._is_due()
            try:
                if due:
                    self._look_at_all()
                elif self._dirty and not self._is_closing:
                    time.sleep(PAUSE)
                self._settle()
                if self._snapshot.seconds_left == 0 and not self._is_closing:
                    self._list()
            except Exception:
                log.exception("the index of sessions could not be brought up to date")
                time.sleep(1.0)
        self._settle()

    def _list(self) -> None:
        """Write the list of sessions."""
        with self._updating:
            try:
                db = self._written.connection
                self._snapshot.write(db, whole=is_whole(db))
            except (sqlite3.Error, OSError) as error:
                # The next update of the index meets the same trouble, and sees to it.
                log.info("the list of sessions could not be written: %s", error)

    def _is_due(self) -> bool:
        return time.monotonic() >= self._looks_at

    def _settle(self) -> None:
        """Bring in all sessions that are known to have changed."""
        while True:
            with self._changed:
                if not self._dirty:
                    return
                sid = next(iter(self._dirty))
                del self._dirty[sid]
            if not self._bring(sid):
                return

    def _bring(self, sid: str) -> bool:
        """One session. False where the index cannot be used now; the next look finds what was missed."""
        with self._updating:
            try:
                if not self._written.is_current():
                    self._written.close()
                    self._written = Database(self._places.cache)
                self._update(sid)
            except (sqlite3.Error, OSError) as error:
                if _is_passing(error):
                    self.look(_AFTER_TROUBLE)
                else:
                    self._spoiled(self._written, str(error))
                    self.look()
                self.problem = str(error)
                return False
            except SessionError as error:
                # It cannot be read now: what is known of it stays.
                self._unread[sid] = None
                log.warning("a session could not be indexed: %s", error.message)
        self.problem = None
        return True

    def _update(self, sid: str) -> None:
        journal = Journal(self._places, self._locks, sid)
        written_at = moment(self._places, sid)
        known = self._folds.pop(sid, None)
        mark, fold = known or (BEGINNING, Fold())
        try:
            tail = journal.tail(mark)
        except NoSuchSession:
            with self._written.writing() as db:
                forget(db, sid)
                if sid == RETIRED:
                    book(db, RETIRED, {})
            self._contents.forget(sid)
            self._snapshot.changed()
            return
        if tail.anew:
            fold = Fold()
        fold.apply_all(tail.items)
        fold.sid = sid
        blobs = None if sid == RETIRED else Blobs(self._places.blobs(sid))

        def text(message: Message) -> str | None:
            if message.blob is None or blobs is None:
                return message.text
            try:
                return blobs.text(message.blob)
            except SessionError:
                return None

        with self._written.writing() as db:
            if sid == RETIRED:
                book(db, RETIRED, fold.ledger.bookings)
            else:
                update(db, fold, tail.mark, text)
        if sid != RETIRED:
            self._contents.keep(fold, text, written_at)
        self._snapshot.changed()
        self._folds[sid] = (tail.mark, fold)
        while len(self._folds) > _FOLDS:
            self._contents.forget(self._folds.popitem(last=False)[0])

    def _look_at_all(self) -> None:
        """Compare all journals with what the index knows, bring in what differs, and take out what is gone. One process
        at a time does that."""
        self._looks_at = time.monotonic() + BETWEEN_LOOKS
        try:
            with self._locks.held("index.lock", 0.0):
                self._reconcile()
                remove_old(self._places.cache)
        except Unwritten:
            return
        except (sqlite3.Error, OSError, SessionError) as error:
            self.problem = str(error)
            if isinstance(error, sqlite3.Error) and not _is_passing(error):
                with self._updating:
                    self._spoiled(self._written, str(error))
            self.look(_AFTER_TROUBLE)

    def _reconcile(self) -> None:
        with self._updating:
            if not self._written.is_current():
                self._written.close()
                self._written = Database(self._places.cache)
            db = self._written.connection
            path = self._written.path
            marks = {
                sid: (ino, offset) for sid, ino, offset in db.execute("SELECT sid, mark_ino, mark_offset FROM sessions")
            }
            spent = db.execute("SELECT count(*) FROM usage WHERE sid = ?", (RETIRED,)).fetchone()[0]
        there = list(self._places.sids())
        stale: list[tuple[float, str]] = []
        for sid in there:
            with suppress(FileNotFoundError):
                status = self._places.journal(sid).stat()
                ino = status.st_ino - (1 << 64) if status.st_ino >= 1 << 63 else status.st_ino
                if marks.get(sid) != (ino, status.st_size):
                    stale.append((status.st_mtime, sid))
        gone = marks.keys() - set(there)
        if spent or self._places.retired.exists():
            stale.append((0.0, RETIRED))
        for sid in [*gone, *(sid for _, sid in sorted(stale, reverse=True))]:
            began = time.monotonic()
            if self._is_closing or not self._bring(sid):
                return
            # Others want to work, too: a stream's next words must not wait for a thousand sessions.
            time.sleep(min(time.monotonic() - began, 0.05))
        with self._updating:
            if self._written.path == path:
                with self._written.writing() as db:
                    db.execute("INSERT OR REPLACE INTO facts VALUES ('whole', '1')")
                    kept, most = db.execute("SELECT count(*), coalesce(max(no), 0) FROM sessions").fetchone()
                if self._snapshot.missing():
                    self._snapshot.changed()
                if most > 2 * kept + _MOST_WASTE:
                    self._spoiled(self._written, "most of it is out of date")
                    self.look()

    def _spoiled(self, database: Database, why: str) -> None:
        """Use another file. Called with the lock of updates."""
        log.warning("the index of sessions is made anew: %s", why)
        database.close()
        self._folds.clear()
        try:
            begin_anew(self._places.cache, self._ids, database.path)
        except OSError as error:
            self.problem = str(error)
        self._written = Database(self._places.cache)


def is_whole(db: sqlite3.Connection) -> bool:
    """Whether all journals were brought in once."""
    return db.execute("SELECT 1 FROM facts WHERE name = 'whole'").fetchone() is not None


def _is_passing(error: Exception) -> bool:
    """Whether it may be otherwise in a moment, and says nothing of the file's content."""
    if isinstance(error, OSError):
        return True
    name = getattr(error, "sqlite_errorname", "") or ""
    return name.startswith(
        (
            "SQLITE_BUSY",
            "SQLITE_LOCKED",
            "SQLITE_FULL",
            "SQLITE_IOERR",
            "SQLITE_CANTOPEN",
            "SQLITE_READONLY",
            "SQLITE_PERM",
            "SQLITE_NOMEM",
        )
    )
