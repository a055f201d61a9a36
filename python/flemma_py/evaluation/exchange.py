"""One job of a worker as the host sees it: what is sent, what comes back, and the files and the answers of functions
that it asks for meanwhile.

The time of an evaluation is counted between two messages of the worker's, as processor time by its system and, with
more patience, by the clock here; while the host reads a file for it or the editor calls a function, none is counted.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from flemma_py.evaluation.calls import Calls
from flemma_py.evaluation.client import PATIENCE, Evaluation
from flemma_py.evaluation.process import Worker, WorkerGone
from flemma_py.model.reading import Read, Reader, Refused, Wanted

logger = logging.getLogger(__name__)

BEGIN_LIMIT = 20.0
"""Seconds in which a worker must have loaded what it needs: long, as a busy machine is no fault of the chat."""
WHOLE_LIMIT = 8.0
"""Seconds that all evaluations of one job may take together."""
READ_LIMIT = 30.0
"""Seconds for all files of one job. A reader has limits of its own; this one holds if it has not."""
BREATH = 64
"""Replies after which other tasks get their turn."""

_T = TypeVar("_T")


class Ending(Enum):
    """How a job ended. All but `DONE` and `STOPPED` are the fault of what was being evaluated."""

    DONE = "done"
    TIME = "time"
    WHOLE = "whole"
    MEMORY = "memory"
    FAULT = "fault"
    GONE = "gone"


@dataclass(slots=True)
class Outcome:
    """`frontmatter` and `units` (by their ids) as the worker told them; what was read for it by `handles`, and `stamps`
    and real `paths` by what was asked for. `spent` are the seconds that counted."""

    ending: Ending = Ending.DONE
    frontmatter: dict[str, Any] | None = None
    units: dict[int, dict[str, Any]] = field(default_factory=dict)
    handles: list[Read] = field(default_factory=list)
    stamps: dict[Wanted, str] = field(default_factory=dict)
    paths: dict[Wanted, str] = field(default_factory=dict)
    nonce: str = ""
    spent: float = 0.0


async def run_job(
    evaluation: Evaluation, request: dict[str, Any], reader: Reader, calls: Calls, most: float = WHOLE_LIMIT
) -> Outcome:
    """Have a worker do the job. `most` are the seconds that may be counted. Raises `EvaluationError` if there is no
    worker."""
    outcome = Outcome(nonce=str(secrets.randbelow(10**12)))
    for attempt in range(2):  # something outside may have killed an idle worker: then another one does the job
        async with evaluation.lease() as lease:
            exchange = _Exchange(lease.worker, reader, calls, outcome, evaluation.time_limit, most)
            try:
                await exchange.run(
                    {**request, "job": "document", "nonce": outcome.nonce, "limit": evaluation.time_limit}
                )
                lease.reusable = outcome.ending is Ending.DONE
            except WorkerGone:
                evaluation.refuse_if_closed()
                outcome.ending = Ending.TIME if await lease.worker.ran_out_of_time() else Ending.GONE
            lease.overran = outcome.ending in (Ending.TIME, Ending.WHOLE, Ending.MEMORY)
        if outcome.ending is not Ending.GONE or outcome.units or attempt:
            break
        outcome = Outcome(nonce=outcome.nonce)
    return outcome


class _Exchange:
    def __init__(
        self, worker: Worker, reader: Reader, calls: Calls, outcome: Outcome, limit: float, most: float
    ) -> None:
        self._worker, self._reader, self._calls, self._outcome = worker, reader, calls, outcome
        self._limit, self._most = limit * PATIENCE, most
        self._reading = READ_LIMIT
        self._count = 0

    async def run(self, request: dict[str, Any]) -> None:
        await self._worker.send_soon(request)
        try:
            async with asyncio.timeout(BEGIN_LIMIT):
                await self._worker.receive()
        except TimeoutError:
            self._outcome.ending = Ending.TIME
            return
        while await self._step():
            self._count += 1
            if self._count % BREATH == 0:
                await asyncio.sleep(0)

    async def _step(self) -> bool:
        """Deal with one message; whether there are more."""
        outcome = self._outcome
        began = time.monotonic()
        try:
            left = max(self._most - outcome.spent, 0.0)
            async with asyncio.timeout(min(self._limit, left)):
                message = await self._worker.receive()
        except TimeoutError:
            outcome.ending = Ending.TIME if self._limit <= left else Ending.WHOLE
            return False
        outcome.spent += time.monotonic() - began
        match message:
            case {"unit": int(number)}:
                outcome.units[number] = message
            case {"frontmatter": dict(result)}:
                outcome.frontmatter = result
            case {"read": str()}:
                self._worker.send(await self._read(message))
            case {"kind": str(path)}:
                self._worker.send(await self._kind(path))
            case {"call": int(number), "arguments": list(arguments)}:
                self._worker.send(await self._calls.answer(number, arguments))
            case {"done": _}:
                return False
            case {"memory": _}:
                outcome.ending = Ending.MEMORY
                return False
            case {"fault": str(trace)}:
                logger.error("the evaluation of a chat failed:\n%s", trace)
                outcome.ending = Ending.FAULT
                return False
            case _:
                raise WorkerGone("the worker broke the protocol")
        return True

    async def _read(self, message: dict[str, Any]) -> dict[str, Any]:
        wanted = Wanted(message["read"], message["base"], message["binary"], message["mime"])
        nothing: Read | Refused = Refused("could not be read", "")
        found = await self._patiently(lambda: self._reader.read(wanted), nothing)
        outcome = self._outcome
        outcome.stamps[wanted] = found.stamp
        if isinstance(found, Refused):
            return {"refused": found.reason, "ask": found.ask}
        outcome.paths[wanted] = found.path
        answer = {"path": found.path, "mime": found.mime, "note": found.note, "literal": found.literal}
        if wanted.binary:
            outcome.handles.append(found)
            return {**answer, "handle": len(outcome.handles) - 1}
        return {**answer, "text": found.data.decode("utf-8", "surrogateescape")}

    async def _kind(self, path: str) -> dict[str, Any]:
        wanted = Wanted(path, None, True)
        stamps: Sequence[str] = await self._patiently(lambda: self._reader.stamps([wanted]), [""])
        self._outcome.stamps[wanted] = stamps[0]
        return {"kind": await self._patiently(lambda: self._reader.kind(path), "")}

    async def _patiently(self, ask: Callable[[], Awaitable[_T]], otherwise: _T) -> _T:
        """What the reader answers; `otherwise` if it does not, or fails."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(self._reading, 0.0)):
                return await ask()
        except TimeoutError:
            logger.warning("files for one evaluation were not read within %g s", READ_LIMIT)
        except Exception:
            logger.exception("a file could not be read for a template")
        finally:
            self._reading -= time.monotonic() - began
        return otherwise
