"""What `write` and `edit` have in common: a file is changed only if it is what the model last saw, nobody has unsaved
changes of it in the editor, and the sandbox lets tools write there; and then all at once."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from os.path import normpath
from pathlib import PurePath
from weakref import WeakValueDictionary

from flemma_py.errors import ToolError
from flemma_py.files.contents import Contents, load
from flemma_py.files.opening import Unreadable
from flemma_py.files.replacing import Changed, HalfWritten, replace
from flemma_py.model.tool import FileState, ToolContext
from flemma_py.tools.paths import absolute, printable, refuse_processes

READ_AGAIN = "read it again, then do this again if it is still right"

_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is to be changed: the path as the model wrote it, the real one, and what is there; None: nothing."""

    path: str
    real: str
    old: Contents | None


@dataclass(frozen=True, slots=True)
class Change:
    """The content that a file is to get, and what is told when it has it."""

    data: bytes
    told: str


async def change(path: str, context: ToolContext, make: Callable[[Target], Change]) -> str:
    """Give the file at `path` the content that `make` makes of it, and return what is told of it. `make` runs in a
    thread, and raises `ToolError` where there is nothing to be made. Raises `ToolError`: then nothing was changed."""
    async with _turn(path, context.directory):
        target = await asyncio.to_thread(find, path, context)
        made = await asyncio.to_thread(make, target)
        if context.buffers is not None and await context.buffers.is_unsaved(target.real):
            raise ToolError(
                f"{path} is open in the editor with changes that are not saved, so it was left alone. "
                "Ask the user to save or discard them."
            )
        # A thread cannot be stopped: it comes to its end also when the call is.
        writing = asyncio.create_task(asyncio.to_thread(_write, target, made.data, context), name="write")
        writing.add_done_callback(partial(_tell, target, context))
        await asyncio.shield(writing)
        return made.told


def _tell(target: Target, context: ToolContext, writing: asyncio.Task[None]) -> None:
    if not writing.cancelled() and writing.exception() is None and context.buffers is not None:
        context.buffers.changed(target.real)


def _turn(path: str, folder: str) -> asyncio.Lock:
    """One change of a file after the other, in the order of the calls: each must see what the one before it did."""
    key = normpath(absolute(path, folder))
    lock = _turns.get(key)
    if lock is None:
        lock = _turns[key] = asyncio.Lock()
    return lock


def find(path: str, context: ToolContext) -> Target:
    """What a change of `path` would change; links are followed. Raises `ToolError` where it must not be."""
    if path.endswith("/"):
        raise ToolError(f"{path} names a folder: send the path of a file.")
    real = os.path.realpath(absolute(path, context.directory))
    refuse_processes(real)
    if context.chat is not None and real == os.path.realpath(context.chat):
        raise ToolError(f"{path} is this chat itself, which no tool may write.")
    if not context.may_write(real):
        raise ToolError(f"{path} lies where the sandbox lets no tool write: ask the user, or write somewhere else.")
    try:
        old = load(real) if os.path.lexists(real) else None
    except Unreadable as error:
        raise ToolError(f"{path} {error}.") from error
    if old is not None:
        _refuse_changed(path, old, context)
    return Target(path, real, old)


def _refuse_changed(path: str, old: Contents, context: ToolContext) -> None:
    """A file that was only touched has not changed."""
    seen = context.seen.get(old.path)
    if seen and seen.stamp != old.identity.text and seen.digest != old.digest:
        raise ToolError(f"{path} has changed since you read it: {READ_AGAIN}.")


def _write(target: Target, data: bytes, context: ToolContext) -> None:
    path = target.path
    try:
        with context.keep(target.real, target.old.data if target.old else None, data):
            now = replace(target.real, data, target.old.identity if target.old else None)
    except Changed as error:
        raise ToolError(f"{path} was changed by somebody else just now: {READ_AGAIN}.") from error
    except Unreadable as error:
        raise ToolError(f"{path} {error}.") from error
    except HalfWritten as error:
        raise ToolError(
            f"{path} was only written in part: {error.__cause__}. The new content is in {error.beside}, whole."
        ) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise ToolError(f"{path} could not be written: a part of its path is no folder.") from error
    except OSError as error:
        raise ToolError(
            f"{path} could not be written: {os.strerror(error.errno or 0)}. Nothing was changed."
        ) from error
    context.seen[target.real] = FileState(now.text, hashlib.sha256(data).hexdigest())


def place(target: Target) -> str:
    """The path for a result: with the file that a link leads to, where it is one."""
    if PurePath(target.real).name == PurePath(target.path).name:
        return printable(target.path)
    return f"{printable(target.path)} (a link to {printable(target.real)})"
