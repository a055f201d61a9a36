"""What is taken of budgets: by several processes at once, with and without an index, and with no ledger at all."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.wire.session_support import COST, Clock, turn

from flemma_py.accounting.budget import Fund, Limit, Unknown
from flemma_py.app.keeping.keeping import Keeping
from flemma_py.app.spending import funds as spending
from flemma_py.app.spending.funds import Chat, Funds
from flemma_py.config.schema import BudgetSettings, SessionSettings, Settings
from flemma_py.sessions import Recorder, Saying, SessionStore, Spending
from flemma_py.sessions.questions import ALL_SPENDING

ROOT = Path(__file__).parents[2]
LIMIT = 1.0
ALL = BudgetSettings(file=10.0, day=20.0, project=30.0)


class Owner:
    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()


def keeping_in(place: Path, settings: Settings | None = None) -> Keeping:
    kept = Keeping(Owner(settings), lambda _level, _message: None)
    kept.at(str(place), str(place / "cache"))
    return kept


@contextmanager
def ledger(place: Path, **more: Any) -> Iterator[SessionStore]:
    """The store that `keeping_in` reads."""
    kept = SessionStore(place / "sessions", place / "cache", **more)
    try:
        yield kept
    finally:
        kept.close()


async def test_processes_that_spend_at_once_keep_to_one_limit(tmp_path: Path) -> None:
    async def spender(seed: int) -> float:
        command = [sys.executable, "-m", "tests.wire.budget_spender", str(tmp_path), str(LIMIT), str(seed), "40"]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'python'}:{ROOT}"}
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, env=environment, cwd=ROOT
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return float(said)

    spent = await asyncio.gather(*map(spender, range(2)))
    with ledger(tmp_path) as kept:
        assert kept.sums().cost == pytest.approx(sum(spent), abs=1e-9)
    assert all(spent), "both of them had something"
    assert LIMIT / 2 < sum(spent) <= LIMIT + 1e-9


@pytest.fixture
def book(tmp_path: Path) -> tuple[Keeping, Funds, Recorder]:
    """Two sessions of one project, each with a request of the same cost; the second one's recorder."""
    keeping = keeping_in(tmp_path)
    funds = Funds(keeping, time.time)
    kept = keeping.store
    assert kept is not None
    with_other = kept.create(cwd="/x", workspace="/x")
    turn(with_other, kept.ids, "hello", "world")
    ours = kept.create(cwd="/x", workspace="/x")
    turn(ours, kept.ids, "hello", "world")
    return keeping, funds, ours


async def test_each_limit_has_its_own_sum(book: tuple[Keeping, Funds, Recorder], tmp_path: Path) -> None:
    keeping, funds, ours = book
    other = keeping_in(tmp_path)
    assert other.store is not None
    elsewhere = other.store.create(cwd="/y", workspace="/y")
    turn(elsewhere, other.store.ids, "hello", "world")
    elsewhere.begin_turn("t", [Saying("user", "more")], reserved=0.5).result()
    other.store.publish()
    for _ in range(2):
        found = await funds.read(ALL, Chat("x", "/x", ours))
        assert [(each.limit.scope, each.limit.usd) for each in found] == [("file", 10), ("day", 20), ("project", 30)]
        assert [_spent(each) for each in found] == [(COST, 0), (3 * COST, 0.5), (2 * COST, 0)]
    await other.close()
    await keeping.close()


def _spent(found: Fund | Unknown) -> tuple[float, float]:
    assert isinstance(found, Fund), found
    return found.spent, found.in_flight


async def test_a_turn_does_not_stand_in_its_own_way(book: tuple[Keeping, Funds, Recorder]) -> None:
    keeping, funds, ours = book
    ours.begin_turn("mine", [Saying("user", "more")], reserved=7.0).result()
    found = await funds.read(ALL, Chat("x", "/x", ours, "mine"))
    assert [_spent(each)[1] for each in found] == [0, 0, 0]
    found = await funds.read(ALL, Chat("x", "/x", ours, "another"))
    assert [_spent(each)[1] for each in found] == [7, 7, 7]
    ours.reserve("mine", 0.0).result()
    found = await funds.read(ALL, Chat("x", "/x", ours, "another"))
    assert [_spent(each)[1] for each in found] == [0, 0, 0], "while the user is asked nothing is under way"
    await keeping.close()


async def test_a_raised_limit_is_that_of_its_chat_or_day(book: tuple[Keeping, Funds, Recorder]) -> None:
    keeping, funds, ours = book
    today = datetime.now().strftime("%Y-%m-%d")
    funds.raise_limit(Limit("file", 99.0, ours.sid))
    funds.raise_limit(Limit("day", 5.0, "1999-12-31"))
    found = await funds.read(ALL, Chat("x", "/x", ours))
    assert [(each.limit.usd, each.limit.key) for each in found] == [(99.0, ours.sid), (20.0, today), (30.0, "/x")]
    funds.raise_limit(Limit("day", float("inf"), today))
    found = await funds.read(ALL, Chat("x", "/x", ours))
    assert [each.limit.scope for each in found] == ["file", "project"]
    await keeping.close()


async def test_yesterday_is_not_today(tmp_path: Path) -> None:
    clock = Clock()
    with ledger(tmp_path, clock=clock) as kept:
        recorder = kept.create(cwd="/x", workspace="/x")
        turn(recorder, kept.ids, "hello", "world")
        recorder.close()
        keeping = keeping_in(tmp_path)
        for days, spent in ((0, COST), (1, 0.0)):
            clock.now = Clock().now + days * 86_400
            (found,) = await Funds(keeping, clock).read(BudgetSettings(day=1.0), Chat("x", "/x"))
            assert _spent(found) == (spent, 0)
        await keeping.close()


async def test_a_chat_without_a_session_cannot_be_summed_and_the_day_can(tmp_path: Path) -> None:
    keeping = keeping_in(tmp_path)
    one, two = await Funds(keeping, time.time).read(BudgetSettings(file=1.0, day=1.0), Chat("x", "/x"))
    assert isinstance(one, Unknown) and "session" in one.why
    assert _spent(two) == (0, 0)
    await keeping.close()


async def test_sessions_that_cannot_be_read_are_a_question(tmp_path: Path) -> None:
    (tmp_path / "blocked").write_text("no folder")
    settings = Settings(sessions=SessionSettings(dir=str(tmp_path / "blocked")))
    keeping = keeping_in(tmp_path, settings)
    (found,) = await Funds(keeping, time.time).read(BudgetSettings(day=1.0), Chat("x", "/x"))
    assert isinstance(found, Unknown) and found.why
    await keeping.close()


async def test_sums_that_take_too_long_are_a_question(
    book: tuple[Keeping, Funds, Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping, funds, ours = book
    may_go_on = threading.Event()

    def slow(_store: SessionStore, wanted: Spending = ALL_SPENDING, *, without: str = "") -> float:
        may_go_on.wait(10)
        return 0.0

    monkeypatch.setattr(SessionStore, "reserved", slow)
    monkeypatch.setattr(spending, "PATIENCE", 0.05)
    (found,) = await funds.read(BudgetSettings(day=1.0), Chat("x", "/x", ours))
    assert isinstance(found, Unknown) and "0.05 seconds" in found.why
    may_go_on.set()
    await keeping.close()


async def test_without_a_ledger_this_process_counts_by_itself(tmp_path: Path) -> None:
    keeping = keeping_in(tmp_path, Settings(sessions=SessionSettings(enabled=False)))
    funds, here, there = Funds(keeping, time.time), Chat("/x/a.chat", "/x"), Chat("/x/b.chat", "/x")
    funds.book(here, 0.25, estimated=True, is_priced=True)
    funds.book(there, 0.5, estimated=False, is_priced=False)
    funds.fly(there, 0.125)
    found: list[Any] = await funds.read(ALL, here)
    assert [_spent(each) for each in found] == [(0.25, 0), (0.75, 0.125), (0.75, 0.125)]
    assert [(each.estimated, each.unpriced) for each in found] == [(True, 0), (True, 1), (True, 1)]
    funds.fly(there, 0.0)
    assert [_spent(each)[1] for each in await funds.read(ALL, here)] == [0, 0, 0]


async def test_what_a_crash_left_under_way_costs_nothing_any_more(tmp_path: Path) -> None:
    with ledger(tmp_path) as dead:
        recorder = dead.create(cwd="/x", workspace="/x")
        recorder.begin_turn("t", [Saying("user", "hello")], reserved=0.5).result()
        sid = recorder.sid
        recorder.close()
    with ledger(tmp_path) as kept:
        assert kept.reserved() == 0
        again = kept.open(sid)
        again.recover()
        assert kept.reserved() == 0
        again.close()
