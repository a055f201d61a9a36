"""What is taken of the owner's limits: by the ledger of all processes, and what no ledger could take besides."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from flemma_py.accounting.budget import Fund, Limit, Scope, Unknown
from flemma_py.app.keeping.workspace import workspace_of
from flemma_py.errors import SessionError

if TYPE_CHECKING:
    from flemma_py.app.keeping import Keeping
    from flemma_py.config.schema import BudgetSettings
    from flemma_py.journal.fold import Fold
    from flemma_py.journal.ledger import Sums
    from flemma_py.sessions import Recorder, SessionStore

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds that the journals of all sessions have to be summed in; the index takes milliseconds, but may be missing."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Whose limits are looked at: a chat by its session, or without one by a name; `folder` is where it is, `turn` the
    one that asks."""

    name: str
    folder: str
    recorder: Recorder | None = None
    turn: str = ""


@dataclass(frozen=True, slots=True)
class Loose:
    """A request that no journal has: what it did cost, when, in which chat and project."""

    at: float
    usd: float
    name: str
    workspace: str
    estimated: bool
    is_priced: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """Of one limit, in USD."""

    spent: float = 0.0
    in_flight: float = 0.0
    estimated: int = 0
    unpriced: int = 0


class Funds:
    """One per host. `clock` gives seconds since the epoch."""

    def __init__(self, keeping: Keeping, clock: Callable[[], float]) -> None:
        self._keeping = keeping
        self._clock = clock
        self._raised: dict[tuple[str, str], float] = {}
        self._loose: list[Loose] = []
        self._flights: dict[str, tuple[float, str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.said: set[Limit | str] = set()
        """Limits of which the user was told that they are nearly reached, and sentences that are said once."""

    def raise_limit(self, limit: Limit) -> None:
        """From now on, as long as this host lives, this much may be spent there."""
        self._raised[(limit.scope, limit.key)] = limit.usd

    def book(self, chat: Chat, usd: float, *, estimated: bool, is_priced: bool) -> None:
        """A request is over of which no journal tells."""
        self._loose.append(Loose(self._clock(), usd, chat.name, workspace_of(chat.folder), estimated, is_priced))

    def fly(self, chat: Chat, usd: float) -> None:
        """A request may cost so much at worst, of which no journal tells; 0 when it is over."""
        self._flights[chat.name] = usd, workspace_of(chat.folder) if usd else ""

    def publish(self) -> None:
        """A request is over: other processes that spend from the same limits are to know soon."""
        task = asyncio.create_task(self._publish(), name="publish what was spent")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self) -> None:
        try:
            await self._keeping.ask(lambda store: store.publish())
        except SessionError as error:
            log.info("%s", error.message)

    async def read(self, budget: BudgetSettings, chat: Chat) -> list[Fund | Unknown]:
        """What is taken of each limit that is set, each as it is now."""
        if not budget.is_set:
            return []
        wanted = asyncio.to_thread(self._read, budget, chat)
        try:
            return await asyncio.wait_for(wanted, PATIENCE)
        except TimeoutError:
            why = f"what was spent could not be summed in {PATIENCE:g} seconds, as the index of sessions is being made."
        except SessionError as error:
            why = error.message
        except OSError as error:
            why = f"the sessions cannot be read: {error.strerror or error}."
        except Exception:
            log.exception("what was spent could not be summed")
            why = "an error of Flemma's own, see the log."
        limits = await asyncio.to_thread(self._limits, budget, chat)
        return [Unknown(each, why) for each in limits]

    # ---- in a thread

    def _limits(self, budget: BudgetSettings, chat: Chat) -> list[Limit]:
        keys = {
            "file": chat.recorder.sid if chat.recorder else chat.name,
            "day": datetime.fromtimestamp(self._clock()).strftime("%Y-%m-%d"),
            "project": self._workspace(chat),
        }
        found: list[tuple[Scope, float | None]] = [
            ("file", budget.file),
            ("day", budget.day),
            ("project", budget.project),
        ]
        limits = [
            Limit(scope, max(usd, self._raised.get((scope, keys[scope]), 0.0)), keys[scope])
            for scope, usd in found
            if usd is not None
        ]
        return [each for each in limits if each.usd < math.inf]

    def _read(self, budget: BudgetSettings, chat: Chat) -> list[Fund | Unknown]:
        store, limits = self._keeping.store, self._limits(budget, chat)
        return [self._fund(each, store, chat) for each in limits]

    def _fund(self, limit: Limit, store: SessionStore | None, chat: Chat) -> Fund | Unknown:
        if store is None:
            kept = Taken()
        elif limit.scope == "file":
            if chat.recorder is None:
                return Unknown(limit, "the session of this chat cannot be read.")
            kept = _of_session(chat.recorder, chat.turn)
        else:
            kept = self._of_all(limit, store, chat)
        loose = self._of_loose(limit, chat)
        return Fund(
            limit,
            kept.spent + loose.spent,
            kept.in_flight + loose.in_flight,
            bool(kept.estimated + loose.estimated),
            kept.unpriced + loose.unpriced,
        )

    def _of_all(self, limit: Limit, store: SessionStore, chat: Chat) -> Taken:
        from flemma_py.sessions import Spending

        wanted = Spending(workspace=limit.key) if limit.scope == "project" else Spending(since=self._midnight())
        # In this order: what ends meanwhile counts twice rather than never.
        in_flight = store.reserved(Spending(workspace=wanted.workspace), without=chat.turn)
        return _taken(store.sums(wanted), in_flight)

    def _of_loose(self, limit: Limit, chat: Chat) -> Taken:
        def takes(name: str, workspace: str, at: float) -> bool:
            match limit.scope:
                case "file":
                    return name == chat.name
                case "day":
                    return at >= self._midnight()
                case _:
                    return workspace == limit.key

        found = [each for each in self._loose if takes(each.name, each.workspace, each.at)]
        flying = [
            usd
            for name, (usd, workspace) in self._flights.items()
            if name != chat.name and takes(name, workspace, math.inf)
        ]
        return Taken(
            sum(each.usd for each in found),
            sum(flying),
            sum(each.estimated for each in found),
            sum(not each.is_priced for each in found),
        )

    def _workspace(self, chat: Chat) -> str:
        known = chat.recorder.look(lambda fold: fold.workspace) if chat.recorder else ""
        return known or workspace_of(chat.folder)

    def _midnight(self) -> float:
        now = datetime.fromtimestamp(self._clock())
        return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _of_session(recorder: Recorder, turn: str) -> Taken:
    """What one session took. Others may work in it, too: their records are read first."""
    recorder.refresh()

    def ask(fold: Fold) -> Taken:
        flying = sum(each.reserved for each in fold.open_turns if each.id != turn)
        return _taken(fold.sums, flying)

    return recorder.look(ask)


def _taken(sums: Sums, in_flight: float) -> Taken:
    return Taken(sums.cost, in_flight, sums.estimated, sums.unpriced)
