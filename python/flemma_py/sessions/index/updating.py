"""One session's rows brought to what its fold says. It does not matter what they said before: what is missing is added
and what is too much is taken away, so that a rebuild and a live update are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from flemma_py.journal.fold import SEARCHED, Fold
from flemma_py.journal.ledger import Booking, endpoint_key
from flemma_py.journal.parts import Message
from flemma_py.sessions.index.database import NUMBER_BITS
from flemma_py.sessions.journal import Mark
from flemma_py.sessions.questions import Row, row_of

Text = Callable[[Message], str | None]
"""The text of a message, wherever it is kept."""

ROW = tuple(Row.__dataclass_fields__)
_COLUMNS = (*ROW, "dev", "ino", "first_sha", "empty", "mark_ino", "mark_offset", "mark_proof")
_INSERT = f"INSERT INTO sessions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_UPDATE = f"UPDATE sessions SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE no = ?"


def update(db: sqlite3.Connection, fold: Fold, mark: Mark, text: Text) -> None:
    """Within a transaction."""
    values = [clean(value) if isinstance(value, str) else value for value in _row(fold, mark)]
    found = db.execute("SELECT no FROM sessions WHERE sid = ?", (fold.sid,)).fetchone()
    searched = [each for each in fold.said if each.role in SEARCHED and (each.text or each.blob)]
    if found is not None and _is_ahead(db, found[0], searched):
        # Words without their text cannot be taken out again: with a new number nobody finds them.
        _forget_texts(db, found[0])
        db.execute("DELETE FROM sessions WHERE no = ?", found)
        found = None
    if found is None:
        no = db.execute(_INSERT, values).lastrowid
        assert no is not None
    else:
        no = found[0]
        db.execute(_UPDATE, (*values, no))
    _entitle(db, no, clean(fold.title))
    _add_texts(db, no, searched, text)
    book(db, fold.sid, fold.ledger.bookings)
    db.execute("DELETE FROM open_turns WHERE sid = ?", (fold.sid,))
    db.executemany(
        "INSERT INTO open_turns VALUES (?, ?, ?, ?, ?)",
        [(fold.sid, turn.id, turn.began_at, turn.reserved, turn.writer) for turn in fold.open_turns],
    )


def forget(db: sqlite3.Connection, sid: str) -> None:
    """Take a session out: it is no more. Within a transaction."""
    found = db.execute("SELECT no FROM sessions WHERE sid = ?", (sid,)).fetchone()
    if found is not None:
        _forget_texts(db, found[0])
    db.execute("DELETE FROM sessions WHERE sid = ?", (sid,))
    db.execute("DELETE FROM open_turns WHERE sid = ?", (sid,))
    book(db, sid, {})


def book(db: sqlite3.Connection, sid: str, bookings: dict[str, Booking]) -> None:
    """What a session spent. A request that several sessions tell of counts in the one whose id is the smallest."""
    known = {row[0] for row in db.execute("SELECT id FROM usage WHERE sid = ?", (sid,))}
    gone = [(id,) for id in known - bookings.keys()]
    db.executemany("DELETE FROM usage WHERE sid = ? AND id = ?", [(sid, *id) for id in gone])
    fresh = [_usage(sid, each) for id, each in bookings.items() if id not in known]
    db.executemany(f"INSERT INTO usage VALUES ({', '.join('?' * 22)})", fresh)
    changed = [*gone, *((row[0],) for row in fresh)]
    db.executemany(
        "UPDATE usage SET counted = (sid = (SELECT min(sid) FROM usage other WHERE other.id = usage.id)) WHERE id = ?",
        changed,
    )


def clean(text: str) -> str:
    """Without half characters, which a database does not take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _row(fold: Fold, mark: Mark) -> tuple[str | int | float | None, ...]:
    row, bound = row_of(fold), fold.binding
    return (
        *(getattr(row, name) for name in ROW), _signed(bound.dev) if bound else 0, _signed(bound.ino) if bound else 0,
        next((each.sha for each in fold.said[:1]), None), fold.is_empty, _signed(mark.ino), mark.offset, mark.proof,
    )  # fmt: skip


def _signed(number: int) -> int:
    """Inodes may have 64 bits, a column has 63 and a sign."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _usage(sid: str, booking: Booking) -> tuple[str | int | float | None, ...]:
    request, usage = booking.request, booking.request.usage
    most = (1 << 53) - 1
    return (
        clean(booking.id), sid, 0, booking.day_from, booking.workspace and clean(booking.workspace),
        clean(request.provider), clean(request.model), clean(endpoint_key(booking.vendor, booking.endpoint)),
        clean(booking.source), clean(booking.writer), min(usage.input, most), min(request.total_output, most),
        min(usage.thoughts, most), min(usage.cache_read, most), min(usage.cache_write, most), request.input_cost,
        request.output_cost, booking.cost, booking.credits or 0.0, booking.api_ms, not booking.is_priced,
        booking.estimated,
    )  # fmt: skip


def _is_ahead(db: sqlite3.Connection, no: int, searched: list[Message]) -> bool:
    """Whether texts are indexed that are said no more, or stand elsewhere in the file by now."""
    now = {(each.mid, each.start) for each in searched}
    return any(tuple(row) not in now for row in db.execute(f"SELECT mid, start FROM said {_OF}", _range(no)))


def _add_texts(db: sqlite3.Connection, no: int, searched: list[Message], text: Text) -> None:
    known = {row[0] for row in db.execute(f"SELECT mid FROM said {_OF}", _range(no))}
    last = db.execute(f"SELECT max(row) FROM said {_OF}", _range(no)).fetchone()[0]
    row = no << NUMBER_BITS if last is None else last + 1
    for each in searched:
        if each.mid not in known and (words := text(each)) and row >> NUMBER_BITS == no:
            db.execute("INSERT INTO said VALUES (?, ?, ?, ?, ?)", (row, each.mid, each.role, each.start, each.size))
            db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (row, clean(words)))
            row += 1


def _entitle(db: sqlite3.Connection, no: int, title: str) -> None:
    if db.execute("SELECT title FROM titles WHERE rowid = ?", (no,)).fetchone() != (title,):
        db.execute("DELETE FROM titles WHERE rowid = ?", (no,))
        db.execute("INSERT INTO titles (rowid, title) VALUES (?, ?)", (no, title))


_OF = "WHERE row BETWEEN ? AND ?"


def _range(no: int) -> tuple[int, int]:
    return no << NUMBER_BITS, ((no + 1) << NUMBER_BITS) - 1


def _forget_texts(db: sqlite3.Connection, no: int) -> None:
    db.execute(f"DELETE FROM said {_OF}", _range(no))
    db.execute("DELETE FROM titles WHERE rowid = ?", (no,))
