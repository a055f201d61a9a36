"""Looks at all that is kept of sessions and tells what is not as it should be. Nothing is changed unless asked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from flemma_py.errors import SessionError
from flemma_py.journal.lines import Damage, Foreign, Record, read
from flemma_py.sessions import disk
from flemma_py.sessions.journal import Journal, conflicts
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places
from flemma_py.sessions.troubles import Unreadable, Unwritten, reason


@dataclass(slots=True)
class Report:
    """`damaged`: places of journals that cannot be read, or are of a later format; `unreadable`: journals of which
    nothing can be said; `open_to_others`: paths that not only their owner may use; `conflicts`: copies that a program
    which synchronizes folders left; `waiting` and `lost`: records that are not written yet, or never will be."""

    sessions: int = 0
    damaged: dict[str, list[Damage | Foreign]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    open_to_others: list[Path] = field(default_factory=list)
    conflicts: dict[str, list[Path]] = field(default_factory=dict)
    trashed: int = 0
    waiting: int = 0
    lost: int = 0
    index_path: Path | None = None
    index_is_whole: bool = False
    index_problem: str | None = None

    @property
    def is_well(self) -> bool:
        return not (
            self.damaged or self.unreadable or self.open_to_others or self.conflicts or self.lost or self.index_problem
        )


def examine(places: Places, locks: Locks) -> Report:
    """Read every journal. Takes seconds where there are thousands."""
    report = Report()
    for sid in sorted(places.sids()):
        report.sessions += 1
        try:
            if damage := Journal(places, locks, sid).damage():
                report.damaged[sid] = damage
        except SessionError as error:
            report.unreadable[sid] = error.message
        if copies := conflicts(places.folder(sid)):
            report.conflicts[sid] = copies
    report.trashed = sum(1 for _ in places.trash.glob("*"))
    report.open_to_others = list(_open_to_others(places.state))
    return report


def _open_to_others(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        for name in [".", *files] if Path(here) == folder else [*folders, *files]:
            path = Path(here, name)
            try:
                mode = path.lstat().st_mode
            except FileNotFoundError:
                continue
            if not stat.S_ISLNK(mode) and mode & 0o077:
                yield path


def close_to_others(paths: list[Path]) -> None:
    """Take back what others may do with these files. Raises `Unwritten`."""
    for path in paths:
        try:
            path.chmod(path.stat().st_mode & 0o700)
        except OSError as error:
            raise Unwritten(f"{path} could not be made private: {reason(error)}.") from error


def merge_conflicts(places: Places, locks: Locks, sid: str) -> int:
    """Add to a journal what copies beside it have and it has not, in their order, and put the copies into the trash.
    Returns the number of records. Raises `Unreadable`, `Unwritten`."""
    journal = Journal(places, locks, sid)
    known = {item.id for item in journal.items() if isinstance(item, Record)}
    copies = conflicts(places.folder(sid))
    fresh: list[Record] = []
    for path in copies:
        try:
            items = read(b"".join(disk.read_chunks(str(path))))
        except OSError as error:
            raise Unreadable(f"{path} could not be read: {reason(error)}.") from error
        for item in items:
            if isinstance(item, Record) and item.id not in known:
                known.add(item.id)
                fresh.append(item)
    if fresh:
        journal.append([[replace(each, batch=None)] for each in fresh], durable=True)
    for path in copies:
        try:
            disk.make_folder(str(places.trash))
            path.chmod(0o600)
            path.rename(places.trash / f"{sid}.{path.name}")
        except OSError as error:
            raise Unwritten(f"{path} could not be moved to the trash: {reason(error)}.") from error
    return len(fresh)
