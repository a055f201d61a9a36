"""A chat's evaluation as the host asks for it: what is known is not done again, what is missing goes to a worker.

Messages see the variables of the frontmatter, and those that earlier messages set. So a result holds for a message's
text, for the frontmatter, for the text of every earlier message that changed a variable, for the files that were read,
for what modules bring, and, where somebody looked at the clock, for that day. Where a function of the owner's was
called, nothing is known beyond that evaluation.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flemma_py.evaluation.calls import Calls
from flemma_py.evaluation.client import Evaluation
from flemma_py.evaluation.exchange import WHOLE_LIMIT, Ending, Outcome, run_job
from flemma_py.evaluation.results import (
    FrontmatterResult,
    Moment,
    UnitResult,
    assemble,
    read_frontmatter_result,
    read_unit_result,
    stopped_frontmatter,
    stopped_unit,
)
from flemma_py.evaluation.units import Unit, Units
from flemma_py.model.document import Document
from flemma_py.model.evaluated import Dialect, Evaluated
from flemma_py.model.reading import Reader, Wanted
from flemma_py.model.template_names import BUILT_IN_NAMES, TemplateNames

logger = logging.getLogger(__name__)

LUA = "lua"
LEAST = 0.01
"""Seconds that a job counts at least, so that there is an end to them."""
MANY = 500
"""Messages that are not looked through in the event loop, which others wait for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chat is evaluated: its absolute path and folder (None for an unnamed buffer), the working directory
    of its window, the home folder, and the `TZ` of the editor's environment, if it has one."""

    filename: str | None
    dirname: str | None
    cwd: str
    home: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a job has to do: the frontmatter, and `units` in order: those that are missing, and those before them that
    change variables. After one of the `barriers` come results that are taken to hold."""

    frontmatter: bool
    units: tuple[tuple[int, Unit], ...]
    barriers: frozenset[int]


class DocumentEvaluation:
    """Evaluates one chat, again and again. `parsed` of `evaluate` is for frontmatter whose parser is not ours."""

    def __init__(
        self, evaluation: Evaluation, reader: Reader, *, now: Callable[[], float] = time.time, seed: int | None = None
    ) -> None:
        self._evaluation, self._reader, self._now = evaluation, reader, now
        self._seed = random.getrandbits(31) if seed is None else seed
        self._units = Units()
        self._front: dict[bytes, FrontmatterResult] = {}
        self._results: dict[tuple[bytes, bytes], UnitResult] = {}
        self._lock = asyncio.Lock()
        self._evaluations = 0
        self.evaluated_units = 0
        """Messages that a worker has evaluated so far."""

    async def evaluate(
        self,
        document: Document,
        place: Place,
        *,
        settings: Mapping[str, Any] | None = None,
        parsed: Mapping[str, Any] | None = None,
        names: TemplateNames = BUILT_IN_NAMES,
        retry: bool = False,
        aside: bool = False,
    ) -> Evaluated:
        """The chat with its templates filled in. `settings` are what `flemma.opt` reads: all settings as they hold
        without this frontmatter, as plain tables. `parsed` are the frontmatter's variables, where a parser outside of
        the worker has read it. `names` are what modules of the owner's bring. With `retry`, what ran into a limit
        before this call is tried once more. With `aside` the chat is another one, made for a question: what is known of
        the chat itself is not forgotten.

        Raises `EvaluationError` if there is no worker to be had."""
        # What is being tried at this moment, for a quiet evaluation, need not be tried again after it.
        again = self._stopped() if retry else []
        async with self._lock:
            self._forget(again)
            return await self._evaluate(document, place, dict(settings or {}), parsed, names, aside=aside)

    def _stopped(self) -> list[FrontmatterResult | UnitResult]:
        everything: list[FrontmatterResult | UnitResult] = [*self._front.values(), *self._results.values()]
        return [each for each in everything if each.stopped]

    def _forget(self, results: list[FrontmatterResult | UnitResult]) -> None:
        if results:
            gone = set(map(id, results))
            self._front = {key: each for key, each in self._front.items() if id(each) not in gone}
            self._results = {at: each for at, each in self._results.items() if id(each) not in gone}

    async def _evaluate(
        self,
        document: Document,
        place: Place,
        settings: dict[str, Any],
        parsed: Mapping[str, Any] | None,
        names: TemplateNames,
        *,
        aside: bool,
    ) -> Evaluated:
        front = document.frontmatter
        language = front.language.lower() if front else ""
        dialect = Dialect.LUA if language == LUA else Dialect.JINJA
        comments = dialect is Dialect.JINJA
        if len(document.messages) > MANY:
            units = await asyncio.to_thread(lambda: self._units.of(document, comments=comments, aside=aside))
        else:
            units = self._units.of(document, comments=comments, aside=aside)
        if front is None and not units:
            if not aside:
                self._front, self._results = {}, {}
            return Evaluated(dialect)
        self._evaluations += 1
        moment = Moment(self._now(), _digest(settings), self._evaluations)
        asked = {
            "frontmatter": None if front is None else {"language": language, "code": front.code, "parsed": parsed},
            "filename": place.filename,
            "dirname": place.dirname,
            "cwd": place.cwd,
            "home": place.home,
            "zone": place.zone,
            "seed": self._seed,
            "names": names.digest,
            "variables": dict(names.variables),
        }
        key = _digest(asked)
        stale = await self._stale()
        request = {**asked, "now": moment.now, "settings": settings, "changes": names.changes}
        known, results, complete = await self._complete(key, request, units, moment, stale, Calls(names))
        if not aside:
            self._front = {key: known}
            self._results = {at: result for at, _, result in results.values()}
        return assemble(document, dialect, known, {index: (u, r) for index, (_, u, r) in results.items()}, complete)

    async def _complete(
        self,
        key: bytes,
        request: dict[str, Any],
        units: list[tuple[int, Unit]],
        moment: Moment,
        stale: set[Wanted],
        calls: Calls,
    ) -> tuple[FrontmatterResult, dict[int, tuple[tuple[bytes, bytes], Unit, UnitResult]], bool]:
        """Send jobs until nothing is missing, or until one came to grief: what it was at is then known to."""
        left = WHOLE_LIMIT
        while True:
            known = self._front.get(key)
            found: dict[int, tuple[tuple[bytes, bytes], Unit, UnitResult]] = {}
            if known is not None and not known.holds(moment, stale):
                # Functions that it called may well say what they said before; then nothing else is to be done.
                missing = _Missing(True, () if known.evaluation and self._results else tuple(units), frozenset())
                known = None
            else:
                missing = self._plan(key, known, units, moment, stale, found)
            if known is not None and (known.is_broken or not missing.units):
                return known, found, True
            if left > 0:
                outcome = await run_job(self._evaluation, self._job(request, missing), self._reader, calls, left)
            else:
                outcome = Outcome(Ending.WHOLE)
            left -= outcome.spent + LEAST
            stale.difference_update(outcome.stamps)
            known = self._absorb(key, known, units, missing, moment, outcome)
            if outcome.ending is not Ending.DONE:
                found = {}
                self._plan(key, known, units, moment, stale, found)
                return known, found, False

    def _plan(
        self,
        key: bytes,
        known: FrontmatterResult | None,
        units: list[tuple[int, Unit]],
        moment: Moment,
        stale: set[Wanted],
        found: dict[int, tuple[tuple[bytes, bytes], Unit, UnitResult]],
    ) -> _Missing:
        """What is missing; what is there goes into `found`. A missing message is taken to change no variable."""
        if known is None:
            return _Missing(True, tuple(units), frozenset())
        state = known.state
        wanted: list[tuple[int, Unit]] = []
        gaps: list[int] = []
        barriers: set[int] = set()
        end = 0
        for index, unit in units:
            at = state, unit.digest
            result = self._results.get(at)
            if result is None or not result.holds(moment, stale):
                wanted.append((index, unit))
                gaps.append(index)
                end = len(wanted)
                continue
            found[index] = at, unit, result
            if gaps:
                barriers.update(gaps)
                gaps.clear()
            if result.wrote:
                state = _chained(state, result.seen)
                wanted.append((index, unit))
        return _Missing(False, tuple(wanted[:end]), frozenset(barriers))

    def _job(self, request: dict[str, Any], missing: _Missing) -> dict[str, Any]:
        units = [
            {"id": index, "pieces": unit.pieces, "seed": unit.seed, "barrier": index in missing.barriers}
            for index, unit in missing.units
        ]
        return {**request, "units": units}

    def _absorb(
        self,
        key: bytes,
        known: FrontmatterResult | None,
        units: list[tuple[int, Unit]],
        missing: _Missing,
        moment: Moment,
        outcome: Outcome,
    ) -> FrontmatterResult:
        """Take in what a job gave, under the state that each message met. Where it came to grief, that is known of the
        first message that is missing then."""
        if outcome.frontmatter is None:
            result = known or stopped_frontmatter(outcome.ending, self._evaluation.time_limit)
        else:
            result = read_frontmatter_result(outcome, key, moment)
        if known is not None and known.state == result.state:
            result = known
        self._front[key] = result
        if result.is_broken:
            return result
        sent = dict(missing.units)
        state = result.state
        for index, unit in units:
            at = state, unit.digest
            if index in sent:
                raw = outcome.units.get(index)
                if raw is not None:
                    self.evaluated_units += 1
                    self._results[at] = read_unit_result(outcome, raw, unit, moment)
                else:
                    if outcome.ending is not Ending.DONE:
                        self._results[at] = stopped_unit(outcome.ending, unit, self._evaluation.time_limit)
                    break
            there = self._results.get(at)
            if there is not None and there.wrote:
                state = _chained(state, there.seen)
        return result

    async def _stale(self) -> set[Wanted]:
        """The files that are not any more what they were when they were read."""
        stamps: dict[Wanted, str] = {}
        for result in (*self._front.values(), *self._results.values()):
            if result.reads:
                stamps |= result.reads
        if not stamps:
            return set()
        try:
            now = await self._reader.stamps(list(stamps))
        except Exception:
            logger.exception("the files of templates could not be looked at")
            return set(stamps)
        return {wanted for (wanted, stamp), new in zip(stamps.items(), now, strict=True) if stamp != new}


def _digest(value: Any) -> bytes:
    written = json.dumps(value, sort_keys=True, default=str).encode()
    return hashlib.blake2b(written, digest_size=16).digest()


def _chained(state: bytes, seen: bytes) -> bytes:
    return hashlib.blake2b(state + seen, digest_size=16).digest()
