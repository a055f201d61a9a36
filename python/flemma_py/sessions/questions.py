"""What can be asked about all sessions, and the form of the answers: the same whether the index answers or the journals
themselves do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from flemma_py.errors import SessionError
from flemma_py.journal.fold import SEARCHED, Fold
from flemma_py.journal.ledger import KEYS, Booking

PAGE = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A session in a list. `title` is "" where nobody knows one, `chat_path` where the chat has no file; `parent` the
    session it was forked off; `state` that of its last turn, "" before the first; `text_bytes` of what was said;
    `cost` in USD, its own alone; `damage` the number of places in its journal that cannot be read. Times are seconds
    since the epoch."""

    sid: str
    title: str
    preview: str
    workspace: str
    cwd: str
    chat_path: str
    provider: str
    model: str
    parent: str | None
    created: float
    updated: float
    turns: int
    messages: int
    text_bytes: int
    requests: int
    cost: float
    state: str
    pinned: bool
    damage: int


def row_of(fold: Fold) -> Row:
    bound, sums, said = fold.binding, fold.sums, fold.said
    turn = next(reversed(fold.turns.values()), None)
    return Row(
        fold.sid,
        fold.title,
        fold.preview,
        fold.workspace,
        fold.cwd,
        bound.path if bound else "",
        fold.provider,
        fold.model,
        fold.parent.sid if fold.parent else None,
        fold.updated_at if fold.created_at is None else fold.created_at,
        fold.updated_at,
        len(fold.turns),
        len(said),
        sum(each.bytes for each in said if each.role in SEARCHED),
        sums.requests,
        sums.cost,
        turn.state if turn else "",
        fold.is_pinned,
        len(fold.damage),
    )


@dataclass(frozen=True, slots=True)
class Filter:
    """Which sessions are wanted; None where it does not matter. `title`: a part of it, whatever the case; `without`:
    ids that are left out; those in which nothing ever happened are never told."""

    workspace: str | None = None
    cwd: str | None = None
    chat_path: str | None = None
    provider: str | None = None
    model: str | None = None
    parent: str | None = None
    pinned: bool | None = None
    since: float | None = None
    until: float | None = None
    title: str | None = None
    without: frozenset[str] = field(default_factory=frozenset)

    def takes(self, row: Row) -> bool:
        for name in SAME:
            wanted = getattr(self, name)
            if wanted is not None and getattr(row, name) != wanted:
                return False
        if (self.since is not None and row.updated < self.since) or (
            self.until is not None and row.updated >= self.until
        ):
            return False
        if self.title is not None and self.title.lower() not in row.title.lower():
            return False
        return row.sid not in self.without


SAME = ("workspace", "cwd", "chat_path", "provider", "model", "parent", "pinned")
EVERY = Filter()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, latest first. `cursor` is for the next part, None at the end."""

    rows: list[Row]
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A session that was found: `snippet` is a line of what is said in it, "" where the title alone told; `mid` and
    `role` say where that is."""

    row: Row
    snippet: str = ""
    mid: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """Which bookings are wanted. Times are seconds since the epoch, `until` excluded; `sid`: one session's alone, what
    it shares with others included; `writer`: what one process spent."""

    since: float | None = None
    until: float | None = None
    workspace: str | None = None
    sid: str | None = None
    writer: str | None = None

    def takes(self, booking: Booking, sid: str, workspace: str) -> bool:
        return not (
            (self.since is not None and booking.day_from < self.since)
            or (self.until is not None and booking.day_from >= self.until)
            or (self.workspace is not None and (booking.workspace or workspace) != self.workspace)
            or (self.sid is not None and sid != self.sid)
            or (self.writer is not None and booking.writer != self.writer)
        )


ALL_SPENDING = Spending()
BY = (*KEYS, "day")
"""What sums are taken by."""


def key_of(by: str) -> Callable[[Booking, str], str]:
    """(booking, its session's workspace) -> what it is summed under. Raises `SessionError` for an unknown one."""
    if by == "day":
        return lambda booking, workspace: datetime.fromtimestamp(booking.day_from).strftime("%Y-%m-%d")
    if by == "workspace":
        return lambda booking, workspace: booking.workspace or workspace
    if by not in KEYS:
        raise SessionError(f"Sums are taken by {', '.join(sorted(BY))}, not by {by}.")
    return lambda booking, workspace: KEYS[by](booking)


def page_of(rows: Iterable[Row], wanted: Filter, limit: int, cursor: str | None) -> Page:
    """The page of a list that is given whole."""
    after = parse_cursor(cursor)
    chosen = sorted((row for row in rows if wanted.takes(row)), key=lambda row: (row.updated, row.sid), reverse=True)
    rest = [row for row in chosen if after is None or (row.updated, row.sid) < after]
    return paged(rest, limit)


def paged(rows: list[Row], limit: int) -> Page:
    """Of rows, of which there is one more than `limit` where the list goes on."""
    shown = rows[:limit]
    return Page(shown, f"{shown[-1].updated!r}:{shown[-1].sid}" if len(rows) > limit and shown else None)


def parse_cursor(cursor: str | None) -> tuple[float, str] | None:
    """Raises `SessionError` where it is none of ours."""
    if cursor is None:
        return None
    updated, _, sid = cursor.partition(":")
    try:
        return float(updated), sid
    except ValueError as error:
        raise SessionError(f"{cursor!r} is not where a list of sessions can go on.") from error
