"""What was spent by model, endpoint, project and day, each request once, and how much of what was read a cache had."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from flemma_py.accounting.money import money
from flemma_py.app.page import Page, PageLines
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Outcome, Shown
from flemma_py.errors import SessionError
from flemma_py.journal.ledger import Sums
from flemma_py.sessions.questions import BY
from flemma_py.sessions.store import SessionStore

CALLED = {"project": "workspace"}
"""What people say for what is summed by."""
TOLD = ("model", "endpoint", "project", "day")
COLUMNS = ("requests", "read", "cached", "written", "cost", "hits")
DAYS = 30
"""Of days the last ones, where all is told."""


async def stats(asked: Asked) -> AsyncIterator[Outcome]:
    by = asked.text("by")
    if by is not None and CALLED.get(by, by) not in BY:
        known = ", ".join(sorted({*TOLD, "provider", "source"}))
        raise SessionError(f"Sums are taken by {known}, not by {by}.")
    yield Shown("stats", await asked.ask(lambda store: _page(store, by)))


OPERATION = Operation("stats", stats)


def _page(store: SessionStore, by: str | None) -> Page:
    page = PageLines()
    page.add(("What requests used and cost", "title"), ("  (all projects)", "note"))
    page.blank()
    table(page, "In all", {"": store.sums()})
    for each in (by,) if by else TOLD:
        sums = store.sums_by(CALLED.get(each, each))
        if each == "day":
            sums = dict(sorted(sums.items(), reverse=True)[: None if by else DAYS])
        else:
            sums = dict(sorted(sums.items(), key=lambda item: (-item[1].cost, -item[1].requests, item[0])))
        page.blank()
        table(page, f"By {each}", sums)
    return page.finish()


def table(page: PageLines, title: str, sums: Mapping[str, Sums]) -> None:
    """Lines of sums under a title, in columns that end where the others' do."""
    rows = [(name or "(unknown)" if len(sums) > 1 else name, _cells(each)) for name, each in sums.items()]
    names = max([len(title), *(len(name) for name, _ in rows)])
    widths = [max([len(column), *(len(cells[at]) for _, cells in rows)]) + 2 for at, column in enumerate(COLUMNS)]
    page.add((title.ljust(names), "section"), ("".join(map(str.rjust, COLUMNS, widths)), "note"))
    for name, cells in rows:
        page.add((name.ljust(names), "label"), ("".join(map(str.rjust, cells, widths)), ""))
    if not rows:
        page.add(("(nothing yet)", "note"))


def _cells(sums: Sums) -> Sequence[str]:
    ratio = sums.cache_hit_ratio
    cost = money(sums.cost) + ("+?" if sums.unpriced else "")
    tokens = (sums.input, sums.cache_read, sums.output)
    return (str(sums.requests), *(f"{each:,}" for each in tokens), cost, "–" if ratio is None else f"{ratio:.0%}")
