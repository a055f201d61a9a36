"""The calls of one chat, told to its session as they run: that they began, what they do to files, how they ended.

What a tool does that may change anything is not known; git is asked before and after it, for a short time, and only its
lists are kept. No tool fails for this, and none waits longer than a moment. Without a session nothing is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flemma_py.app.rewinding.contents import PATIENCE, KeptContents, quietly, told
from flemma_py.errors import SessionError
from flemma_py.model.tool import Tool, ToolOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flemma_py.app.keeping import ChatSession
    from flemma_py.app.keeping.keeping import Keeping
    from flemma_py.processes import repository
    from flemma_py.sessions import Recorder

log = logging.getLogger(__name__)

BEFORE_SECONDS = 0.25
"""That a tool waits for git; where it needs longer it is not asked again for a while."""
AFTER_SECONDS = 2.0
SLOW_SECONDS = 600.0
MOST_LISTED = 100
"""Paths that are kept of what git said; the rest is counted."""


class Recording:
    def __init__(self, keeping: Keeping, session: ChatSession, environ: Mapping[str, str]) -> None:
        self._keeping = keeping
        self._session = session
        self._environ = environ
        self._contents: KeptContents | None = None
        self._slow: dict[str, float] = {}
        self.looking: set[asyncio.Task[None]] = set()

    def call(self, id: str, folder: str) -> CallRecord:
        """For a call that may run in a folder."""
        return CallRecord(self, id, folder)

    async def recorder(self) -> Recorder | None:
        """None where no session is kept, or it is not known in time which it is."""
        if not self._keeping.is_on:
            return None
        if self._session.recorder is None:
            binding = asyncio.ensure_future(self._session.bound())
            binding.add_done_callback(_seen)
            await asyncio.wait([binding], timeout=PATIENCE)
        return self._session.recorder

    @property
    def turn(self) -> str | None:
        return self._session.last_turn

    def contents(self, recorder: Recorder) -> KeptContents | None:
        """What the session keeps; None where nothing is kept any more."""
        if self._contents is None or self._contents.sid != recorder.sid:
            store = self._keeping.store
            self._contents = None if store is None else KeptContents(store, recorder.sid)
        return self._contents

    async def look(self, folder: str, seconds: float) -> repository.Status | str:
        """What git says of the repository of a folder, or why it says nothing. Never raises."""
        try:
            return await asyncio.to_thread(self._look, folder, seconds)
        except Exception:
            log.exception("git could not be asked about %s", folder)
            return "no repository"

    def _look(self, folder: str, seconds: float) -> repository.Status | str:
        from time import monotonic

        from flemma_py.processes import repository

        root = repository.find(folder)
        if root is None:
            return "no repository"
        if self._slow.get(root, 0.0) > monotonic():
            return "slow"
        try:
            return repository.look(root, seconds, self._environ) or "no repository"
        except repository.Slow:
            self._slow[root] = monotonic() + SLOW_SECONDS
            return "slow"


def _seen(task: asyncio.Future[Recorder]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        level = logging.WARNING if isinstance(error, SessionError) else logging.ERROR
        log.log(level, "a tool runs without a record: %r", error)


class CallRecord:
    """One call: a `Witness` and a `Keep`."""

    def __init__(self, recording: Recording, id: str, folder: str) -> None:
        self._recording = recording
        self._id = id
        self._folder = folder
        self._recorder: Recorder | None = None
        self._tool = ""
        self._turn: str | None = None
        self._began = 0.0
        self._seen = ""
        self._before: repository.Status | str = ""

    async def begins(self, tool: Tool) -> None:
        try:
            await self._begins(tool)
        except Exception:
            log.exception("that a tool runs could not be recorded")

    async def _begins(self, tool: Tool) -> None:
        self._recorder = recorder = await self._recording.recorder()
        if recorder is None:
            return
        self._tool, self._turn = tool.definition.name, self._recording.turn
        self._began = asyncio.get_running_loop().time()
        if tool.changes != "anything":
            recorder.tool_started(self._id, self._tool, turn=self._turn)
            return
        contents = self._recording.contents(recorder)
        self._seen = contents.new_id() if contents else ""
        from flemma_py.sessions.waiting import trouble

        unseen = {"id": self._seen, "unseen": "not over"}
        receipt = recorder.tool_started(self._id, self._tool, turn=self._turn, changes=[unseen], durable=True)
        written = asyncio.create_task(trouble(receipt), name=f"record {self._id}")
        if self._recording.looking:
            # What ran before must not be told to have done what this does.
            await asyncio.wait(self._recording.looking, timeout=BEFORE_SECONDS)
        self._before = await self._recording.look(self._folder, BEFORE_SECONDS)
        await written

    @contextmanager
    def keep(self, path: str, old: bytes | None, new: bytes | None) -> Iterator[None]:
        """See `model.tool.Keep`."""
        recorder = self._recorder
        if recorder is None:
            yield
            return
        change: dict[str, Any] = {}

        def note() -> None:
            if contents := self._recording.contents(recorder):
                change.update(contents.change(path, old, new))
                told(recorder, self._id, self._tool, change, self._turn)

        quietly(note)
        from flemma_py.files.replacing import HalfWritten

        try:
            yield
        except BaseException as error:
            if change and not isinstance(error, HalfWritten):
                told(recorder, self._id, self._tool, {"id": change["id"], "void": True}, self._turn)
            raise

    def ended(self, outcome: ToolOutcome) -> None:
        if self._recorder is None:
            return
        ms = round((asyncio.get_running_loop().time() - self._began) * 1000, 1)
        self._finished(not outcome.is_error, ms, None)
        if self._seen:
            task = asyncio.create_task(self._look_after(not outcome.is_error, ms), name=f"git after {self._id}")
            self._recording.looking.add(task)
            task.add_done_callback(self._recording.looking.discard)

    def _finished(self, ok: bool, ms: float, changes: list[dict[str, Any]] | None) -> None:
        assert self._recorder is not None
        recorder = self._recorder
        quietly(
            lambda: recorder.tool_finished(self._id, self._tool, turn=self._turn, ok=ok, ms=ms, changes=changes)
        )  # fmt: skip

    async def _look_after(self, ok: bool, ms: float) -> None:
        from flemma_py.processes import repository

        before = self._before
        after = await self._recording.look(self._folder, AFTER_SECONDS)
        if isinstance(before, str) or isinstance(after, str):
            why = after if isinstance(after, str) else str(before)
            self._finished(ok, ms, [{"id": self._seen, "unseen": why or "not over"}])
            return
        found = repository.difference(before, after)
        listed = [list(each) for each in found.paths[:MOST_LISTED]]
        git = {"root": after.root, "head": list(found.heads), "paths": listed, "more": len(found.paths) - len(listed)}
        self._finished(ok, ms, [{"id": self._seen, "git": git}])
