"""One session's journal on the disk. It is read without a lock and only ever added to, under one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import stat_result
from pathlib import Path
from zlib import crc32

from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Damage, Foreign, Item, LineReader, Record, batched, decode, encode
from flemma_py.journal.records import text_of
from flemma_py.sessions import disk
from flemma_py.sessions.blobs import Blobs
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import RETIRED, Places
from flemma_py.sessions.troubles import Damaged, NoSuchSession, Unreadable, Unwritten, reason

_PROOF_BYTES = 64


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a journal was read: which file that was, and a sum of the last bytes before `offset`. A file that was put
    in its place, cut or written anew does not fit any more."""

    ino: int = 0
    offset: int = 0
    proof: int = 0


BEGINNING = Mark()


@dataclass(frozen=True, slots=True)
class Tail:
    """What was read. `anew`: from the beginning, as the mark did not fit; `mark`: where to go on."""

    items: list[Item]
    mark: Mark
    anew: bool


class Journal:
    """The journal of session `sid`."""

    def __init__(self, places: Places, locks: Locks, sid: str) -> None:
        self.sid = sid
        self.path = places.journal(sid)
        self._places = places
        self._locks = locks

    def append(self, groups: Sequence[Sequence[Record]], first: Record | None = None, *, durable: bool) -> None:
        """Add records; those of a group count only together. `first` goes before where the journal does not exist yet.
        Raises `Unwritten` (nothing was changed; try again with the same records, a second time does no harm) and
        `journal.lines.Unwritable`."""
        data = b"".join(encode(each) for group in groups for each in batched(list(group)))
        with self._alone():
            self._add(data, first, durable=durable)

    def revise(self, make: Callable[[list[Item]], Sequence[Record]], first: Record, *, durable: bool) -> None:
        """Add, as one batch, what `make` says to all that is there, while nobody else writes. It may call that off by
        an exception. Raises `Unwritten`, `Unreadable`."""
        with self._alone():
            try:
                items = list(self.items())
            except NoSuchSession:
                items = []
            if records := make(items):
                self._add(b"".join(map(encode, batched(list(records)))), first, durable=durable)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            if self.sid != RETIRED and not self._places.exists(self.sid):
                self._make()
            with self._locks.held(f"{self.sid}.lock"):
                yield
        except OSError as error:
            raise Unwritten(f"{self.path} could not be written: {reason(error)}.") from error

    def _add(self, data: bytes, first: Record | None, *, durable: bool) -> None:
        beginning = encode(first) if first else b""
        try:
            disk.append(str(self.path), data, first=beginning, durable=durable)
        except FileNotFoundError:
            # The folder went away since.
            self._make()
            disk.append(str(self.path), data, first=beginning, durable=durable)

    def _make(self) -> None:
        if self.sid != RETIRED and self._places.trashed(self.sid):
            raise Unwritten(f"Session {self.sid} was deleted: :Flemma session:undelete {self.sid} brings it back.")
        disk.make_folder(str(self.path.parent))

    def items(self) -> Iterator[Item]:
        """All of it. Raises `Unreadable` rather than end early, `NoSuchSession`."""
        reader = LineReader()
        try:
            for chunk in disk.read_chunks(str(self.path)):
                yield from reader.feed(chunk)
        except FileNotFoundError as error:
            raise NoSuchSession(f"There is no session {self.sid}.") from error
        except OSError as error:
            raise Unreadable(f"{self.path} could not be read: {reason(error)}.") from error
        yield from reader.finish()

    def fold(self, *, strict: bool = False) -> Fold:
        """The session's state. `strict`, where something is done with it that must be right: raises `Damaged` if any
        line that was once whole cannot be read, or is of a later format. What was torn was never acknowledged."""
        fold = Fold().apply_all(self.items())
        if strict and (fold.foreign or any(each.why in ("bad", "long") for each in fold.damage)):
            raise Damaged(
                f"The journal of session {self.sid} has {len(fold.damage) + fold.foreign} places that cannot be read, "
                "so nothing is done that needs all of it. :Flemma session:doctor shows them."
            )
        fold.sid = fold.sid or self.sid
        return fold

    def tail(self, mark: Mark = BEGINNING) -> Tail:
        """What came since `mark`. Raises `Unreadable`, `NoSuchSession`."""
        path = str(self.path)
        try:
            status = self.path.lstat()
            anew = not _fits(path, status, mark)
            reader = LineReader(0 if anew else mark.offset)
            items: list[Item] = []
            for chunk in disk.read_chunks(path, reader.offset):
                items.extend(reader.feed(chunk))
            # A last line that is not ended is read when it is: it may still be under way.
            proof = _proof(path, reader.offset)
        except FileNotFoundError as error:
            raise NoSuchSession(f"There is no session {self.sid}.") from error
        except OSError as error:
            raise Unreadable(f"{self.path} could not be read: {reason(error)}.") from error
        return Tail(items, Mark(status.st_ino, reader.offset, proof), anew)

    def text_at(self, start: int, size: int, blobs: Blobs) -> str | None:
        """The text of the message whose record has these bytes; None where nobody keeps it there any more."""
        try:
            record = decode(disk.read_at(str(self.path), start, size))
            if not isinstance(record, Record) or record.type != "message":
                return None
            blob = text_of(record.data, "blob")
            return blobs.text(blob) if blob else text_of(record.data, "text")
        except (OSError, SessionError):
            return None

    def damage(self) -> list[Damage | Foreign]:
        return [item for item in self.items() if not isinstance(item, Record)]


def _fits(path: str, status: stat_result, mark: Mark) -> bool:
    if not mark.offset:
        return False
    return status.st_ino == mark.ino and status.st_size >= mark.offset and _proof(path, mark.offset) == mark.proof


def _proof(path: str, offset: int) -> int:
    start = max(offset - _PROOF_BYTES, 0)
    return crc32(disk.read_at(path, start, offset - start)) if offset else 0


def conflicts(folder: Path) -> list[Path]:
    """Copies that a program which synchronizes folders put beside the journal."""
    return sorted(path for path in folder.glob("*journal*") if path.name != "journal.jsonl" and path.is_file())
