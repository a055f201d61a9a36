"""Session objects in journals: in the same folders, by the same rules as those of chats."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from flemma_py.errors import SessionError
from flemma_py.journal import records
from flemma_py.journal.entries import MetricEvent, TunnelEvent, UsageEntry, event_data
from flemma_py.journal.lines import Damage, Foreign, Record
from flemma_py.journal.messages import Message, entry_of, normal
from flemma_py.journal.records import Entry, count_of, text_of
from flemma_py.journal.sayings import Mirror
from flemma_py.journal.tags import at, seconds
from flemma_py.sessions.journal import Journal
from flemma_py.sessions.places import own_folders
from flemma_py.sessions.questions import Row
from flemma_py.sessions.store import SessionStore
from flemma_py.sessions.troubles import NoSuchSession, Uncleaned, Unwritten
from flemma_py.sessions.whole import saving
from flemma_py.sessions.whole.loading import Whole, session_of
from flemma_py.sessions.whole.markdown import export_session_markdown
from flemma_py.sessions.whole.session import NEW_TITLE, Known, Session, meta_of

log = logging.getLogger(__name__)

PAGE = 500
INDEX = ".index"
"""Where a store that was given a folder only keeps what can be made again. No session can be called so."""


class JSONLStore:
    """The sessions in the folder `dir`, which is made. `cache`: where its index is; `mirror` and `redact` as
    `SessionStore` has them. Close it when you are done, or leave that to the end of the process."""

    def __init__(
        self,
        dir: str | Path,
        *,
        cache: str | Path | None = None,
        mirror: Mirror = "text",
        redact: Callable[[str], str] = str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from flemma_py.sessions import disk

        self._folder = Path(dir).absolute()
        try:
            disk.make_folder(str(self._folder))
        except OSError as error:
            raise Unwritten(f"{self._folder} could not be made: {error.strerror or error}.") from error
        beside = self._folder / INDEX if cache is None else Path(cache)
        self._kept = SessionStore(self._folder, beside, mirror=mirror, redact=redact, clock=clock)
        self._clock = clock

    def dir(self) -> str:
        """The folder of its sessions."""
        return str(self._folder)

    def close(self) -> None:
        self._kept.close()

    # ---- whole sessions

    def save(self, session: Session) -> None:
        """Have the journal say what the object says, in one step, without writing anew what is there; what others
        recorded since it was loaded stays. A session in which no user says anything goes to the trash, unless there is
        more on the disk than the object knows."""
        if not session.has_user_interaction():
            if self._journal(session.id).path.exists() and self.has_user_interaction_on_disk(session.id) == "no":
                self._kept.delete(session.id)
            return
        journal = self._journal(session.id)
        scribe, ids = self._kept.scribe(session.id), self._kept.ids
        first = self._introduce(session)
        known: list[Whole] = []

        def missing(items: Sequence[Any]) -> Sequence[Record]:
            whole = Whole(self._fetch(session.id), items)
            known.append(whole)
            made = saving.differences(whole, session, scribe, new_id=ids, now=self._clock())
            stamped = [self._kept.stamp(each) for each in made]
            for each in stamped:
                whole.take(each)
            return stamped

        journal.revise(missing, first, durable=True)
        self._kept.changed(session.id)
        beside = session.known.not_in(session.messages) if session.known else []
        self._knows(session, next(reversed(known[-1].fold.live), None), beside)
        there = self._events(session.id) if session.tunnel_events else set()
        for event in session.tunnel_events:
            if event.event_id not in there:
                self.append_tunnel_event_to_disk(session, event)

    def load(self, id: str) -> Session:
        """The session with this id, or the only one whose id begins so. Raises `NoSuchSession`, `Unreadable`: half a
        session is none. Lines that are damaged are left out and counted."""
        self._kept.flush()
        sid = self._kept.path(id).name
        whole = Whole(self._fetch(sid), self._journal(sid).items())
        whole.fold.sid = whole.fold.sid or sid
        events = self._kept.events(sid)
        session = session_of(whole, events.replay(), has_all_events=events.is_complete)
        session.home = self
        return session

    def list(self) -> list[Session]:
        """All sessions, the latest first, without what is said in them, their numbers and their endpoint."""
        self._kept.start()
        found: list[Session] = []
        cursor: str | None = None
        while True:
            page = self._kept.page(limit=PAGE, cursor=cursor)
            found += (_listed(row, self) for row in page.rows)
            if (cursor := page.cursor) is None:
                return found

    def delete(self, id: str) -> None:
        """To the trash; nothing happens where there is none of this very id. Raises `Leased` where anybody works in
        it."""
        self._kept.flush()
        if self._kept.folder(id).is_dir():
            self._kept.delete(id)

    def cleanup_older_than(self, before: datetime | float) -> int:
        """Trash sessions that were last changed before a moment, a time or seconds since the epoch; returns how many.
        What is pinned, worked in or not wholly readable stays. Raises `Uncleaned`, which has the number, where some
        could not be trashed; all others are by then."""
        report = self._kept.cleanup(seconds(before) if isinstance(before, datetime) else before)
        if report.failed:
            raise Uncleaned(len(report.removed), report.failed)
        return len(report.removed)

    def export_markdown(self, id: str) -> str:
        """The session as a document."""
        return export_session_markdown(self.load(id))

    def ensure_meta(self, session: Session) -> None:
        """Begin its journal, if it has none and a user says something in it."""
        if session.has_user_interaction() and not self._journal(session.id).path.exists():
            self._record(session)

    def has_user_interaction_on_disk(self, id: str) -> Literal["yes", "no", "unknown"]:
        """Whether a user ever said something in it; unknown where not all of it can be read."""
        is_whole = True
        try:
            for item in self._journal(id).items():
                if isinstance(item, Record) and item.type == "message" and _is_of_user(item.data):
                    return "yes"
                is_whole = is_whole and not isinstance(item, Foreign | Damage)
        except NoSuchSession:
            return "no"
        except SessionError:
            return "unknown"
        return "no" if is_whole else "unknown"

    # ---- one thing more

    def append_message(self, session: Session, message: Mapping[str, Any]) -> None:
        """Somebody says something: on the disk and in the object, which is nobody else's meanwhile."""
        has_others = bool((session.known or Known()).behind(session.messages))
        fresh, record = self._say(session, message)
        session.hear(fresh, at(record.ts))
        if has_others:
            # The caller added some that are not recorded: what is missing has to be found out.
            session.known = None
        self._knows_said(session, record, [])

    def append_message_to_disk(self, session: Session, message: Mapping[str, Any]) -> None:
        """The same, on the disk alone: the object is the caller's to change."""
        fresh, record = self._say(session, message)
        self._knows_said(session, record, [fresh])

    def append_meta_to_disk(self, session: Session) -> None:
        """Write down its title, workspace, vendor, endpoint, model, tokens and cost, as far as they changed since it
        was loaded. Nothing where no user says anything."""
        if self._has_words(session):
            self._record(session, with_meta=True)

    def append_usage_entry(self, session: Session, entry: UsageEntry) -> None:
        """What a request used; on the disk before this returns. It counts whoever said what: it was spent."""
        self._record(session, saving.usage(entry, id=self._kept.ids(), now=self._clock()))

    def append_metric(self, session: Session, event: MetricEvent) -> None:
        """How long something took. Nothing where no user says anything."""
        if self._has_words(session):
            self._record(session, saving.metric(event, self._kept.scribe(session.id)))

    def append_tunnel_event_to_disk(self, session: Session, event: TunnelEvent) -> None:
        """Tell those who watch: `sessions.events`. An id that is there is not told again."""
        if not self._journal(session.id).path.exists():
            self._record(session)
        events = self._kept.events(session.id)
        events.append(event.type, event_data(event), stream_id=event.stream_id, event_id=event.event_id or None)
        events.flush()

    def append_checkpoint(self, session: Session, messages: Sequence[Mapping[str, Any]], token_count: int) -> None:
        """From now on its messages are these, and what comes after them; what was said before stays in the journal. On
        the disk and in the object."""
        until = self._checkpoint(session, messages, token_count)
        session.messages = [normal(each) for each in messages]
        session.updated_at = max(session.updated_at, at(round(self._clock(), 6)))
        self._knows(session, until)

    def append_checkpoint_to_disk(
        self, session: Session, messages: Sequence[Mapping[str, Any]], token_count: int
    ) -> None:
        """The same, on the disk alone."""
        self._checkpoint(session, messages, token_count)

    def _checkpoint(self, session: Session, messages: Sequence[Mapping[str, Any]], token_count: int) -> str | None:
        """Returns the id of the last message that it stands for."""
        scribe = self._kept.scribe(session.id)
        until = session.known.until if session.known else None

        def made(items: Sequence[Any]) -> Sequence[Record]:
            nonlocal until
            whole = Whole(self._fetch(session.id), items)
            entry = saving.checkpoint(whole, messages, token_count, scribe, until)
            until = text_of(entry.data, "last_mid")
            return [self._kept.stamp(each) for each in (*self._meta(session, is_new=not items), entry)]

        self._journal(session.id).revise(made, self._introduce(session), durable=True)
        self._kept.changed(session.id)
        return until

    # ---- within

    def _journal(self, id: str) -> Journal:
        return self._kept.journal(id)

    def _fetch(self, id: str) -> Callable[[str], str]:
        return self._kept.blobs(id).text

    def _events(self, id: str) -> set[str]:
        return {each.event_id for each in self.load(id).tunnel_events}

    def _has_words(self, session: Session) -> bool:
        return session.has_user_interaction() or self.has_user_interaction_on_disk(session.id) != "no"

    def _say(self, session: Session, message: Mapping[str, Any]) -> tuple[Message, Record]:
        fresh = normal(message)
        self._introduce(session)
        written = self._record(session, entry_of(fresh, self._kept.scribe(session.id)))
        return fresh, written[-1]

    def _introduce(self, session: Session) -> Record:
        """What its journal begins with, if this is its beginning. Raises `Unwritten` where it was deleted."""
        self._kept.must_not_be_deleted(session.id)
        return self._kept.introduce(
            session.id,
            records.session(
                session.id,
                created_at=seconds(session.created_at) if session.created_at.year > 1 else self._clock(),
                cwd=session.workspace,
                workspace=session.workspace,
            ),
        )

    def _meta(self, session: Session, *, is_new: bool) -> Sequence[Entry]:
        known = {} if is_new else session.known.meta if session.known else {}
        return saving.patch(session, known, self._kept.scribe(session.id))

    def _record(self, session: Session, *entries: Entry, with_meta: bool = False) -> Sequence[Record]:
        """One batch, with its values where nothing is there yet. Raises `Unwritten`: then nothing is recorded."""
        session.home = session.home or self
        self._introduce(session)
        is_new = not self._journal(session.id).path.exists()
        meta = self._meta(session, is_new=is_new) if is_new or with_meta else ()
        stamped = [self._kept.stamp(each) for each in (*meta, *entries)]
        durable = any(each.durable for each in entries)
        if stamped or is_new:
            self._kept.put(session.id, stamped, durable=durable, follows=False).result()
        if session.known is None and is_new:
            session.known = Known()
        if session.known is not None and meta:
            session.known.meta = dict(meta_of(session))
        return stamped

    def _knows_said(self, session: Session, record: Record, beside: Sequence[Message]) -> None:
        known = session.known
        if known is None:
            return
        known.until = text_of(record.data, "mid")
        if beside:
            known.beside += beside
        else:
            known.add(session.messages[known.count :])
            known.beside.clear()

    def _knows(self, session: Session, until: str | None, beside: Sequence[Message] = ()) -> None:
        session.home = session.home or self
        session.known = Known(until, dict(meta_of(session)), beside=[*beside])
        session.known.add(session.messages)


def _is_of_user(data: Mapping[str, Any]) -> bool:
    if data.get("role") != "user":
        return False
    text = text_of(data, "text")
    return bool(text.strip()) if text is not None else count_of(data, "bytes") > 0


def _listed(row: Row, home: JSONLStore) -> Session:
    return Session(
        row.sid,
        at(row.created),
        at(row.updated),
        row.title or NEW_TITLE,
        row.workspace,
        row.provider,
        model=row.model,
        preview=row.preview,
        damage=row.damage,
        home=home,
    )


def default_dir() -> str:
    """Where Neovim's sessions are, if `sessions.dir` says nothing else."""
    return str(own_folders()[0])


def new_jsonl_store(dir: str | Path) -> JSONLStore:
    """A store in a folder, which is made. Raises `Unwritten`."""
    return JSONLStore(dir)


def new_default_store() -> JSONLStore:
    """The store of Neovim's sessions. Raises `Unwritten`."""
    state, cache = own_folders()
    return JSONLStore(state, cache=cache)
