"""One worker process and the pipe to it. It knows neither the pool nor the time limit of an evaluation."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import flemma_py
from flemma_py.errors import EvaluationError
from flemma_py.evaluation import limits

START_LIMIT = 20.0
"""Seconds until a new worker must be ready: long, since a busy machine is no fault of the worker."""
END_LIMIT = 2.0
"""Seconds that the system may take to tell of an end."""
LONGEST_REPLY = 64_000_000
"""Bytes of one reply line: the worker's own limit of characters, each written as `\\u0000`, fits in."""
BOOTSTRAP = (
    "import json, sys; settings = json.loads(sys.argv[1]); sys.path[:] = settings['path']; "
    "from flemma_py.evaluation.worker import main; main(settings)"
)


class WorkerGone(Exception):
    """The process ended, or spoke something else than the protocol, before it answered."""


class Worker:
    """A running worker process. It takes one request at a time."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def spawn(cls, packages: tuple[str, ...]) -> Worker:
        """Start the process; it is not `ready` yet. It inherits no environment and no descriptor but its pipes."""
        settings = {"host": os.getpid(), "path": import_path(), "packages": packages}
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", BOOTSTRAP, json.dumps(settings)),
                stdin=PIPE,
                stdout=PIPE,
                stderr=PIPE,
                env=bare_environment(),
                cwd=os.sep,
                start_new_session=True,
                limit=LONGEST_REPLY,
            )
        except OSError as error:
            raise EvaluationError(f"The evaluation worker could not be started: {error}.") from error
        return cls(process)

    async def ready(self) -> None:
        """Wait for the worker's greeting. Raises `WorkerGone` with the worker's last words if it does not come."""
        try:
            async with asyncio.timeout(START_LIMIT):
                await self.receive()
        except TimeoutError:
            raise WorkerGone(f"it was not ready within {START_LIMIT:g} s") from None
        except WorkerGone as gone:
            raise WorkerGone(await self._last_words()) from gone

    async def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request and wait for its reply. Raises `WorkerGone`."""
        self.send(request)
        return await self.receive()

    def send(self, request: dict[str, Any]) -> None:
        """Send a request, or an answer to one of the worker's."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")

    @property
    def alive(self) -> bool:
        """False once the process is known to have ended."""
        return self._process.returncode is None

    def kill(self) -> None:
        """End the process at once. The event loop's child watcher reaps it, whether or not anybody waits."""
        if self.alive and sys.platform == "win32":
            self._process.kill()
        elif self.alive:
            # Not `Process.kill`: that looks first whether the process has ended, and thereby takes its exit status
            # away from the child watcher, which complains.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def reaped(self) -> None:
        """Wait until the process is gone from the system."""
        await self._process.wait()

    async def ran_out_of_time(self) -> bool:
        """Whether the process, which has ended its side of the pipe, was ended for the processor time it took."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_LIMIT):
                await self._process.wait()
        return self._process.returncode == limits.ENDED_BY_TIME

    async def send_soon(self, request: dict[str, Any]) -> None:
        """Send what may be large, without holding up the loop while it is written down."""
        assert self._process.stdin is not None
        self._process.stdin.write(await asyncio.to_thread(lambda: json.dumps(request).encode() + b"\n"))

    async def receive(self) -> dict[str, Any]:
        """Wait for the next reply. Raises `WorkerGone`."""
        assert self._process.stdout is not None
        try:
            line = await self._process.stdout.readline()
            reply = json.loads(line) if line else None
        except (ValueError, RecursionError) as error:
            raise WorkerGone("the worker broke the protocol") from error
        if not isinstance(reply, dict):
            raise WorkerGone("the worker ended")
        return reply

    async def _last_words(self) -> str:
        assert self._process.stderr is not None
        self.kill()
        words = await self._process.stderr.read()
        return words.decode(errors="replace").strip() or "it said nothing"


def import_path() -> list[str]:
    """The host's own import path, so that the worker finds the same modules. Relative entries mean a folder that the
    user happens to stand in: the worker must not import from there."""
    root = str(Path(flemma_py.__file__).resolve().parents[1])
    entries = [entry for entry in sys.path if Path(entry).is_absolute()]
    return entries if root in entries else [root, *entries]


def bare_environment() -> dict[str, str]:
    """No keys, no proxies, nothing; Windows alone cannot start a process without its system folder."""
    return {name: value for name, value in os.environ.items() if name.upper() == "SYSTEMROOT"}
