"""The files below a folder, named by the first of several programs that can: those that know a project's ignored files
come first. All give the same form, so that a pattern means the same whichever is installed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flemma_py.tools.globs import Excluded
from flemma_py.tools.programs import find_program, started

AT_ONCE = 2000
"""Files that are looked at in one go, so that others have their turn."""
PROCESSES = "proc"
"""In the root folder: what the system tells of processes, their environments included."""

Lister = Callable[[Excluded], list[str] | None]
"""Arguments of a program that lists the files below the working folder, each closed by NUL; None: it is not there."""


def by_fd(excluded: Excluded) -> list[str] | None:
    program = find_program("fd", "fdfind")
    if program is None:
        return None
    exclude = [f"--exclude={name}" for name in excluded.names]
    return [program, "--hidden", "--print0", "--color=never", "--type=f", *exclude, "."]


def by_rg(excluded: Excluded) -> list[str] | None:
    program = find_program("rg")
    if program is None:
        return None
    exclude = [f"--glob=!{name}" for name in excluded.names]
    return [program, "--no-config", "--files", "--hidden", "--null", "--no-messages", *exclude]


def by_git(excluded: Excluded) -> list[str] | None:
    program = find_program("git")
    if program is None:
        return None
    # A repository's own settings may name a program that git runs when it looks for changes.
    quiet = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false"]
    return [program, *quiet, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]


LISTERS: tuple[Lister, ...] = (by_fd, by_rg, by_git)


async def files(
    root: str, exclude: tuple[str, ...], listers: tuple[Lister, ...] = LISTERS
) -> AsyncGenerator[list[str], None]:
    """The files below the real folder `root`, as paths relative to it, in no order, some at a time. What
    `exclude` names is left out. The next lister is asked where one is not installed or cannot tell: outside a
    repository git cannot."""
    # Nothing of ours may read the environments of others: a search from the root must not lead there.
    excluded = Excluded((*exclude, PROCESSES) if root == "/" else exclude)
    for lister in listers:
        argv = lister(excluded)
        if argv is None:
            continue
        heard = Heard()
        async with aclosing(_listed(argv, root, heard)) as listing:
            async for names in listing:
                yield [name for name in names if not excluded.covers(name)]
        if heard.can_tell:
            return
    walking = walk(root, excluded)
    while names := await asyncio.to_thread(_some, walking):
        yield names


@dataclass(slots=True)
class Heard:
    """Whether a program had something to say. Some end with 1 where they found nothing."""

    can_tell: bool = False


async def _listed(argv: list[str], root: str, heard: Heard) -> AsyncGenerator[list[str], None]:
    async with started(argv, root) as running:
        rest = b""
        async with aclosing(running.pieces()) as pieces:
            async for piece in pieces:
                *whole, rest = (rest + piece).split(b"\0")
                if whole:
                    heard.can_tell = True
                    yield [os.fsdecode(name.removeprefix(b"./")) for name in whole]
        heard.can_tell = heard.can_tell or running.code in (0, 1)


def walk(root: str, excluded: Excluded) -> Iterator[str]:
    """The files below `root`, found by ourselves; links are none. Folders that cannot be read are passed over."""
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(Path(root, folder)), key=lambda entry: entry.name, reverse=True)
        except OSError:
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if excluded.covers(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif not entry.is_symlink():
                yield path


def _some(names: Iterator[str]) -> list[str]:
    return list(islice(names, AT_ONCE))
