"""Questions to the index, each one statement or a few."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flemma_py.journal.ledger import Sums
from flemma_py.sessions.index.database import NUMBER_BITS
from flemma_py.sessions.index.updating import ROW
from flemma_py.sessions.questions import SAME, Filter, Page, Row, Spending, paged, parse_cursor
from flemma_py.sessions.words import Term, match_of

_ROW = ", ".join(f"s.{name}" for name in ROW)
_LATEST = "ORDER BY s.updated DESC, s.sid DESC"
_PINNED = ROW.index("pinned")
_SUMS = (
    "count(*), sum(input), sum(output), sum(thoughts), sum(cache_read), sum(cache_write), sum(input_cost), "
    "sum(output_cost), sum(u.cost), sum(credits), sum(api_ms), sum(unpriced), sum(estimated)"
)
_KEYS = {
    "model": "u.model",
    "provider": "u.provider",
    "endpoint": "u.endpoint",
    "source": "u.source",
    "workspace": "coalesce(nullif(u.workspace, ''), s.workspace, '')",
    "day": "date(u.at, 'unixepoch', 'localtime')",
}

_HOLDS = (
    f"SELECT rowid >> {NUMBER_BITS} FROM words WHERE words MATCH ? "
    "UNION ALL SELECT rowid FROM titles WHERE titles MATCH ?"
)

Found = tuple[Row, tuple[str, str, int, int] | None]
"""A session, and the id, role and bytes in the journal of a message."""

Where = tuple[list[str], list[Any]]


def page(db: sqlite3.Connection, wanted: Filter, limit: int, cursor: str | None) -> Page:
    conditions, values = _conditions(wanted)
    if (after := parse_cursor(cursor)) is not None:
        conditions.append("(s.updated, s.sid) < (?, ?)")
        values += after
    statement = f"SELECT {_ROW} FROM sessions s WHERE {' AND '.join(conditions)} {_LATEST} LIMIT ?"
    return paged([row(each) for each in db.execute(statement, (*values, limit + 1))], limit)


def find(db: sqlite3.Connection, terms: Sequence[Term], wanted: Filter, limit: int) -> list[Found]:
    """The latest sessions that hold all terms, in their title or in what is said; each with the first message that
    holds one of them."""
    conditions, values = _conditions(wanted)
    matches = [match_of(term) for term in terms]
    conditions += [f"s.no IN ({_HOLDS})"] * len(matches)
    values += [match for match in matches for _ in range(2)]
    statement = f"SELECT s.no, {_ROW} FROM sessions s WHERE {' AND '.join(conditions)} {_LATEST} LIMIT ?"
    found = {each[0]: row(each[1:]) for each in db.execute(statement, (*values, limit))}
    # All at once, as the beginning of a word is looked up in many lists.
    firsts = db.execute(
        f"SELECT said.mid, said.role, said.start, said.size, first.no FROM (SELECT rowid >> {NUMBER_BITS} AS no, "
        f"min(rowid) AS row FROM words WHERE words MATCH ? AND rowid >> {NUMBER_BITS} IN "
        f"({', '.join('?' * len(found))}) GROUP BY no) AS first JOIN said ON said.row = first.row",
        (" OR ".join(f"({match})" for match in matches), *found),
    )
    places = {each[4]: each[:4] for each in firsts}
    return [(each, places.get(no)) for no, each in found.items()]


def sums(db: sqlite3.Connection, wanted: Spending) -> Sums:
    where, values = _spending(wanted)
    return _sums(db.execute(f"SELECT {_SUMS} {where}", values).fetchone())


def sums_by(db: sqlite3.Connection, by: str, wanted: Spending) -> dict[str, Sums]:
    where, values = _spending(wanted)
    found = db.execute(f"SELECT {_KEYS[by]} AS key, {_SUMS} {where} GROUP BY key ORDER BY key", values)
    return {each[0]: _sums(each[1:]) for each in found}


def spenders(db: sqlite3.Connection, wanted: Spending) -> Iterator[str]:
    """Sessions that hold any such booking."""
    where, values = _spending(wanted)
    yield from (each[0] for each in db.execute(f"SELECT DISTINCT u.sid {where}", values))


def last_writer(db: sqlite3.Connection, without: str) -> str | None:
    """The process that spent last, but for one."""
    found = db.execute("SELECT writer FROM usage WHERE writer <> ? ORDER BY at DESC LIMIT 1", (without,)).fetchone()
    return found[0] if found else None


def reserved(db: sqlite3.Connection, wanted: Spending, alive: Iterable[str]) -> float:
    """USD that requests may cost which are under way, in sessions somebody works in."""
    conditions: list[str] = ["1"]
    values: list[Any] = []
    if wanted.workspace is not None:
        conditions.append("s.workspace = ?")
        values.append(wanted.workspace)
    if wanted.sid is not None:
        conditions.append("t.sid = ?")
        values.append(wanted.sid)
    living = set(alive)
    statement = (
        f"SELECT t.sid, t.reserved FROM open_turns t JOIN sessions s USING (sid) WHERE {' AND '.join(conditions)}"
    )
    total: float = sum([usd for sid, usd in db.execute(statement, values) if sid in living])
    return total


def open_sids(db: sqlite3.Connection) -> Iterator[str]:
    yield from (each[0] for each in db.execute("SELECT DISTINCT sid FROM open_turns"))


def bound(db: sqlite3.Connection, sid: str | None, path: str, dev: int, ino: int, first_sha: str | None) -> list[str]:
    """Sessions that may be a chat's: by id, path, inode, or the first that is said in it."""
    found = db.execute(
        "SELECT sid FROM sessions WHERE sid = ?1 OR parent = ?1 OR (?2 <> '' AND chat_path = ?2) "
        "OR (?4 <> 0 AND ino = ?4 AND dev = ?3) OR first_sha = ?5 ORDER BY updated DESC LIMIT 200",
        (sid, path, dev, ino, first_sha),
    )
    return [each[0] for each in found]


def row(values: Iterable[Any]) -> Row:
    listed = list(values)
    listed[_PINNED] = bool(listed[_PINNED])
    return Row(*listed)


def _conditions(wanted: Filter) -> Where:
    conditions: list[str] = ["s.empty = 0"]
    values: list[Any] = []
    for name in SAME:
        if (value := getattr(wanted, name)) is not None:
            conditions.append(f"s.{name} = ?")
            values.append(value)
    if wanted.since is not None:
        conditions.append("s.updated >= ?")
        values.append(wanted.since)
    if wanted.until is not None:
        conditions.append("s.updated < ?")
        values.append(wanted.until)
    if wanted.title is not None:
        conditions.append("instr(lowered(s.title), ?)")
        values.append(wanted.title.lower())
    if wanted.without:
        conditions.append(f"s.sid NOT IN ({', '.join('?' * len(wanted.without))})")
        values += wanted.without
    return conditions, values


def _spending(wanted: Spending) -> tuple[str, list[Any]]:
    """What is billed once: of one session all its own, else of a request that several tell of only one."""
    conditions: list[str] = ["u.counted" if wanted.sid is None else "u.sid = ?"]
    values: list[Any] = []
    if wanted.sid is not None:
        values.append(wanted.sid)
    if wanted.since is not None:
        conditions.append("u.at >= ?")
        values.append(wanted.since)
    if wanted.until is not None:
        conditions.append("u.at < ?")
        values.append(wanted.until)
    if wanted.workspace is not None:
        conditions.append(f"{_KEYS['workspace']} = ?")
        values.append(wanted.workspace)
    if wanted.writer is not None:
        conditions.append("u.writer = ?")
        values.append(wanted.writer)
    return f"FROM usage u LEFT JOIN sessions s USING (sid) WHERE {' AND '.join(conditions)}", values


def _sums(values: tuple[Any, ...]) -> Sums:
    kinds = (int,) * 6 + (float,) * 5 + (int,) * 2
    return Sums(*(kind(value or 0) for kind, value in zip(kinds, values, strict=True)))
