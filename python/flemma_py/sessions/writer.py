"""The one thread that writes. Who has something to record gets a receipt at once and waits for it or not.

Records of one session keep their order. Where several wait, they are one write and one sync. What could not be written
stays in line: its receipt tells why, and the record follows when the disk takes it again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

from flemma_py.errors import SessionError
from flemma_py.journal.lines import Record, Unwritable
from flemma_py.sessions.troubles import Unwritten

log = logging.getLogger(__name__)

Receipt = Future[None]
"""Done when the record is written, and on the disk if it is a durable one; or the `SessionError` that it met first."""

Write = Callable[[str, Sequence[Sequence[Record]], bool], None]
"""(session, records that belong together, durable): write them all, or none and raise `SessionError`."""

MOST_TOGETHER = 200
MOST_WAITING = 50_000
"""Records. With more in line the oldest that need not be durable are given up."""
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(eq=False, slots=True)
class _Job:
    records: Sequence[Record]
    durable: bool
    follows: bool
    receipt: Receipt


@dataclass(slots=True)
class _Line:
    """The jobs of one session. After a failure nothing is tried before `not_before`, unless something new comes."""

    jobs: deque[_Job] = field(default_factory=deque)
    failures: int = 0
    not_before: float = 0.0


class Writer:
    """`write` does it, `written` is told of each session of which something was written; both run in the thread."""

    def __init__(self, write: Write, written: Callable[[str], None] = lambda sid: None) -> None:
        self._write = write
        self._written = written
        self._lines: dict[str, _Line] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._waiting = 0
        self.lost = 0

    def put(self, sid: str, records: Sequence[Record], *, durable: bool, follows: bool = True) -> Receipt:
        """Have records written, which count only together. `follows` false: given up if the first try fails."""
        receipt: Receipt = Future()
        with self._changed:
            if self._is_closing:
                receipt.set_exception(Unwritten("The host is ending, so nothing more is recorded."))
                return receipt
            line = self._lines.setdefault(sid, _Line())
            line.jobs.append(_Job(records, durable, follows, receipt))
            line.not_before = 0.0
            self._waiting += 1
            self._shed()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="flemma-journal", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return receipt

    @property
    def waiting(self) -> int:
        """How many puts are not written yet."""
        return self._waiting

    def flush(self, seconds: float) -> bool:
        """Wait until all is written that was put, at most so long. True if it is."""
        with self._changed:
            for line in self._lines.values():
                line.not_before = 0.0
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self, seconds: float) -> int:
        """Write what can be written in so many seconds, and end. Returns how many puts are given up."""
        self.flush(seconds)
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)
        return self._waiting

    def _run(self) -> None:
        while (turn := self._next()) is not None:
            sid, jobs = turn
            try:
                problem = self._attempt(sid, jobs)
            except Exception:
                log.exception("a record of session %s could not be written", sid)
                problem = Unwritten("A record could not be written; the log says more.")
            self._settle(sid, jobs, problem)
            if problem is None:
                try:
                    self._written(sid)
                except Exception:
                    log.exception("a write to session %s could not be announced", sid)

    def _next(self) -> tuple[str, list[_Job]] | None:
        """What to do now; waits for it. None: the end."""
        with self._changed:
            while not self._is_closing:
                now = time.monotonic()
                later: list[float] = []
                for sid, line in self._lines.items():
                    if line.not_before <= now:
                        return sid, list(line.jobs)[:MOST_TOGETHER]
                    later.append(line.not_before - now)
                self._changed.wait(min(later) if later else None)
        return None

    def _attempt(self, sid: str, jobs: list[_Job]) -> SessionError | None:
        """Together, as that is one sync; one by one where one of them cannot be written by anybody."""
        try:
            self._write(sid, [job.records for job in jobs], any(job.durable for job in jobs))
        except Unwritable as error:
            if len(jobs) == 1:
                log.error("a record of session %s is given up: %s", sid, error)
                jobs[0].follows = False
                return Unwritten(f"A record could not be written: {error}.")
            for job in jobs:
                problem = self._attempt(sid, [job])
                self._settle(sid, [job], problem)
                if problem is not None and job.follows:
                    return problem
        except SessionError as error:
            return error
        return None

    def _settle(self, sid: str, jobs: list[_Job], problem: SessionError | None) -> None:
        with self._changed:
            line = self._lines.get(sid)
            if line is None:
                return
            for job in jobs:
                if (problem is None or not job.follows) and job in line.jobs:
                    line.jobs.remove(job)
                    self._waiting -= 1
            if problem is None:
                line.failures = 0
            elif line.jobs:
                line.not_before = time.monotonic() + _PAUSES[min(line.failures, len(_PAUSES) - 1)]
                line.failures += 1
            if not line.jobs:
                del self._lines[sid]
            self._changed.notify_all()
        for job in jobs:
            _tell(job.receipt, problem)

    def _shed(self) -> None:
        """Give up what is least missed when the line has become too long: a disk may be full for days."""
        if self._waiting <= MOST_WAITING:
            return
        for line in self._lines.values():
            job = next((job for job in line.jobs if not job.durable), None)
            if job is not None and line.failures:
                line.jobs.remove(job)
                self._waiting -= 1
                self.lost += 1
                _tell(job.receipt, Unwritten("Too many records wait for the disk, so this one was given up."))
                return


def _tell(receipt: Receipt, problem: SessionError | None) -> None:
    """The first outcome stands."""
    try:
        if problem is None:
            receipt.set_result(None)
        else:
            receipt.set_exception(problem)
    except InvalidStateError:
        pass
