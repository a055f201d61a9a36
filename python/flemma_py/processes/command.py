"""The host's side of a command: starts its reaper, follows it, and has it end what is left.

Nothing here waits for a command to be reasonable. When a call is over, in whatever way, the pipe to the reaper is
closed, and the reaper does the rest, also when this process is gone by then.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flemma_py.errors import ToolError
from flemma_py.model.tool import Ran

log = logging.getLogger(__name__)

REAPER = str(Path(__file__).with_name("reaper.py"))

END_SECONDS = 6.0
"""Within which a reaper that was told to end has ended: longer than it tries to itself."""
LONGEST_FRAME = 64 << 20


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, where, and how much of its output to keep: `tail` bytes to return, and in `file`, when it is more
    than `whole_bytes` or `whole_lines`, the first `file_bytes`. `shown_as` names the program to a person."""

    argv: tuple[str, ...]
    directory: str
    environment: Mapping[str, str]
    tail: int
    whole_bytes: int
    whole_lines: int
    file_bytes: int
    file: str | None
    shown_as: str


async def run(command: Command, seconds: float, report: Callable[[str], None]) -> Ran:
    """Run `command` for at most `seconds`. `report` is told its last line now and then. Nothing of it is left when this
    returns or is cancelled. Raises `ToolError` where it cannot be started."""
    followed = Followed(command, await start(command), report)
    try:
        return await followed.until_over(seconds)
    finally:
        await followed.end()


async def start(command: Command) -> Process:
    """The reaper, with the command below it. It inherits no descriptor and no variable that is not the command's."""
    if sys.platform == "win32":
        raise ToolError("Commands do not run on Windows: nothing there would end what they leave behind.")
    numbers = (command.tail, command.whole_bytes, command.whole_lines, command.file_bytes)
    words = (*map(str, numbers), command.file or "", *command.argv)
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", REAPER, *words),
            stdin=PIPE,
            stdout=DEVNULL,
            stderr=PIPE,
            env=dict(command.environment),
            cwd=command.directory,
            start_new_session=True,
        )
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        # Python always is there, so it is the folder.
        raise ToolError(f"{command.shown_as} cannot run in {command.directory}: {error.strerror}.") from error
    except ValueError as error:
        raise ToolError(f"{command.shown_as} cannot take this: {error}.") from error
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise ToolError("The command is too long for the system: write it to a file and run that.") from error
        raise ToolError(f"{command.shown_as} could not be started: {error.strerror}.") from error


class Followed:
    """A running command, and what its reaper told of it."""

    def __init__(self, command: Command, process: Process, report: Callable[[str], None]) -> None:
        self._command = command
        self._process = process
        self._report = report
        self._tail = b""
        self._numbers: list[int] = []
        self._refused = ""
        self._reading = asyncio.create_task(self._read(), name="reaper")

    async def until_over(self, seconds: float) -> Ran:
        """Wait until the command ended, or end it when its time is over."""
        done, _ = await asyncio.wait({self._reading}, timeout=seconds)
        if not done:
            await self.end()
        self._reading.result()
        if self._refused:
            raise ToolError(f"{self._command.shown_as} could not be started: {self._refused}.")
        return self._ran(timed_out=not done)

    async def end(self) -> None:
        """Have everything killed that is left, and wait until it is. Does nothing the second time."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self._reading.done():
            # The command may have stopped its reaper.
            self._send(signal.SIGCONT)
            await asyncio.wait({self._reading}, timeout=END_SECONDS)
        if not self._reading.done():
            log.error("a reaper did not end; it is killed")
            self._send(signal.SIGKILL)
            await asyncio.wait({self._reading})
        await self._process.wait()

    def _send(self, number: int) -> None:
        if self._process.returncode is None:
            # Not `Process.send_signal`: that takes the exit status away from the child watcher.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def _read(self) -> None:
        """Take the reaper's frames to their end."""
        stream = self._process.stderr
        assert stream is not None
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await stream.readexactly(5)
                kind, size = head[:1], int.from_bytes(head[1:], "big")
                if kind not in b"PXTE" or size > LONGEST_FRAME:
                    words = head + await stream.read()
                    log.error("the reaper failed: %s", words.decode(errors="replace"))
                    return
                self._take(kind, await stream.readexactly(size))

    def _take(self, kind: bytes, content: bytes) -> None:
        match kind:
            case b"P":
                self._report(content.decode(errors="replace"))
            case b"X":
                self._refused = content.decode(errors="replace")
            case b"T":
                self._tail = content
            case b"E":
                self._numbers = [int(number) for number in content.split()]

    def _ran(self, *, timed_out: bool) -> Ran:
        if not self._numbers:
            raise ToolError(
                f"What watches over {self._command.shown_as} was killed, so its output is lost and parts of it may "
                "still run: see with `ps`."
            )
        code, number, size, lines_before, kept, left = self._numbers
        return Ran(
            self._tail,
            size,
            lines_before,
            code,
            number,
            self._command.file if kept >= 0 else None,
            max(kept, 0),
            left,
            timed_out,
        )
