"""The reply that comes in, kept on the disk as it comes, until the chat's file has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from flemma_py.app.keeping.keeping import Keeping
from flemma_py.model.stream import StreamEvent

if TYPE_CHECKING:
    from flemma_py.journal.sayings import Saying
    from flemma_py.sessions import Recorder
    from flemma_py.sessions.drafts import DraftFile

INTERVAL = 0.05
"""Seconds between two writes of what comes."""

Start = Callable[[Coroutine[Any, Any, Any], str], None]
"""Runs something in a task of its own."""


class Drafting:
    """Of one chat: one reply at a time."""

    def __init__(self, keeping: Keeping, start: Start) -> None:
        self._keeping = keeping
        self._start = start
        self._draft: DraftFile | None = None
        self._early: list[StreamEvent] = []

    def begin(self, recorder: Recorder, turn: str, said: Sequence[Saying], messages: int) -> None:
        """The record of the turn is made: from now on there is a place for what comes, and what came is put there.
        `messages`: how many the chat has that was sent."""
        store = self._keeping.store
        if store is None or store.mirror != "text":
            return
        from flemma_py.sessions.drafts import DraftFile

        asked = next((each.sha for each in reversed(said) if each.role == "user"), None)
        self._draft = DraftFile(store.folder(recorder.sid), turn, asked, store.redact, messages)
        self._keeping.drafts.add(self._draft)
        early, self._early = self._early, []
        self.heard(early, is_late=False)

    def heard(self, events: Sequence[StreamEvent], *, is_late: bool) -> None:
        """This came. `is_late`: the record of the turn is, and with it the place where this is kept."""
        draft = self._draft
        if draft is None:
            if is_late:
                self._early += events
        elif events and draft.add(events):
            asyncio.get_running_loop().call_later(INTERVAL, self._write, draft)

    def _write(self, draft: DraftFile) -> None:
        self._start(asyncio.to_thread(draft.write), "draft")

    def drop(self) -> None:
        """The chat's file has it, or another reply begins."""
        draft, self._draft = self._draft, None
        self._early = []
        if draft is not None:
            self._keeping.drafts.discard(draft)
            self._start(asyncio.to_thread(draft.drop), "drop")
