"""The transport to a server that is a program of this machine: a line of JSON per message, under a guardian.

Not the SDK's own: that one reads a line of any length into memory, and cannot end what the program left behind when the
host is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from flemma_py.errors import ToolError
from flemma_py.mcp_client.spec import ServerSpec

log = logging.getLogger(__name__)

GUARDIAN = str(Path(__file__).with_name("guardian.py"))
LONGEST_MESSAGE = 64 << 20
GRACE = 2.0
"""Seconds that a server has to end when its stdin is closed."""
GUARDIAN_GRACE = 4.0
"""Seconds that the guardian has to end it: longer than it tries to itself."""
MOST_GARBAGE = 20
"""Lines that are no message and are told to the log; a server that prints more is not worth the room."""

Died = Callable[[str], None]


def environment(spec: ServerSpec) -> Mapping[str, str]:
    """What the program gets: HOME, PATH and their like, and what its owner gave it. No key of ours."""
    return {**get_default_environment(), **spec.env}


@asynccontextmanager
async def stdio(spec: ServerSpec, errlog: Any, died: Died) -> AsyncGenerator[tuple[Any, Any], None]:
    """The streams to and from the program. `died` is told why when it ends by itself. Raises `ToolError` where it
    cannot be started."""
    process = await _start(spec, errlog)
    to_session, from_server = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    to_server, from_session = anyio.create_memory_object_stream[SessionMessage](0)
    with to_session, from_server, to_server, from_session:
        async with anyio.create_task_group() as group:
            group.start_soon(_read, spec, process, to_session, died)
            group.start_soon(_write, process, from_session)
            try:
                yield from_server, to_server
            finally:
                from_server.close()
                to_server.close()
                await _whatever_happens(_stop(process))
                group.cancel_scope.cancel()


async def _start(spec: ServerSpec, errlog: Any) -> Process:
    variables, folder = environment(spec), spec.cwd
    program = shutil.which(spec.command[0], path=variables.get("PATH"))
    if program is None:
        raise ToolError(f"there is no program {spec.command[0]} that could be run")
    if folder is not None and not os.path.isdir(folder):  # noqa: PTH112, ASYNC240
        raise ToolError(f"its folder {folder} does not exist")
    guard = () if sys.platform == "win32" else (sys.executable, "-I", "-S", GUARDIAN, str(os.getpid()))
    try:
        return await asyncio.create_subprocess_exec(
            *(*guard, program, *spec.command[1:]),
            stdin=PIPE,
            stdout=PIPE,
            stderr=errlog,
            env=dict(variables),
            cwd=folder,
            limit=LONGEST_MESSAGE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ToolError(f"{spec.command[0]} could not be started: {error}") from error


async def _read(spec: ServerSpec, process: Process, to_session: Any, died: Died) -> None:
    assert process.stdout is not None
    garbage, why = 0, "it ended by itself"
    try:
        async with to_session:
            while line := await process.stdout.readline():
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    garbage += 1
                    if garbage <= MOST_GARBAGE and line.strip():
                        log.warning("the MCP server %s wrote what is no message: %.200r", spec.name, line)
                    continue
                await to_session.send(SessionMessage(message))
    except ValueError:
        why = f"it sent a message of more than {LONGEST_MESSAGE >> 20} MB"
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass  # Nobody listens any more.
    if garbage:
        why += f"; {garbage} lines that it wrote were no messages"
    died(why)
    # A server that is stuck writing could not read that it is to end.
    while await process.stdout.read(1 << 16):
        continue


async def _write(process: Process, from_session: Any) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError, anyio.ClosedResourceError):
        async for message in from_session:
            process.stdin.write(message.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
            await process.stdin.drain()


async def _whatever_happens(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` to its end, also when this task is cancelled meanwhile, in anyio's way or asyncio's."""
    task = asyncio.create_task(work, name="mcp stop")
    cancelled: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def _stop(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    for number, seconds in ((None, GRACE), (signal.SIGTERM, GUARDIAN_GRACE), (signal.SIGKILL, GRACE)):
        if number is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await process.wait()
                return
    log.error("an MCP server did not end (process %d)", process.pid)
