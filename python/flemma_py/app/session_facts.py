"""What the editor is told of a chat's session, so that it can answer scripts by itself: only what has changed, and only
when a request begins or ends, the session is another one, or the user has paused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flemma_py.app.editor import ChatEditor
from flemma_py.app.keeping import ChatSession, Keeping
from flemma_py.errors import FlemmaError

if TYPE_CHECKING:
    from flemma_py.app.preparation import Preparation
    from flemma_py.journal.fold import Fold
    from flemma_py.journal.ledger import Sums
    from flemma_py.sessions import Recorder, SessionStore

log = logging.getLogger(__name__)

QUIET = 0.5
"""Seconds without an edit after which the system prompt is looked at again."""


@dataclass(frozen=True, slots=True)
class Known:
    """A session as its recorder has it. `turn`: id, number, state and reason of the last one; `edits`: how often its
    past was changed by hand."""

    sid: str
    facts: Mapping[str, Any]
    requests: int
    turn: tuple[str, int, str, str | None] | None
    edits: int
    checkpoints: int


class SessionFacts:
    """Of one chat. `is_idle`: no request is under way."""

    def __init__(
        self,
        keeping: Keeping,
        editor: ChatEditor,
        preparation: Preparation,
        session: ChatSession,
        is_idle: Callable[[], bool],
    ) -> None:
        self._keeping = keeping
        self._editor = editor
        self._preparation = preparation
        self._session = session
        self._is_idle = is_idle
        self._known: Known | None = None
        self._told: dict[str, Any] = {}
        self._look_due: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_asking = self._asks_again = False
        session.on_change = self.changed

    def changed(self) -> None:
        """Something is known of the session that was not known before."""
        if (sent := self._preparation.last) is not None:
            self._tell({"system": sent.system, "context_window": sent.facts.max_input})
        if self._is_asking:
            self._asks_again = True
        elif self._session.recorder is not None:
            self._is_asking = True
            self._start(self._ask(), "session facts")

    def edited(self) -> None:
        """The text is another one, or who answers."""
        if self._look_due is not None:
            self._look_due.cancel()
        self._look_due = asyncio.get_running_loop().call_later(QUIET, self._look)

    def close(self) -> None:
        """The buffer is gone."""
        self._session.on_change = lambda: None
        if self._look_due is not None:
            self._look_due.cancel()
        for task in self._tasks:
            task.cancel()

    # ---- the session

    async def _ask(self) -> None:
        try:
            while (recorder := self._session.recorder) is not None:
                self._asks_again = False
                self._compare(await self._keeping.ask(_question(recorder)))
                if not self._asks_again:
                    break
        finally:
            self._is_asking = False

    def _compare(self, now: Known) -> None:
        before = self._known
        self._known = now
        self._tell(now.facts)
        if before is None or before.sid != now.sid:
            self._happened("session_info", {name: now.facts[name] for name in ("dir", "cwd", "created_at_ms")})
            return
        if now.turn is not None and now.turn != before.turn:
            id, number, state, reason = now.turn
            self._happened("turn_state", {"turn": id, "number": number, "state": state, "reason": reason})
        if now.requests > before.requests:
            used = {name: now.facts[name] for name in ("cost", "tokens", "context_tokens")}
            self._happened("usage", {"requests": now.requests, **used})
        if now.edits > before.edits:
            self._happened("rewind", {"source": "edit"})
        if now.checkpoints > before.checkpoints:
            self._happened("checkpoint", {})

    # ---- what the next request would say

    def _look(self) -> None:
        self._look_due = None
        if self._is_idle():
            self._start(self._look_ahead(), "look ahead")

    async def _look_ahead(self) -> None:
        try:
            # Templates and files of a chat that was never sent are nobody's wish yet.
            may_read = self._preparation.last is not None
            system, window = await self._preparation.ahead(may_read=may_read)
        except FlemmaError as error:
            log.info("the next system prompt is not known: %s", error.message)
            return
        # What cannot be known without reading is not what was known before either.
        self._tell({"context_window": window, "system": system})

    # ---- telling

    def _tell(self, facts: Mapping[str, Any]) -> None:
        news = {name: value for name, value in facts.items() if self._told.get(name) != value}
        if news:
            self._told |= news
            self._editor.session("facts", {"values": news})

    def _happened(self, type: str, data: Mapping[str, Any]) -> None:
        sid = self._known.sid if self._known else None
        told = {name: value for name, value in {"sid": sid, **data}.items() if value is not None}
        self._editor.session("event", {"type": type, "data": told})

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(_guarded(work), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except FlemmaError as error:
        log.warning("%s", error.message)
    except Exception:
        log.exception("what is known of a session could not be told")


def _question(recorder: Recorder) -> Callable[[SessionStore], Known]:
    """For a thread: a recorder may be at work with a file."""

    def known(store: SessionStore) -> Known:
        folder = str(store.folder(recorder.sid))
        return recorder.look(lambda fold: _known(recorder.sid, folder, fold))

    return known


def _known(sid: str, folder: str, fold: Fold) -> Known:
    sums = fold.sums
    last = next(reversed(fold.turns.values()), None)
    facts = {
        "id": sid,
        "dir": folder,
        "created_at_ms": None if fold.created_at is None else int(fold.created_at * 1000),
        "cwd": fold.cwd,
        "cost": sums.cost,
        "tokens": tokens_of(sums),
        "context_tokens": fold.context_tokens,
    }
    return Known(
        sid,
        facts,
        sums.requests,
        (last.id, last.number, last.state, last.reason) if last else None,
        sum(1 for each in fold.rewinds if each.source == "edit"),
        len(fold.checkpoints),
    )


def tokens_of(sums: Sums) -> dict[str, Any]:
    """Sums under the names that scripts know them by; a ratio that there is not is left out."""
    found: dict[str, Any] = {
        "input": sums.input,
        "output": sums.output,
        "cache_read": sums.cache_read,
        "cache_write": sums.cache_write,
        "reasoning": sums.thoughts,
        "total": sums.total,
    }
    ratio = sums.cache_hit_ratio
    return found if ratio is None else {**found, "cache_hit_ratio": ratio}
