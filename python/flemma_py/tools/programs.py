"""Programs that search for a tool: started with plain arguments, never through a shell, read piece by piece, and killed
when enough has been read or the call is stopped. They read; what a model itself wants run is the business of `bash`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flemma_py.errors import ToolError

PIECE = 1 << 16
MOST_ERRORS = 4096
"""Bytes of stderr that are kept."""
_NAMES = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "SYSTEMROOT")
_LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
"""Without one of UTF-8 grep takes every other letter for a sign that a file is binary."""


def find_program(*names: str) -> str | None:
    """The first of these programs that is installed. Where the search path names a folder that is not absolute, that is
    passed over: a cloned repository must not bring its own `rg`."""
    for name in names:
        if found := shutil.which(name, path=_search_path()):
            return found
    return None


def _search_path() -> str:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())


def environment() -> dict[str, str]:
    """What such a program sees of ours: no key, and no variable that has it run something."""
    kept = {name: value for name in _NAMES if (value := os.environ.get(name))}
    return kept | {"PATH": _search_path(), "LC_ALL": _LOCALE, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}


@dataclass(slots=True)
class Running:
    """A program that has been started. `code` is known when its output has been read to the end."""

    process: Process
    _errors: bytearray = field(default_factory=bytearray)
    code: int | None = None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Its output as it comes."""
        assert self.process.stdout is not None
        collecting = asyncio.create_task(self._collect(), name="stderr")
        try:
            while piece := await self.process.stdout.read(PIECE):
                yield piece
            await collecting
            self.code = await self.process.wait()
        finally:
            collecting.cancel()

    async def _collect(self) -> None:
        assert self.process.stderr is not None
        while piece := await self.process.stderr.read(PIECE):
            self._errors += piece[: MOST_ERRORS - len(self._errors)]

    @property
    def complaint(self) -> str:
        """What it wrote to stderr."""
        return self._errors.decode("utf-8", "replace").strip()


@asynccontextmanager
async def started(argv: Sequence[str], folder: str) -> AsyncIterator[Running]:
    """The program `argv` in `folder`, killed at the end of the block with all that it started. Raises `ToolError` where
    it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment(), start_new_session=True
        )
    except (OSError, ValueError) as error:
        raise ToolError(f"{argv[0]} could not be started in {folder}: {error}.") from error
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        # What is cancelled waits, too: a zombie would stay. It was killed, so this is short.
        await asyncio.shield(asyncio.create_task(_reaped(process), name="reap"))


async def _reaped(process: Process) -> None:
    assert process.stdout is not None
    # The transport closes when its pipes have been read to their ends.
    while await process.stdout.read(PIECE):
        pass
    await process.wait()
