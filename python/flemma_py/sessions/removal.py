"""Sessions go to the trash, and come back from it. Nothing is taken away of which it is not known what it is, and what
a session had spent stays known.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Record
from flemma_py.journal.records import Entry
from flemma_py.sessions import disk
from flemma_py.sessions.journal import Journal
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import RETIRED, Places
from flemma_py.sessions.troubles import Leased, NoSuchSession, Unreadable, Unwritten, reason

log = logging.getLogger(__name__)

DAY = 86400.0
_TRASHED = re.compile(r"(.+)-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Trashed:
    """A session in the trash since `at`."""

    sid: str
    at: float
    path: Path


@dataclass(slots=True)
class Cleaned:
    """What a cleanup did: ids that went to the trash; those that stayed, though old, and why; what failed, and how."""

    removed: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Removal:
    """`changed` is told of sessions that went or came."""

    def __init__(
        self,
        places: Places,
        locks: Locks,
        stamp: Callable[[Entry], Record],
        changed: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._places = places
        self._locks = locks
        self._stamp = stamp
        self._changed = changed
        self._clock = clock

    def delete(self, sid: str) -> Trashed:
        """To the trash. Raises `Leased` where anybody works in it, `NoSuchSession`, `Unwritten`."""
        with self._alone(sid):
            return self._remove(sid)

    def _remove(self, sid: str, fold: Fold | None = None) -> Trashed:
        self._retire(sid, fold)
        at = max(int(self._clock() * 1000), 0)
        new = self._places.trash / f"{sid}-{at}"
        try:
            disk.make_folder(str(self._places.trash))
            with self._locks.held(f"{sid}.lock"):
                disk.move_folder(str(self._places.folder(sid)), str(new))
        except FileNotFoundError as error:
            raise NoSuchSession(f"There is no session {sid}.") from error
        except OSError as error:
            raise Unwritten(f"Session {sid} could not be moved to the trash: {reason(error)}.") from error
        self._changed(sid)
        return Trashed(sid, at / 1000, new)

    def undelete(self, sid: str) -> None:
        """Back from the trash, as it was deleted last. Raises `NoSuchSession`, `Unwritten`."""
        found = self._places.trashed(sid)
        if not found:
            raise NoSuchSession(f"No session {sid} is in the trash.")
        try:
            with self._locks.held(f"{sid}.lock"):
                if self._places.exists(sid):
                    raise Unwritten(f"Session {sid} exists, so the one in the trash stays there.")
                disk.move_folder(str(found[0]), str(self._places.folder(sid)))
        except OSError as error:
            raise Unwritten(f"Session {sid} could not be brought back: {reason(error)}.") from error
        self._changed(sid)

    def trashed(self) -> list[Trashed]:
        """What is in the trash, the latest first."""
        matches = [(path, _TRASHED.fullmatch(path.name)) for path in self._places.trash.glob("*")]
        found = [Trashed(match[1], int(match[2]) / 1000, path) for path, match in matches if match]
        return sorted(found, key=lambda each: (each.at, each.sid), reverse=True)

    def purge(self, before: float) -> int:
        """Take away for good what went to the trash before a moment; returns how many. Raises `Unwritten`."""
        old = [each for each in self.trashed() if each.at < before]
        for each in old:
            try:
                disk.remove_tree(str(each.path))
            except OSError as error:
                raise Unwritten(f"{each.path} could not be removed: {reason(error)}.") from error
        return len(old)

    def cleanup(self, before: float, *, dry_run: bool = False) -> Cleaned:
        """Trash what was last touched before a moment. Each journal is read for that: one that cannot be read, or not
        wholly understood, stays, and so do pinned ones and those somebody works in."""
        report = Cleaned()
        for sid in sorted(self._places.sids()):
            try:
                with self._alone(sid):
                    fold = self._fold(sid)
                    if self._touched(sid, fold) >= before:
                        continue
                    if why := _why_kept(fold):
                        report.kept[sid] = why
                        continue
                    if not dry_run:
                        self._remove(sid, fold)
                    report.removed.append(sid)
            except Leased:
                report.kept[sid] = "somebody works in it"
            except Unreadable as error:
                report.kept[sid] = error.message
            except (SessionError, OSError) as error:
                report.failed[sid] = str(error)
        return report

    def _fold(self, sid: str) -> Fold:
        try:
            return Journal(self._places, self._locks, sid).fold()
        except NoSuchSession as error:
            raise Unreadable("it has no journal") from error

    def _touched(self, sid: str, fold: Fold) -> float:
        """When it was last touched. A clock may have been wrong: what would be of tomorrow is as old as its file."""
        if 0 < fold.updated_at <= self._clock() + DAY:
            return fold.updated_at
        return min(self._places.journal(sid).stat().st_mtime, self._clock())

    @contextmanager
    def _alone(self, sid: str) -> Iterator[None]:
        if not self._places.exists(sid):
            raise NoSuchSession(f"There is no session {sid}.")
        try:
            lease = self._locks.lease(sid, {"purpose": "removal", "since": time.time()})
        except OSError as error:
            raise Unwritten(f"Session {sid} could not be locked: {reason(error)}.") from error
        try:
            yield
        finally:
            lease.close()

    def _retire(self, sid: str, fold: Fold | None) -> None:
        """Write down what it had spent, where that is kept of sessions that are gone."""
        try:
            usage = [item for item in Journal(self._places, self._locks, sid).items() if isinstance(item, Record)]
        except SessionError as error:
            # Its owner wants it gone, and it is not destroyed by that: it only moves.
            log.warning("what session %s had spent is not known: %s", sid, error.message)
            return
        workspace = (fold or Fold().apply_all(usage)).workspace
        entries = [
            Entry(
                "usage",
                {
                    "workspace": workspace,
                    "completed_at": each.ts,
                    **each.data,
                    "request_id": each.data.get("request_id") or each.id,
                    "sid": sid,
                },
            )
            for each in usage
            if each.type == "usage"
        ]
        if entries:
            records = [[self._stamp(each)] for each in entries]
            Journal(self._places, self._locks, RETIRED).append(records, durable=True)
            self._changed(RETIRED)


def _why_kept(fold: Fold) -> str | None:
    if fold.is_pinned:
        return "it is pinned"
    if fold.foreign or fold.unknown:
        return "a later version of Flemma wrote to it"
    if any(each.why in ("bad", "long") for each in fold.damage):
        return "parts of its journal cannot be read"
    return None
