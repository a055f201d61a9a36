"""The evaluator as the host sees it: at most two worker processes, one request each at a time.

A worker that runs past the time limit, dies, or is waited for by a task that was cancelled is killed, and the next
request gets a new one. Nothing that an evaluation does outlives it, so it may be done again without harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from flemma_py.errors import EvaluationError
from flemma_py.evaluation.process import Worker, WorkerGone

logger = logging.getLogger(__name__)

WORKERS = 2
TIME_LIMIT = 1.0
"""Seconds of processor time per evaluation. The worker's system counts them."""
PATIENCE = 4.0
"""Times that limit by the wall clock is what the host waits, counted from the moment a worker has the request: a busy
machine is no fault of the code, but there must be an end."""
LONGEST_CODE = 8_000_000
"""Characters."""
DIALECTS = ("flemma_py.evaluation.dialects",)


@dataclass(slots=True)
class Lease:
    """A worker in somebody's hands. `reusable`: it is in order, and waits for another request. `overran`: it ran into a
    limit, so another one will be wanted soon."""

    worker: Worker
    reusable: bool = False
    overran: bool = False


class Evaluation:
    """Evaluates code in worker processes (an `Evaluator`). `packages` are the folders whose modules are the dialects.

    Workers start at the first request, which takes about 0.15 s: `warm()` takes that time earlier. `close()` is final.
    """

    def __init__(self, *, packages: tuple[str, ...] = DIALECTS, time_limit: float = TIME_LIMIT) -> None:
        self._packages = packages
        self._time_limit = time_limit
        self._slots = asyncio.Semaphore(WORKERS)
        self._workers: set[Worker] = set()
        self._idle: list[Worker] = []
        self._spare: asyncio.Task[None] | None = None
        self._closed = False

    async def evaluate(self, dialect: str, code: str) -> str:
        """What `code` evaluates to. Raises `EvaluationError` if it is wrong, too slow, too large, or `close` came."""
        if len(code) > LONGEST_CODE:
            raise EvaluationError(f"The code to evaluate is longer than {LONGEST_CODE:,} characters.")
        async with self._slots:
            try:
                return await self._ask(dialect, code)
            except WorkerGone:
                return await self._ask_again(dialect, code)

    @property
    def time_limit(self) -> float:
        """Seconds that one evaluation may take."""
        return self._time_limit

    async def warm(self) -> None:
        """Have a worker ready. Raises `EvaluationError` if it cannot be started."""
        async with self._slots:
            if not self._idle:
                self._idle.append(await self._start())

    async def close(self) -> None:
        """Kill every worker and wait until they are gone; what is being evaluated fails with `EvaluationError`."""
        self._closed = True
        for worker in self._workers:
            worker.kill()
        for _ in range(WORKERS):  # whoever held a slot has seen by now that its worker is gone
            await self._slots.acquire()
        try:
            if self._spare is not None:
                await asyncio.wait([self._spare])
            for worker in self._workers:
                await worker.reaped()
        finally:
            for _ in range(WORKERS):
                self._slots.release()

    async def _ask_again(self, dialect: str, code: str) -> str:
        # Something outside killed the worker, perhaps before this request came; or the code crashes it: then once more
        # will tell.
        try:
            return await self._ask(dialect, code)
        except WorkerGone as gone:
            self.refuse_if_closed()
            raise EvaluationError("The evaluation worker died twice over this code; it was not evaluated.") from gone

    @contextlib.asynccontextmanager
    async def lease(self) -> AsyncIterator[Lease]:
        """A worker for a longer conversation. It is killed afterwards unless `reusable` has been set. Raises
        `EvaluationError` if there is none to be had."""
        async with self._slots, self._leased() as lease:
            yield lease

    async def _ask(self, dialect: str, code: str) -> str:
        async with self._leased() as lease:
            try:
                async with asyncio.timeout(self._time_limit * PATIENCE):
                    reply = await lease.worker.ask({"dialect": dialect, "code": code, "limit": self._time_limit})
            except TimeoutError:
                lease.overran = True
            except WorkerGone:
                lease.overran = await lease.worker.ran_out_of_time()
                if not lease.overran:
                    raise
            if lease.overran:
                raise EvaluationError(f"The evaluation took longer than {self._time_limit:g} s.") from None
            # Python is not to be trusted after it ran out of memory, so that worker does not get another request.
            lease.reusable = "memory" not in reply
        return read_reply(reply)

    @contextlib.asynccontextmanager
    async def _leased(self) -> AsyncIterator[Lease]:
        lease = Lease(await self._take())
        try:
            yield lease
        finally:
            if lease.reusable and not self._closed:
                self._idle.append(lease.worker)
            else:
                self._discard(lease.worker)
                starting = self._spare is not None and not self._spare.done()
                if lease.overran and not (self._closed or self._idle or starting):
                    self._spare = asyncio.create_task(self._warm_up())

    async def _warm_up(self) -> None:
        # Who corrects the code that ran too long should not wait for a worker's start.
        with contextlib.suppress(EvaluationError):
            worker = await self._start()
            self._idle.append(worker)

    async def _take(self) -> Worker:
        if not self._idle and self._spare is not None:
            await asyncio.wait([self._spare])
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._discard(worker)
        return await self._start()

    async def _start(self) -> Worker:
        self.refuse_if_closed()
        worker = await Worker.spawn(self._packages)
        self._workers.add(worker)
        try:
            self.refuse_if_closed()
            await worker.ready()
        except WorkerGone as gone:
            self._discard(worker)
            self.refuse_if_closed()
            logger.error("the evaluation worker did not start:\n%s", gone)
            raise EvaluationError(f"The evaluation worker did not start: {str(gone).splitlines()[-1][:300]}") from gone
        except BaseException:
            self._discard(worker)
            raise
        return worker

    def refuse_if_closed(self) -> None:
        """Raise `EvaluationError` once `close` has been called."""
        if self._closed:
            raise EvaluationError("The evaluation worker is stopped, because the host is closing.")

    def _discard(self, worker: Worker) -> None:
        worker.kill()
        self._workers = {known for known in self._workers if known.alive}


def read_reply(reply: dict[str, Any]) -> str:
    """The text of a worker's answer. Raises `EvaluationError` for every other kind of answer."""
    match reply:
        case {"value": str(value)}:
            return value
        case {"refused": str(reason)}:
            raise EvaluationError(reason)
        case {"memory": _}:
            raise EvaluationError("The evaluation ran past its memory limit.")
        case {"fault": str(trace)}:
            logger.error("the evaluation worker failed:\n%s", trace)
            raise EvaluationError(f"The evaluation failed: {trace.strip().splitlines()[-1][:300]}")
        case _:
            raise EvaluationError("The evaluation worker gave an answer that nobody understands.")
