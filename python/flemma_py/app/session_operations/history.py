"""When sessions were worked in: by which Neovim, how long, what it spent there, and how that ended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from flemma_py.accounting.money import money
from flemma_py.app.page import Page, PageLines
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.info import moment
from flemma_py.app.session_operations.outcomes import Outcome, Shown
from flemma_py.errors import SessionError
from flemma_py.journal.fold import Fold
from flemma_py.journal.records import number_of, table_of, text_of
from flemma_py.sessions.store import SessionStore

MOST = 100
"""Sessions that are looked at, the latest."""
COLUMNS = ("began", "lasted", "requests", "tokens", "cost", "ended")


@dataclass(frozen=True, slots=True)
class Stay:
    """A process in a session. `ended` is how: quit, bdelete, reset, crash; "" as long as nobody knows."""

    title: str
    began: float
    lasted: float | None
    requests: int
    tokens: int
    cost: float
    ended: str


async def history(asked: Asked) -> AsyncIterator[Outcome]:
    yield Shown("history", page(await asked.ask(_stays)))


OPERATION = Operation("history", history)


def _stays(store: SessionStore) -> list[Stay]:
    found: list[Stay] = []
    for row in store.page(limit=MOST).rows:
        try:
            fold = store.fold(row.sid)
        except SessionError:
            continue  # It went meanwhile, or cannot be read: the doctor tells.
        found += stays(fold, is_open=store.is_leased(row.sid))
    return sorted(found, key=lambda each: each.began, reverse=True)


def stays(fold: Fold, *, is_open: bool) -> Iterator[Stay]:
    """Each process that sent something in a session. `is_open`: somebody works in it now."""
    writers = dict.fromkeys(turn.writer for turn in fold.turns.values())
    for writer in writers:
        began = min(turn.began_at for turn in fold.turns.values() if turn.writer == writer)
        end = next((each for each in reversed(fold.ends) if each.writer == writer), None)
        sums = fold.ledger.sums(lambda booking, writer=writer: booking.writer == writer)  # type: ignore[misc]
        lasted = number_of(table_of(end.data, "duration"), "wall_ms") if end else None
        ended = (text_of(end.data, "exit_reason") or "") if end else "" if is_open else "crash"
        yield Stay(fold.title, began, lasted, sums.requests, sums.prompt + sums.output, sums.cost, ended)


def page(found: Sequence[Stay]) -> Page:
    lines = PageLines()
    lines.add(("When sessions were worked in", "title"))
    lines.blank()
    rows = [_cells(each) for each in found]
    widths = [max([len(name), *(len(row[at]) for row in rows)]) + 2 for at, name in enumerate(COLUMNS)]
    if not rows:
        lines.add(("(never yet)", "note"))
        return lines.finish()
    lines.add(("".join(map(str.ljust, COLUMNS, widths)), "section"), ("session", "section"))
    for row, stay in zip(rows, found, strict=True):
        lines.add(("".join(map(str.ljust, row, widths)), ""), (stay.title or "(no title)", "label"))
    return lines.finish()


def _cells(stay: Stay) -> tuple[str, ...]:
    lasted = "" if stay.lasted is None else _duration(stay.lasted / 1000)
    return (moment(stay.began), lasted, str(stay.requests), f"{stay.tokens:,}", money(stay.cost), stay.ended or "open")


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min" if minutes else f"{seconds} s"
