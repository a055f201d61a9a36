"""A key that a command of the owner's prints (`pass show …`, `op read …`). No shell: a list is run as it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path

from flemma_py.secrets.environment import Found, Missing

SECONDS = 10.0
_LONGEST_COMPLAINT = 200


def split_command(command: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a command; `~` in front of the program is the home. Raises ValueError where a quote stays open,
    where the home is not known, or where there is nothing to run."""
    words = shlex.split(command) if isinstance(command, str) else list(command)
    if not words:
        raise ValueError("it is empty")
    if not words[0].startswith("~"):
        return tuple(words)
    try:
        return (str(Path(words[0]).expanduser()), *words[1:])
    except RuntimeError as error:
        raise ValueError(f"there is no home folder {words[0].split('/')[0]}") from error


async def run_key_command(
    command: Sequence[str], *, seconds: float = SECONDS, place: str = "api_key_cmd"
) -> Found | Missing:
    """The first line that the command prints, or all of it where that is JSON. A reason names the setting (`place`)
    that the command comes from and holds what it wrote to stderr, and nothing of its output."""
    program = Path(command[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Missing((f"{place} could not run {program}: {getattr(error, 'strerror', None) or 'bad word'}",))
    try:
        output, complaint = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError:
        return Missing((f"{place} ({program}) printed no key within {seconds:g} seconds",))
    finally:
        await _end(process)
    return _judged(f"{place} ({program})", process.returncode or 0, output, complaint)


def _judged(who: str, code: int, output: bytes, complaint: bytes) -> Found | Missing:
    text = output.decode("utf-8", "replace").strip()
    lines = text.splitlines()
    key = text if text.startswith("{") else lines[0].strip() if lines else ""
    if code == 0 and key:
        return Found(key, "api_key_cmd")
    said = " ".join(complaint.decode("utf-8", "replace").split())
    for word in filter(None, (line.strip() for line in lines)):
        said = said.replace(word, "[redacted]")
    how = f"ended with code {code}" if code else "printed nothing"
    return Missing((f"{who} {how}" + (f": {said[:_LONGEST_COMPLAINT]}" if said else ""),))


async def _end(process: asyncio.subprocess.Process) -> None:
    """The command and what it started: a pinentry that nobody answers must not outlive the wait for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
