"""All that is kept of chats beside their files. See the room's own page for what may block and what it raises."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from flemma_py.journal import records
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Record
from flemma_py.journal.records import Entry
from flemma_py.journal.sayings import Mirror, Scribe
from flemma_py.sessions import doctor
from flemma_py.sessions.ids import Ids
from flemma_py.sessions.journal import BEGINNING, Journal, Mark
from flemma_py.sessions.library import Library
from flemma_py.sessions.locks import Lease
from flemma_py.sessions.places import Places
from flemma_py.sessions.questions import ALL_SPENDING
from flemma_py.sessions.recorder import Recorder
from flemma_py.sessions.removal import Cleaned, Removal, Trashed
from flemma_py.sessions.scan import Scan
from flemma_py.sessions.troubles import Leased, NoSuchSession, Unwritten
from flemma_py.sessions.writer import Receipt, Writer

if TYPE_CHECKING:
    from flemma_py.sessions.events import EventLog
    from flemma_py.sessions.history import History

MAX_EVENTS = 2000


class SessionStore(Library):
    """The sessions in the folder `state`, with an index in `cache`. `redact` takes secrets out of what is kept;
    `instance` names this process in records; `clock` gives seconds since the epoch; of each session's events at least
    `max_events` are kept."""

    def __init__(
        self,
        state: Path,
        cache: Path,
        *,
        mirror: Mirror = "text",
        redact: Callable[[str], str] = str,
        instance: str | None = None,
        clock: Callable[[], float] = time.time,
        max_events: int = MAX_EVENTS,
    ) -> None:
        self.max_events = max_events
        self.mirror: Mirror = mirror
        self.redact = redact
        super().__init__(Places(state.absolute(), cache.absolute()), Ids(clock))
        self.instance = instance or self.ids()
        self._clock = clock
        self._writer = Writer(self._write, self._changed)
        self._removal = Removal(self._places, self._locks, self.stamp, self._changed, clock)
        self._numbers = itertools.count(1)
        self._logs: WeakValueDictionary[str, EventLog] = WeakValueDictionary()
        self._firsts: dict[str, Record] = {}

    # ---- life

    def start(self) -> None:
        """Begin to keep the index, in a thread of its own. Cheap; nothing waits for it."""
        self._keeping().start()

    def flush(self, seconds: float = 2.0) -> bool:
        """Wait until all that was recorded is written. True if it is."""
        return self._writer.flush(seconds)

    def close(self, seconds: float = 2.0) -> int:
        """Write and end. Returns the number of receipts that are given up; leases end with their recorders."""
        for each in tuple(self._logs.values()):
            each.close()
        given_up = self._writer.close(seconds)
        if self._keeper is not None:
            self._keeper.close(seconds)
        return given_up

    @property
    def waiting(self) -> int:
        """How many receipts are open."""
        return self._writer.waiting

    # ---- one session

    def create(
        self,
        *,
        cwd: str,
        workspace: str,
        chat_path: str | None = None,
        parent: tuple[str, str | None, str] | None = None,
        agent_id: str | None = None,
        sid: str | None = None,
    ) -> Recorder:
        """A new session, of which nothing is on the disk before its first record. `parent`: (sid, id of the last
        message that both have, reason)."""
        sid = sid or self.ids()
        origin = None if parent is None else {"sid": parent[0], "at_id": parent[1], "reason": parent[2]}
        first = self.stamp(
            records.session(
                sid,
                created_at=self._now(),
                cwd=cwd,
                workspace=workspace,
                chat_path=chat_path,
                parent=origin,
                agent_id=agent_id,
            )
        )
        return self._recorder(sid, Fold().apply_all([first]), BEGINNING, first)

    def open(self, sid: str) -> Recorder:
        """Go on with a session; `sid` may be the beginning of an id. Its turns that were left behind are for `recover`
        to mark. Raises `NoSuchSession`, `Unreadable`."""
        self._settle()
        sid = self._places.complete(sid)
        tail = self._journal(sid).tail()
        fold = Fold().apply_all(tail.items)
        fold.sid = fold.sid or sid
        return self._recorder(sid, fold, tail.mark, self._first_of(fold))

    def fork(self, sid: str, at_mid: str | None, *, chat_path: str | None = None, reason: str = "fork") -> Recorder:
        """A session of its own that begins with what `sid` says up to a message; None: with all of it. What was spent
        stays the parent's. Raises `Damaged`, `NoSuchSession`, `Unreadable`, `Unwritten`."""
        self._settle()
        sid = self._places.complete(sid)
        parent = self._journal(sid).fold(strict=True)
        if at_mid is not None and at_mid not in parent.live:
            raise NoSuchSession(f"No message {at_mid} is said in session {sid} now.")
        said = parent.said
        if at_mid is not None:
            said = said[: list(parent.live).index(at_mid) + 1]
        last = said[-1].mid if said else None
        child = self.create(
            cwd=parent.cwd,
            workspace=parent.workspace,
            chat_path=chat_path,
            parent=(sid, last, reason),
            agent_id=parent.agent_id or None,
        )
        scribe = self._scribe(child.sid)
        title = {"title": parent.meta["title"]} if isinstance(parent.meta.get("title"), str) else {}
        copied = [scribe.copy(each, self.message_text(sid, each)) for each in said]
        told = self._put(sid, [self.stamp(records.fork(child.sid, last))], durable=True)
        child.record(records.meta({**title, "forked_from": sid}), *copied, durable=True).result()
        told.result()
        return child

    def last_writer(self) -> str | None:
        """Which process before this one spent last, as `Spending.writer` names it."""
        from flemma_py.sessions.index import asking

        def read(scan: Scan) -> str | None:
            others = (each for each, _ in scan.bookings(ALL_SPENDING) if each.writer != self.instance)
            last = max(others, key=lambda each: each.day_from, default=None)
            return last.writer if last else None

        return self._asked(lambda db: asking.last_writer(db, self.instance), read)

    # ---- changing

    def rename(self, sid: str, title: str | None) -> Receipt:
        """Give a session a title; None: again what was said first."""
        return self._meta(sid, title=title)

    def pin(self, sid: str, *, pinned: bool) -> Receipt:
        """Keep it from every cleanup, or no more."""
        return self._meta(sid, pinned=True if pinned else None)

    def delete(self, sid: str) -> Trashed:
        """To the trash. Raises `Leased` where anybody works in it, this process included."""
        self.flush()
        sid = self._places.complete(sid)
        return self._removal.delete(sid)

    def undelete(self, sid: str) -> None:
        """Back from the trash. Raises `NoSuchSession`, `Unwritten`."""
        self._removal.undelete(sid)

    def trashed(self) -> Sequence[Trashed]:
        return self._removal.trashed()

    def purge(self, days: float) -> int:
        """Take away for good what has been in the trash for so many days; returns how many sessions."""
        return self._removal.purge(self._clock() - days * 86400)

    def cleanup(self, before: float, *, dry_run: bool = False) -> Cleaned:
        """Trash all sessions last touched before a moment (seconds since the epoch), except those that are pinned,
        worked in, or not wholly readable."""
        return self._removal.cleanup(before, dry_run=dry_run)

    def examine(self) -> doctor.Report:
        """Look at everything. Takes seconds where there are thousands of sessions."""
        report = doctor.examine(self._places, self._locks)
        report.waiting, report.lost = self._writer.waiting, self._writer.lost
        keeper = self._keeping()
        report.index_is_whole, report.index_problem = keeper.is_whole, keeper.problem
        report.index_path = keeper.path
        return report

    def rebuild_index(self) -> None:
        """Have it made anew, in the background."""
        self._keeping().rebuild()

    def merge_conflicts(self, sid: str) -> int:
        """Take over what copies of its journal have beside it; returns how many records."""
        merged = doctor.merge_conflicts(self._places, self._locks, self._places.complete(sid))
        self._changed(sid)
        return merged

    def events(self, sid: str) -> EventLog:
        """What happens in a session, told to whoever watches: `sessions.events`. It may be a session of which nothing
        is on the disk yet. Raises `Unreadable`, `BadName`."""
        from flemma_py.sessions.events import EventLog

        known = self._logs.get(sid)
        if known is None or known.is_closed:
            known = EventLog(
                self._places,
                self._locks,
                sid,
                self.ids,
                mirror=self.mirror,
                redact=self.redact,
                max_events=self.max_events,
            )
            self._logs[sid] = known
        return known

    @property
    def history(self) -> History:
        """When sessions began and ended: `sessions.history`."""
        from flemma_py.sessions.history import History

        return History(self._places.state, clock=self._clock)

    # ---- for recorders

    def stamp(self, entry: Entry) -> Record:
        return Record(self.ids(), self._now(), self.instance, next(self._numbers), entry.type, entry.data)

    def put(self, sid: str, entries: Sequence[Record], *, durable: bool, follows: bool) -> Receipt:
        return self._writer.put(sid, entries, durable=durable, follows=follows)

    # ---- for whole sessions

    def introduce(self, sid: str, first: Entry) -> Record:
        """What a journal begins with that is not there yet."""
        return self._firsts.setdefault(sid, self.stamp(first))

    def journal(self, sid: str) -> Journal:
        """The journal of the session with this id, all of which this process recorded so far."""
        self.flush()
        return self._journal(sid)

    def must_not_be_deleted(self, sid: str) -> None:
        """Raises `Unwritten` where the session is in the trash, `BadName` where it can be none."""
        if not self._places.exists(sid) and self._places.trashed(sid):
            raise Unwritten(f"Session {sid} was deleted: :Flemma session:undelete {sid} brings it back.")

    def scribe(self, sid: str) -> Scribe:
        """How messages of a session are written down."""
        return self._scribe(sid)

    def changed(self, sid: str) -> None:
        """Somebody wrote to its journal beside this store."""
        self._changed(sid)

    # ---- within

    def _settle(self) -> None:
        self._writer.flush(0.05)

    def _put(self, sid: str, entries: Sequence[Record], *, durable: bool) -> Receipt:
        return self.put(sid, entries, durable=durable, follows=True)

    def _now(self) -> float:
        return round(self._clock(), 6)

    def _scribe(self, sid: str) -> Scribe:
        return Scribe(self.mirror, self.ids, self.blobs(sid).keep, self.redact)

    def _recorder(self, sid: str, fold: Fold, mark: Mark, first: Record) -> Recorder:
        self._firsts[sid] = first
        lease: Lease | None = None
        holder: dict[str, object] = {}
        try:
            lease = self._locks.lease(sid, {"pid": os.getpid(), "instance": self.instance, "since": self._now()})
        except Leased as error:
            holder = error.holder
        except OSError:
            pass  # The first record will meet the same trouble, and tell.
        return Recorder(self, self._journal(sid), lambda: self._scribe(sid), fold, mark, lease, holder)

    def _first_of(self, fold: Fold) -> Record:
        """What to begin a journal with that has gone meanwhile."""
        parent = fold.parent
        return self.stamp(
            records.session(
                fold.sid,
                created_at=self._now() if fold.created_at is None else fold.created_at,
                cwd=fold.cwd,
                workspace=fold.workspace,
                chat_path=fold.binding.path if fold.binding else None,
                parent=None if parent is None else {"sid": parent.sid, "at_id": parent.at_id, "reason": parent.reason},
                agent_id=fold.agent_id or None,
            )
        )

    def _write(self, sid: str, groups: Sequence[Sequence[Record]], durable: bool) -> None:
        self._journal(sid).append(groups, self._firsts.get(sid), durable=durable)

    def _meta(self, sid: str, **patch: Any) -> Receipt:
        self._settle()
        sid = self._places.complete(sid)
        return self._put(sid, [self.stamp(records.meta(patch))], durable=True)

    def _changed(self, sid: str) -> None:
        if self._keeper is not None:
            self._keeper.changed(sid)
