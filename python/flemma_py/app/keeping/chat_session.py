"""One chat's session, from the first request on: what was asked, what came, what it cost, how it ended.

A turn's record is written while the key is looked for, and the request waits for it `PATIENCE` seconds at most.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from flemma_py.app.keeping.drafting import Drafting
from flemma_py.app.keeping.finding import bind, find, said_by
from flemma_py.app.keeping.keeping import Keeping
from flemma_py.conversation.state import Outcome
from flemma_py.errors import SessionError
from flemma_py.model.document import Document
from flemma_py.model.stream import StreamEvent

if TYPE_CHECKING:
    from flemma_py.app.editor import ChatEditor
    from flemma_py.app.preparation import Preparation
    from flemma_py.conversation.checkpoint.words import Condensed
    from flemma_py.journal.records import TurnState
    from flemma_py.journal.sayings import Saying
    from flemma_py.sessions import Receipt, Recorder

log = logging.getLogger(__name__)

PATIENCE = 0.25
"""Seconds that a request waits for the record of its turn."""
LOOK_AFTER = 0.4
"""Seconds after a chat was opened until its session is looked for: first the user sees the text."""

ENDS: dict[Outcome, TurnState] = {
    Outcome.COMPLETED: "completed",
    Outcome.CANCELLED: "cancelled",
    Outcome.ERRORED: "failed",
}

Booked = Callable[..., None]
"""Takes what a request used, under the names of the session API, and `context_tokens`."""


class ChatSession:
    """The session of the chat that `preparation` knows the place of."""

    def __init__(self, keeping: Keeping, editor: ChatEditor, preparation: Preparation) -> None:
        self._keeping = keeping
        self._editor = editor
        self._preparation = preparation
        self.recorder: Recorder | None = None
        self.turn: str | None = None
        """The id of the turn that is under way."""
        self.last_turn: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        """Is told when what is known of the session has changed: it was found, a request is over, a message is kept."""
        self._binding: asyncio.Task[tuple[Recorder, str | None]] | None = None
        self._likely: str | None = None
        self._beginning: asyncio.Task[tuple[Recorder, str]] | None = None
        self._look_due: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._has_begun = self._is_unnamed = False
        self._drafting = Drafting(keeping, self._start)
        self._endpoint: str | None = None
        self._warned: set[str] = set()
        self._since = time.monotonic()
        self._sent_at: float | None = None
        self._api_ms = 0.0
        self.patience = PATIENCE
        keeping.chats.add(self)

    @property
    def sid(self) -> str | None:
        """The session's id, as soon as it is known which it is."""
        return self.recorder.sid if self.recorder else None

    # ---- which session it is

    def look_soon(self) -> None:
        """The chat was opened: find its session, and what a crash left of it, when the user has seen the text."""
        if self._keeping.is_on and self._look_due is None and self._preparation.location.path:
            self._look_due = asyncio.get_running_loop().call_later(LOOK_AFTER, self._look)

    def _look(self) -> None:
        if self._editor.view().document.messages:
            self._start(self._look_over(), "look for the session")

    async def _look_over(self) -> None:
        recorder = await self.bound()
        if self._beginning is not None:
            return  # The user did not wait: what the chat says now is what counts.
        if self._likely is not None:
            recorder = await self._asked_if_moved(recorder, self._likely)
        if recorder.lease is None and recorder.holder:
            who = recorder.holder.get("pid")
            self._warn(f"this chat is open in another Neovim, too (its host is process {who}): both keep records of it")
            return
        from flemma_py.app.keeping.offering import offer_back

        await offer_back(self._keeping, self._editor, recorder)

    async def _asked_if_moved(self, recorder: Recorder, sid: str) -> Recorder:
        from flemma_py.app.keeping.offering import was_moved

        if not await was_moved(self._keeping, self._editor, sid):
            return recorder
        if self.recorder is not recorder or self._beginning is not None:
            self._warn("this chat has a session of its own by now: :edit it again to be asked again")
            return recorder
        moved = await self._keeping.ask(lambda store: store.open(sid))
        self.adopt(moved)
        await self._bind(moved)
        return moved

    async def bound(self) -> Recorder:
        """The session of this chat, found or made; nothing of a new one is on the disk before its first record. Raises
        `SessionError`."""
        if self.recorder is not None:
            return self.recorder
        if self._binding is None:
            document, at = self._editor.view().document, self._preparation.location
            unbound = self._keeping.unbound.pop(self._editor.number, None)
            work = self._keeping.ask(lambda store: find(store, document, at.path, at.folder, at.cwd, unbound))
            self._binding = asyncio.create_task(work, name="session")
        binding = self._binding
        try:
            recorder, self._likely = await asyncio.shield(binding)
        except SessionError:
            if self._binding is binding:
                self._binding = None  # The next one may find it.
            raise
        if self.recorder is None:
            self.recorder = recorder
            self.on_change()
        return self.recorder

    def adopt(self, recorder: Recorder) -> None:
        """From now on the chat goes on in this session: it was reset, or the user said which one it is."""
        before, self.recorder = self.recorder, recorder
        self._binding = self.turn = self.last_turn = None
        if before is not None:
            before.close()
        self.on_change()

    def written(self) -> None:
        """The chat is in its file now: nothing of it need be offered back, and a new name is its name."""
        self._drafting.drop()
        if self.recorder is not None:
            self._start(self._bind(self.recorder), "bind")

    async def _bind(self, recorder: Recorder) -> None:
        path = self._preparation.location.path
        if path is not None:
            await asyncio.to_thread(bind, recorder, path)

    # ---- a turn

    def begin(self, document: Document, **about: Any) -> None:
        """A request is about to leave: have that, and what the chat says now, written down. `about` as
        `Recorder.begin_turn` has it."""
        self._drafting.drop()
        self._beginning = None
        if self._keeping.is_on:
            self._is_unnamed = True
            self._beginning = asyncio.create_task(self._begin(document, about), name="turn")

    async def _begin(self, document: Document, about: dict[str, Any]) -> tuple[Recorder, str]:
        recorder = await self.bound()
        turn = await self._keeping.ask(lambda store: store.ids())
        said = said_by(document)
        self.turn, self.last_turn, self._is_unnamed = turn, turn, False
        receipt = await asyncio.to_thread(self._begun, recorder, turn, said, about)
        # A summary is no reply: a crash leaves nothing of it to give back.
        if about.get("kind") != "checkpoint":
            self._drafting.begin(recorder, turn, said, len(document.messages))
        await asyncio.wrap_future(receipt)
        return recorder, turn

    def _begun(self, recorder: Recorder, turn: str, said: Sequence[Saying], about: dict[str, Any]) -> Receipt:
        """For a thread."""
        if not self._has_begun:
            # What a crash left under way costs nothing any more; nobody may have looked for it yet.
            self._has_begun = True
            recorder.recover()
        return recorder.begin_turn(turn, said, **about)

    async def begun(self) -> None:
        """Wait until the turn is written down, for `PATIENCE` seconds at most."""
        if self._beginning is not None:
            await asyncio.wait([self._beginning], timeout=PATIENCE)

    def reserve(self, usd: float) -> None:
        """The request that has not left yet may cost so much at worst."""
        if self.recorder is not None and self.turn is not None:
            self.recorder.reserve(self.turn, usd)

    def withdrawn(self) -> None:
        """What was about to leave does not."""
        begun, recorder = self._beginning, self.recorder
        turn, self.turn, self._beginning = self.turn, None, None

        def ended(_: object) -> None:
            if recorder is not None and turn is not None:
                recorder.turn(turn, "cancelled", reason="withdrawn")

        if begun is not None and self._is_unnamed:
            begun.cancel()  # Nothing is written of it yet.
        elif begun is not None:
            ended(begun) if begun.done() else begun.add_done_callback(ended)

    async def ready(self, *, is_required: bool) -> None:
        """Wait until the turn is written down, for `patience` seconds at most. Warns once where it is not, or raises
        `SessionError` where that `is_required`."""
        if (beginning := self._beginning) is None:
            if is_required:
                raise SessionError("Nothing was sent: sessions.require_journal is on, and no session is kept.")
            return
        await asyncio.wait([beginning], timeout=None if is_required else self.patience)
        if not beginning.done():
            beginning.add_done_callback(_seen)
            self._warn(f"the record of this turn was not on the disk after {self.patience * 1000:.0f} ms: it follows")
        elif error := beginning.exception():
            message = error.message if isinstance(error, SessionError) else "an error of Flemma's own, see the log"
            if not isinstance(error, SessionError):
                log.error("a turn was not recorded", exc_info=error)
            if is_required:
                raise SessionError(f"Nothing was sent, as sessions.require_journal is on: {message}")
            self._warn(f"this chat goes on, but what it costs is not written down: {message}")

    def sending(self, endpoint: str | None) -> None:
        """The request goes out."""
        self._endpoint, self._sent_at = endpoint, time.monotonic()
        if self.recorder is not None and self.turn is not None:
            self.recorder.turn(self.turn, "running")
        self.on_change()

    def heard(self, events: Sequence[StreamEvent]) -> None:
        """This came of the reply."""
        self._drafting.heard(events, is_late=self._beginning is not None and not self._beginning.done())

    def over(self, outcome: Outcome, book: Callable[[Booked], None] | None = None) -> None:
        """The request has ended. `book` tells what it used to what it is given, at once where that is known: whoever
        sums up finds the turn under way or its cost. Where the turn's record is late, that comes first."""
        begun, recorder, endpoint = self._beginning, self.recorder, self._endpoint
        ms = (time.monotonic() - self._sent_at) * 1000 if self._sent_at is not None else None
        self._sent_at = None
        self._api_ms += ms or 0.0

        def once_begun(do: Callable[[Recorder, str | None], None]) -> None:
            if begun is not None and not begun.done():
                begun.add_done_callback(lambda _: once_begun(do))
            elif begun is not None and not begun.cancelled() and begun.exception() is None:
                do(*begun.result())
            elif recorder is not None:
                do(recorder, None)

        def ended(recorder: Recorder, turn: str | None) -> None:
            if self.turn == turn:
                self.turn = None
            if turn is not None:
                recorder.turn(turn, ENDS[outcome])
            self.on_change()

        def booked(entry: dict[str, Any], **more: Any) -> None:
            def billed(recorder: Recorder, turn: str | None) -> None:
                id = more.pop("request_id", None) or turn or f"{os.getpid()}-{time.time_ns()}"
                vendor = entry.get("provider")
                recorder.usage(entry, request_id=id, turn=turn, vendor=vendor, endpoint=endpoint, api_ms=ms, **more)
                self.on_change()

            if self._keeping.is_on:
                once_begun(billed)

        if book is not None:
            book(booked)
        once_begun(ended)

    def settled(self) -> None:
        """The chat is idle: have what it says now written down."""
        if self.recorder is not None and self.last_turn is not None:
            self._start(self._say(self.recorder, self._editor.view().document, self.last_turn), "say")

        if self.sid is not None and self._keeping.embeds and self._preparation.location.path:
            from flemma_py.app.keeping.embedding import embed

            self._start(embed(self._editor, self.sid), "embed")

    async def _say(self, recorder: Recorder, document: Document, turn: str) -> None:
        receipt = await asyncio.to_thread(recorder.say, said_by(document), turn)
        if receipt is not None:
            self.on_change()

    def condensed(self, checkpoint: Condensed) -> None:
        """The chat has a checkpoint: have that written down, and what the chat says now."""
        if self.recorder is not None:
            self._start(self._condensed(self.recorder, self._editor.view().document, checkpoint), "checkpoint")

    async def _condensed(self, recorder: Recorder, document: Document, checkpoint: Condensed) -> None:
        from flemma_py.app.keeping.checkpoints import record

        await asyncio.to_thread(record, recorder, document, checkpoint, self.last_turn)
        self.on_change()

    # ---- its end

    async def rest(self) -> None:
        """Return when all that was begun is done: for one who leaves right behind a turn."""
        while tasks := [each for each in (self._beginning, *self._tasks) if each is not None and not each.done()]:
            await asyncio.wait(tasks)

    def leave(self, reason: str) -> None:
        """Nothing of this chat is to come any more. `reason` is a word: quit, bdelete, reset, crash."""
        recorder = self.recorder
        if recorder is None:
            return
        self.recorder = None
        if self.last_turn is not None:
            wall = (time.monotonic() - self._since) * 1000
            recorder.end(api_ms=self._api_ms, wall_ms=wall, exit_reason=reason)
        recorder.close()

    async def close(self) -> None:
        """The buffer is gone for good, because the user wanted that."""
        if self._look_due is not None:
            self._look_due.cancel()
        for task in (self._beginning, self._binding, *self._tasks):
            if task is not None:
                task.cancel()
        self._drafting.drop()
        if (recorder := self.recorder) is not None and recorder.fold.binding is None and self.last_turn is not None:
            self._keeping.unbound[self._editor.number] = recorder.sid
        # At once and not in a thread: the host itself may be about to end.
        self.leave("quit" if self._keeping.is_quitting else "bdelete")

    # ---- within

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._editor.tell("warn", message)

    def _start(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        task = asyncio.create_task(self._guarded(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except SessionError as error:
            log.warning("%s", error.message)
        except Exception:
            log.exception("a chat's session met an error of Flemma's own")


def _seen(task: asyncio.Task[Any]) -> None:
    """The user was told already that it is late."""
    if not task.cancelled() and (error := task.exception()):
        log.warning("a turn was not recorded: %s", error)
