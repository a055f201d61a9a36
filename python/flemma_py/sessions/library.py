"""Reading all that is kept of chats: one session, or what all of them say together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from flemma_py.errors import SessionError
from flemma_py.journal.fold import SEARCHED, Fold
from flemma_py.journal.identity import Candidate, ChatFile, Identity, identify
from flemma_py.journal.ledger import Booking, Sums
from flemma_py.journal.parts import Binding, Message
from flemma_py.journal.sayings import Mirror
from flemma_py.sessions import content
from flemma_py.sessions.blobs import Blobs
from flemma_py.sessions.ids import Ids
from flemma_py.sessions.journal import Journal
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places
from flemma_py.sessions.questions import ALL_SPENDING, EVERY, PAGE, Filter, Hit, Page, Row, Spending, key_of, row_of
from flemma_py.sessions.scan import Scan, never, text_of
from flemma_py.sessions.troubles import NoSuchSession
from flemma_py.sessions.words import snippet, terms

Answer = TypeVar("Answer")


class Library:
    """The sessions of `places`. The index answers; where it cannot, the journals do."""

    mirror: Mirror = "text"

    def __init__(self, places: Places, ids: Ids) -> None:
        self.ids = ids
        self._places = places
        self._locks = Locks(places.locks)
        self._keeper: Any = None

    # ---- one session

    def fold(self, sid: str, *, strict: bool = False) -> Fold:
        """What a session is. `strict` for what must not be done by half: raises `Damaged`. Raises `NoSuchSession`,
        `Unreadable`."""
        self._settle()
        return self._journal(self._places.complete(sid)).fold(strict=strict)

    def row(self, sid: str) -> Row:
        return row_of(self.fold(sid))

    def path(self, sid: str) -> Path:
        """A session's folder. Raises `NoSuchSession`."""
        return self._places.folder(self._places.complete(sid))

    @property
    def place(self) -> Path:
        """Where all sessions are kept."""
        return self._places.state

    def folder(self, sid: str) -> Path:
        """Where a session is kept, or would be."""
        return self._places.folder(sid)

    def blobs(self, sid: str) -> Blobs:
        """The large texts of a session, and whatever else is to be kept by its content."""
        return Blobs(self._places.blobs(sid))

    def message_text(self, sid: str, message: Message) -> str | None:
        """What was said, wherever it is kept; None where the mirror keeps no texts."""
        return text_of(self._places, sid, message.text, message.blob)

    def text(self, sid: str) -> str | None:
        """What user and assistant say, a line's end between; None where there is no such session."""
        try:
            fold = self.fold(sid)
        except NoSuchSession:
            return None
        return content.joined(self.message_text(fold.sid, each) for each in fold.said if each.role in SEARCHED)

    def content(self, sid: str) -> str | None:
        """`text`, from the file that is kept of it where that is up to date; else that file is made. None also where
        the session cannot be read."""
        try:
            if (kept := content.read(self._places, sid)) is not None:
                return kept
            written_at = content.moment(self._places, sid)
            if (text := self.text(sid)) is not None and written_at and self.mirror == "text":
                content.write(self._places, sid, text, written_at)
        except SessionError:
            return None
        return text

    def texts(self, sids: Iterable[str]) -> dict[str, str]:
        """`text` of many; those that are missing or cannot be read are left out."""
        found: dict[str, str] = {}
        for sid in sids:
            with suppress(SessionError):
                if (text := self.text(sid)) is not None:
                    found[sid] = text
        return found

    def is_leased(self, sid: str) -> bool:
        """Whether any process works in it, this one included."""
        return self._locks.is_leased(sid)

    # ---- all sessions

    def page(self, wanted: Filter = EVERY, *, limit: int = PAGE, cursor: str | None = None) -> Page:
        """Sessions, the latest first. Raises `SessionError`."""
        from flemma_py.sessions.index import asking

        return self._asked(
            lambda db: asking.page(db, wanted, limit, cursor),
            lambda scan: scan.page(wanted, limit, cursor),
        )

    def search(
        self, query: str, wanted: Filter = EVERY, *, limit: int = PAGE, stop: Callable[[], bool] = never
    ) -> list[Hit]:
        """Sessions that hold all words of the query in what is said or in their title, the latest first. A word of
        three letters or more is found at the beginning of longer ones, too; "quoted words" must follow each other.
        `stop` is asked now and then."""
        from flemma_py.sessions.index import asking

        looked_for = terms(query)
        if not looked_for:
            return [Hit(row) for row in self.page(wanted, limit=limit).rows]

        def ask(db: Any) -> list[Hit]:
            return [self._hit(*each, looked_for) for each in asking.find(db, looked_for, wanted, limit)]

        return self._asked(ask, lambda scan: scan.find(looked_for, wanted, limit), stop)

    def sums(self, wanted: Spending = ALL_SPENDING) -> Sums:
        """What was spent, each request once."""
        from flemma_py.sessions.index import asking

        return self._asked(lambda db: asking.sums(db, wanted), lambda scan: scan.sums(wanted))

    def sums_by(self, by: str, wanted: Spending = ALL_SPENDING) -> dict[str, Sums]:
        """What was spent by model, provider, endpoint, source, workspace or (local) day. Raises `SessionError`."""
        from flemma_py.sessions.index import asking

        key_of(by)
        return self._asked(lambda db: asking.sums_by(db, by, wanted), lambda scan: scan.sums_by(by, wanted))

    def bookings(self, wanted: Spending = ALL_SPENDING) -> list[Booking]:
        """Requests as they were billed, each once, in the order in which they ended. Reads journals."""
        from flemma_py.sessions.index import asking

        sids: frozenset[str] | None = self._asked(lambda db: frozenset(asking.spenders(db, wanted)), lambda scan: None)
        found = [booking for booking, _ in Scan(self._places, only=sids).bookings(wanted)]
        return sorted(found, key=lambda each: (each.day_from, each.id))

    def reserved(self, wanted: Spending = ALL_SPENDING) -> float:
        """USD that requests may cost at worst which are under way now, in any process."""
        from flemma_py.sessions.index import asking

        def ask(db: Any) -> float:
            return asking.reserved(db, wanted, [sid for sid in asking.open_sids(db) if self.is_leased(sid)])

        return self._asked(ask, lambda scan: scan.reserved(wanted, self.is_leased))

    def lineage(self, sid: str) -> list[tuple[str, Sums]]:
        """What a chat cost with the past that it was forked off: (session, sums), its own first. For showing: in sums
        of many sessions each of these counts already."""
        found: list[tuple[str, Sums]] = []
        fold = self.fold(sid)
        found.append((fold.sid, fold.sums))
        while fold.parent is not None and fold.parent.sid not in {known for known, _ in found}:
            at = fold.parent.at_id
            try:
                fold = self.fold(fold.parent.sid)
            except SessionError:
                break
            found.append((fold.sid, fold.spent_until(at)))
        return found

    def identify(self, file: ChatFile) -> Identity:
        """Whose chat is it? Raises `Unreadable` where that cannot be known now."""
        from flemma_py.sessions.index import asking

        first = file.sayings[0].sha if file.sayings else None
        sids = self._asked(
            lambda db: asking.bound(db, file.sid, file.path, file.dev, file.ino, first), lambda scan: scan.bound(file)
        )
        candidates: list[Candidate] = []
        for sid in sids:
            try:
                fold = self.fold(sid)
            except NoSuchSession:
                continue
            candidates.append(Candidate(fold, *_whereabouts(fold.binding)))
        return identify(file, candidates)

    @property
    def index_is_whole(self) -> bool:
        """Whether the index answers; until then the journals do, which takes longer."""
        whole: bool = self._keeping().is_whole
        return whole

    # ---- within

    def _settle(self) -> None:
        """Have what this process recorded in the journals, before somebody asks."""

    def _journal(self, sid: str) -> Journal:
        return Journal(self._places, self._locks, sid)

    def _keeping(self) -> Any:
        if self._keeper is None:
            from flemma_py.sessions.index.keeper import Keeper

            self._keeper = Keeper(self._places, self._locks, self.ids, lambda: self.mirror == "text")
        return self._keeper

    def _asked(
        self, index: Callable[[Any], Answer], journals: Callable[[Scan], Answer], stop: Callable[[], bool] = never
    ) -> Answer:
        """The index's answer; where it has none, that of the journals."""
        from flemma_py.sessions.index.keeper import CannotAnswer

        self._settle()
        try:
            with self._keeping().answering() as db:
                return index(db)
        except CannotAnswer:
            return journals(Scan(self._places, stop))

    def _hit(self, row: Row, place: tuple[str, str, int, int] | None, looked_for: list[Any]) -> Hit:
        if place is None:
            return Hit(row)
        mid, role, start, size = place
        text = self._journal(row.sid).text_at(start, size, self.blobs(row.sid))
        return Hit(row, snippet(text or "", looked_for), mid, role)


def _whereabouts(bound: Binding | None) -> tuple[bool, bool]:
    """Whether there is a file where a chat was bound, and whether that is the same one."""
    if bound is None:
        return False, False
    try:
        found = Path(bound.path).stat()
    except OSError:
        return False, False
    return True, not bound.ino or (found.st_dev, found.st_ino) == (bound.dev, bound.ino)
