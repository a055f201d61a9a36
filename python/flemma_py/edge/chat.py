"""One chat buffer of Neovim, as the app wants an editor to be: its mirror, its writer, and what is told to Lua."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence

from flemma_py.app.meaning import Diagnosis
from flemma_py.conversation.state import Activity, Flight, Reveal, View
from flemma_py.document.mirror import Mirror, Stamp
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer, string
from flemma_py.edge.questions import Asker
from flemma_py.edge.writer import Writer
from flemma_py.errors import EditorError
from flemma_py.model.patch import Edit
from flemma_py.model.stream import StreamEvent
from flemma_py.prompt.start import unsent_characters

log = logging.getLogger(__name__)

PROGRESS_INTERVAL = 0.1
"""Seconds between two words on progress: the spinner turns no faster."""

Progress = tuple[str | None, str | int, Activity | None]
NOTHING: Progress = (None, "marker", None)


class BufferChat:
    """See `app.editor.ChatEditor`. `on_failure` is told when a write is refused."""

    def __init__(self, bridge: Bridge, asker: Asker, buf: int, on_failure: Callable[[EditorError], None]) -> None:
        self._bridge = bridge
        self._asker = asker
        self._buf = buf
        self.number = buf
        self.mirror = Mirror()
        self._writer = Writer(bridge, self.mirror, buf, on_failure)
        self._progress = NOTHING
        self._progress_due = False
        self._run = 0
        self._questions: dict[str, asyncio.Future[bool]] = {}

    async def look(self, run: int, stamp: Stamp) -> View:
        """The chat as it was when the user asked, which is as it is now: the buffer is locked. All that is said from
        here on belongs to `run`. Raises `EditorError`."""
        self._run = self._writer.run = run
        if not self.mirror.fits(stamp):
            await self._resync(stamp)
        return self.view()

    async def _resync(self, stamp: Stamp) -> None:
        log.warning("the mirror of buffer %d has %s, Neovim %s: fetched", self._buf, self.mirror.stamp, stamp)
        self.mirror.resyncs += 1
        answer = await self._bridge.call("fetch", {"buf": self._buf}, then=self._fetched)
        if "text" not in answer:
            raise EditorError("the buffer is gone")

    def _fetched(self, answer: dict[str, object]) -> None:
        if "text" in answer:
            self.mirror.replace(string(answer, "text").split("\n"), integer(answer, "tick"))

    def write(self, group: int, edits: Sequence[Edit]) -> None:
        self._writer.write(group, edits)

    async def drain(self) -> None:
        await self._writer.drain()

    def discard(self) -> None:
        """The buffer's text is not what it was: nothing queued has a place any more."""
        self._writer.discard()

    def view(self) -> View:
        return View(self.mirror.document(), tuple(self.mirror.lines))

    def described(self) -> dict[str, object]:
        """What the mirror holds, for a look from outside: whether it is what Neovim has."""
        stamp = self.mirror.stamp
        digest = hashlib.sha256("\n".join(self.mirror.lines).encode("utf-8", "surrogateescape")).hexdigest()
        return {"buf": self._buf, "tick": stamp.tick, "lines": stamp.lines, "bytes": stamp.bytes, "sha256": digest}

    def progress(self, label: str | None, where: str | int, activity: Activity | None = None) -> None:
        self._progress = (label, where, activity)
        if not self._progress_due:
            self._progress_due = True
            self._tell_progress()
            self._bridge.loop.call_later(PROGRESS_INTERVAL, self._progress_over, self._progress)

    def _tell_progress(self) -> None:
        label, where, activity = self._progress
        payload: dict[str, object] = {"buf": self._buf, "run": self._run, "where": where}
        if label is not None:
            payload["label"] = label
        elif activity is not None:
            payload |= {"phase": activity.phase, "characters": activity.characters, "tool": activity.tool}
        self._bridge.tell("progress", payload)

    def _progress_over(self, told: Progress) -> None:
        self._progress_due = False
        if self._progress != told:
            self.progress(*self._progress)

    def tool(self, name: str, id: str, status: str, *, timeout: float | None = None) -> None:
        payload: dict[str, object] = {"buf": self._buf, "name": name, "id": id, "status": status}
        self._bridge.tell("tool", payload if timeout is None else {**payload, "timeout": timeout})

    def reveal(self, effect: Reveal) -> None:
        what = {"first": effect.first, "last": effect.last, "count": effect.count, "names": effect.names}
        self._bridge.tell("reveal", {"buf": self._buf, "run": self._run, **what})

    def over(self, status: str) -> None:
        self._bridge.tell("over", {"buf": self._buf, "run": self._run, "status": status})

    def flight(self, flight: Flight | None) -> None:
        phase, rounds, most = flight or ("idle", 0, 0)
        self._bridge.tell("flight", {"buf": self._buf, "state": phase, "rounds": rounds, "max_turns": most})

    def sending(self, timeout: float) -> None:
        self._bridge.tell("sending", {"buf": self._buf, "run": self._run, "timeout": timeout})

    def heard(self, events: Sequence[StreamEvent]) -> None:
        """The buffer shows it."""

    def used(self, request: dict[str, object]) -> None:
        self._bridge.tell("usage", {"request": {**request, "bufnr": self._buf}})

    def budget(self, funds: Sequence[Mapping[str, object]]) -> None:
        self._bridge.tell("budget", {"buf": self._buf, "funds": list(funds)})

    def characters(self) -> int:
        return self.mirror.characters - unsent_characters(self.mirror.document(), self.mirror.lines)

    def estimated(self, tokens: int, *, exact: bool) -> None:
        self._bridge.tell("estimate", {"buf": self._buf, "tokens": tokens, "exact": exact})

    def session(self, kind: str, told: Mapping[str, object]) -> None:
        self._bridge.tell("session", {"kind": kind, "buf": self._buf, **told})

    async def ended(self, status: str, line: int | None) -> None:
        payload: dict[str, object] = {"buf": self._buf, "run": self._run, "status": status}
        self._progress = NOTHING
        await self._bridge.call("ended", payload if line is None else {**payload, "line": line})

    def looks(self, values: Mapping[str, object]) -> None:
        self._bridge.tell("looks", {"buf": self._buf, "values": values})

    def diagnose(self, diagnoses: Sequence[Diagnosis]) -> None:
        items = [each.as_payload() for each in diagnoses]
        self._bridge.tell("problems", {"buf": self._buf, "items": items})

    async def consent(self, path: str) -> bool:
        self.progress("Waiting for your answer...", "marker")
        answer: asyncio.Future[bool] = self._bridge.loop.create_future()
        self._questions[path] = answer
        self._bridge.tell("consent", {"buf": self._buf, "path": path})
        try:
            return await answer
        finally:
            del self._questions[path]
            self.progress(None, "marker")

    def consented(self, path: str, *, allowed: bool) -> None:
        """The user answered. An answer that nobody waits for any more is for nobody."""
        question = self._questions.get(path)
        if question is not None and not question.done():
            question.set_result(allowed)

    async def choose(self, question: str, options: Sequence[str]) -> int | None:
        return await self._asker.choose(question, options, buf=self._buf)

    async def place(self, first: int, last: int, lines: Sequence[str]) -> bool:
        payload = {"buf": self._buf, "tick": self.mirror.stamp.tick, "first": first, "last": last, "lines": list(lines)}
        return await self._bridge.call("place", payload) is True

    def beside(self, title: str, lines: Sequence[str]) -> None:
        self._bridge.tell("beside", {"title": title, "lines": list(lines)})

    def tell(self, level: str, message: str) -> None:
        self._bridge.tell("notify", {"level": level, "message": message})
