"""Bringing files back: what would become of each is found out first, and done once the user has seen it.

A file is written only if it is what it was when that was found out, nobody has unsaved changes of it in the editor, and
what it holds can be kept: so this can be taken back like any tool's change, as it is recorded like one.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from flemma_py.app.rewinding.contents import KeptContents, quietly, told
from flemma_py.errors import SessionError
from flemma_py.files import replacing
from flemma_py.files.contents import Contents, load
from flemma_py.files.opening import Unreadable
from flemma_py.journal.changes import RESTORE
from flemma_py.journal.parts import Change
from flemma_py.journal.restoring import History, Past, Restoration, past, restored
from flemma_py.model.tool import Buffers
from flemma_py.sessions import Recorder


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to become of one file. `found` is what was there, None for nothing; `obstacle` says why it is left as it
    is whatever the verdict: unsaved, gone, or a sentence of the system's."""

    restoration: Restoration
    found: Contents | None = None
    obstacle: str = ""

    @property
    def path(self) -> str:
        return self.restoration.path

    @property
    def is_change(self) -> bool:
        return not self.obstacle and self.restoration.verdict == "restored"


@dataclass(frozen=True, slots=True)
class Plan:
    """What going back would do to files. `since`: everything that tools did from some point on."""

    files: tuple[Planned, ...]
    since: Past

    @property
    def changes(self) -> tuple[Planned, ...]:
        return tuple(each for each in self.files if each.is_change)


@dataclass(frozen=True, slots=True)
class Done:
    """Paths that are as planned now, and of others why they are not."""

    paths: tuple[str, ...]
    left: tuple[tuple[str, str], ...]


async def plan(changes: Iterable[Change], kept: KeptContents, buffers: Buffers | None) -> Plan:
    """What taking these changes back would do now. Nothing is changed."""
    since = past(changes)
    files = await asyncio.to_thread(lambda: [_planned(each, kept) for each in since.files])
    checked = [await _checked(each, buffers) for each in files]
    return Plan(tuple(checked), since)


def _planned(history: History, kept: KeptContents) -> Planned:
    path = history.path
    nothing = Restoration(path, "lost", history=history)
    if os.path.realpath(path) != path:
        return Planned(nothing, obstacle="a link leads elsewhere by now")
    try:
        found = load(path) if os.path.lexists(path) else None
    except Unreadable as error:
        return Planned(nothing, obstacle=str(error))
    try:
        return Planned(restored(history, found.data if found else None, kept.get), found)
    except SessionError:
        return Planned(replace(nothing, old=found.data if found else None), found, "what it held is not to be had")


async def _checked(planned: Planned, buffers: Buffers | None) -> Planned:
    if planned.is_change and buffers is not None and await buffers.is_unsaved(planned.path, unanswered=True):
        return replace(planned, obstacle=UNSAVED)
    return planned


UNSAVED = "it is open with changes that are not saved"


async def restore(made: Plan, recorder: Recorder, kept: KeptContents, buffers: Buffers | None, call: str) -> Done:
    """Do as planned, under an id of its own. Raises nothing: what cannot be done is left, and told."""
    done: list[str] = []
    left: list[tuple[str, str]] = []
    quietly(lambda: recorder.tool_started(call, RESTORE))
    for each in made.changes:
        problem = (await _checked(each, buffers)).obstacle
        problem = problem or await asyncio.to_thread(_restore, each, recorder, kept, call)
        if problem:
            left.append((each.path, problem))
            continue
        done.append(each.path)
        if buffers is not None:
            buffers.changed(each.path)
    quietly(lambda: recorder.tool_finished(call, RESTORE, ok=not left))
    return Done(tuple(done), tuple(left))


def _restore(planned: Planned, recorder: Recorder, kept: KeptContents, call: str) -> str:
    """Write one file; why that was not done, or nothing."""
    path, new = planned.path, planned.restoration.new
    change = kept.change(path, planned.restoration.old, new)
    if "lost" in change:
        return "what it holds now could not be kept, so it was not overwritten"
    told(recorder, call, RESTORE, change)
    try:
        _write(planned, new)
    except replacing.HalfWritten as error:
        return f"it was only written in part; all of it is in {error.beside}"
    except (replacing.Changed, Unreadable, OSError) as error:
        told(recorder, call, RESTORE, {"id": change["id"], "void": True})
        if isinstance(error, OSError):
            return f"it could not be written: {os.strerror(error.errno or 0).lower()}"
        return "it was changed just now"
    return ""


def _write(planned: Planned, new: bytes | None) -> None:
    path, found, history = planned.path, planned.found, planned.restoration.history
    expected = found.identity if found else None
    if new is not None:
        replacing.replace(path, new, expected)
        if found is None and history.mode is not None:
            Path(path).chmod(history.mode)
        return
    if expected is None:
        return
    replacing.remove(path, expected)
    folder = Path(path).parent
    for _ in range(history.folders):
        # Those that were made for it, as long as nothing else is in them.
        with contextlib.suppress(OSError):
            folder.rmdir()
        folder = folder.parent
