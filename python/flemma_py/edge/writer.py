"""Puts edits into one buffer: one write in flight, awaited; what arrives meanwhile joins the next.

Never on a timer that gives up: while the user is half way through a command Neovim leaves the request unanswered and
performs it afterwards, so sending it again would write it twice. A text lock is answered with "retry" and the batch is
kept. The mirror advances with the answer, before anything that Neovim said later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from flemma_py.document.mirror import Mirror
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import read_place, read_stamp
from flemma_py.errors import EditorError
from flemma_py.model.patch import Append, Begin, Edit, RemoveReply, SetMarked, Splice

log = logging.getLogger(__name__)

INTERVAL = 1 / 30
"""Seconds between two writes of a stream: more often is more than the eye sees."""
TOGETHER = 20
"""Streams that are written at that pace side by side; more of them share it, so that the editor keeps its time."""
RETRY = 0.02
"""Seconds until a write that met a text lock is tried again."""


def encode(edit: Edit) -> dict[str, Any]:
    """An edit as `lua/flemma/buffer/apply.lua` reads it."""
    match edit:
        case Begin(text, marker_line):
            return {"kind": "begin", "text": text, "marker_line": marker_line}
        case Append(text, None):
            return {"kind": "append", "text": text}
        case Append(text, mark):
            return {"kind": "append", "text": text, "mark": mark}
        case SetMarked(name, text):
            return {"kind": "set_marked", "name": name, "text": text}
        case RemoveReply():
            return {"kind": "remove_reply"}
        case Splice(first, last, lines):
            return {"kind": "splice", "first": first, "last": last, "lines": list(lines)}


def new_lines(edit: Edit) -> Sequence[str]:
    """The lines that an edit puts into its place."""
    match edit:
        case Splice(_, _, lines):
            return lines
        case RemoveReply():
            return [""]
        case _:
            return edit.text.split("\n")


def join(queue: list[Edit], edits: Sequence[Edit]) -> None:
    """Add edits to a queue; an append behind an append becomes one."""
    for edit in edits:
        last = queue[-1] if queue else None
        if isinstance(edit, Append) and isinstance(last, Append) and edit.mark is None:
            queue[-1] = Append(last.text + edit.text, last.mark)
        else:
            queue.append(edit)


class Writer:
    """The write queue of one buffer. When a write cannot be done the rest is dropped, `on_failure` is called, and the
    next who waits in `drain` gets the error. `run` is the number of the send that is written for."""

    _writing: ClassVar[int] = 0
    """Of all chats, how many have something to write."""

    def __init__(self, bridge: Bridge, mirror: Mirror, buf: int, on_failure: Callable[[EditorError], None]) -> None:
        self._bridge = bridge
        self._mirror = mirror
        self._buf = buf
        self._on_failure = on_failure
        self.run = 0
        self._group = 0
        self._queue: list[Edit] = []
        self._task: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._failure: EditorError | None = None
        self._last_append = float("-inf")

    def write(self, group: int, edits: Sequence[Edit]) -> None:
        """Queue edits of an undo group. A new group begins only when the last one is drained."""
        self._group = group
        join(self._queue, edits)
        if self._queue and (self._task is None or self._task.done()):
            self._task = self._bridge.loop.create_task(self._run(), name=f"write {self._buf}")

    async def drain(self) -> None:
        """Wait until nothing is queued or in flight. Raises `EditorError` if that could not be written."""
        self._hurry.set()
        try:
            while self._task is not None and not self._task.done():
                await asyncio.shield(self._task)
        finally:
            self._hurry.clear()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def discard(self) -> None:
        """Forget what is queued: the buffer is gone."""
        self._queue.clear()

    async def _run(self) -> None:
        Writer._writing += 1
        try:
            await self._write_all()
        except EditorError as error:
            self._queue.clear()
            self._failure = error
            self._on_failure(error)
        finally:
            Writer._writing -= 1

    async def _write_all(self) -> None:
        while self._queue:
            await self._pace()
            batch, self._queue = self._queue, []
            if any(isinstance(edit, Append) for edit in batch):
                self._last_append = self._bridge.loop.time()
            payload = {"buf": self._buf, "run": self.run, "group": self._group, "edits": list(map(encode, batch))}
            while not await self._apply(batch, payload):  # noqa: ASYNC110 - only Neovim knows when its text lock ends
                await asyncio.sleep(RETRY)

    async def _pace(self) -> None:
        """Let a stream gather for a moment, unless somebody waits for the end."""
        interval = INTERVAL * max(1.0, Writer._writing / TOGETHER)
        wait = self._last_append + interval - self._bridge.loop.time()
        if wait > 0 and not self._hurry.is_set():
            try:
                await asyncio.wait_for(self._hurry.wait(), wait)
            except TimeoutError:
                return

    async def _apply(self, batch: list[Edit], payload: dict[str, Any]) -> bool:
        """Write a batch; False where a text lock was in the way. Raises `EditorError`."""
        answer = await self._bridge.call("apply", payload, then=lambda answer: self._advance(batch, answer))
        if answer.get("retry"):
            return False
        if answer.get("gone"):
            # Nothing to complain about: Lua says so itself, and ends the chat.
            self._queue.clear()
        if problem := answer.get("problem"):
            log.error("writing into buffer %d failed: %s", self._buf, problem)
            raise EditorError(f"the buffer could not be written: {problem}")
        return True

    def _advance(self, batch: list[Edit], answer: dict[str, Any]) -> None:
        if "places" not in answer:
            return
        for edit, place in zip(batch, answer["places"], strict=True):
            self._mirror.place(read_place(place), new_lines(edit))
        self._mirror.settle(read_stamp(answer).tick)
