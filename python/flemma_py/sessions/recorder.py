"""What one process has to tell of one session. Each method hands its record to the writer and returns a receipt at
once; only those that say so touch a file themselves and belong in a thread.

It keeps the session's state in memory, its own records included, written or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

from flemma_py.journal import records
from flemma_py.journal.changes import RESTORE
from flemma_py.journal.fold import Fold
from flemma_py.journal.lines import Record
from flemma_py.journal.parts import Message, ToolRun, Turn
from flemma_py.journal.records import Entry, TurnState
from flemma_py.journal.sayings import Saying, Scribe
from flemma_py.sessions.journal import BEGINNING, Journal, Mark
from flemma_py.sessions.locks import Lease
from flemma_py.sessions.troubles import NoSuchSession
from flemma_py.sessions.writer import Receipt

Answer = TypeVar("Answer")


class Desk(Protocol):
    """What a recorder needs of its store."""

    instance: str

    def stamp(self, entry: Entry) -> Record:
        """A record of this process."""
        ...

    def put(self, sid: str, entries: Sequence[Record], *, durable: bool, follows: bool) -> Receipt: ...


class Recorder:
    """The session `sid`. `lease` is None where another process works in it; `holder` then says who."""

    def __init__(
        self,
        desk: Desk,
        journal: Journal,
        scribe: Callable[[], Scribe],
        fold: Fold,
        mark: Mark = BEGINNING,
        lease: Lease | None = None,
        holder: Mapping[str, Any] | None = None,
    ) -> None:
        self.sid = journal.sid
        self.lease = lease
        self.holder = dict(holder or {})
        self._desk = desk
        self._journal = journal
        self._scribe = scribe
        self._fold = fold
        self._mark = mark
        self._unread: list[Record] = []
        self._lock = threading.RLock()

    @property
    def fold(self) -> Fold:
        """The session as this process knows it: not to be changed, nor read where another thread may record meanwhile
        (see `look`)."""
        return self._fold

    def look(self, ask: Callable[[Fold], Answer]) -> Answer:
        """Ask the session as it is while nobody records."""
        with self._lock:
            return ask(self._fold)

    def close(self) -> None:
        """Give the lease back; what was recorded is written all the same."""
        if self.lease is not None:
            self.lease.close()
            self.lease = None

    # ---- telling

    def record(self, *entries: Entry, durable: bool | None = None, follows: bool = True) -> Receipt:
        """Record what counts only together. `durable` None: as their kinds say; `follows` false: given up where it
        cannot be written at once."""
        with self._lock:
            stamped = [self._desk.stamp(each) for each in entries]
            for each in stamped:
                self._fold.apply(each)
            self._unread += stamped
            surely = any(each.durable for each in entries) if durable is None else durable
            return self._desk.put(self.sid, stamped, durable=surely, follows=follows)

    def begin_turn(
        self,
        turn: str,
        sayings: Sequence[Saying],
        *,
        kind: str = "chat",
        continuation_of: str | None = None,
        provider: str | None = None,
        model: str | None = None,
        reserved: float | None = None,
        follows: bool = True,
    ) -> Receipt:
        """What the chat says now, and that a request is ready to leave: durable before it does. Reads what others wrote
        meanwhile and keeps large texts, so it belongs in a thread. Raises `SessionError`."""
        with self._lock:
            self.refresh()
            said = self._sayings(sayings, turn)
            ready = records.turn(
                turn, "ready", kind=kind, continuation_of=continuation_of, provider=provider, model=model,
                reserved=reserved,
            )  # fmt: skip
            return self.record(*said, ready, follows=follows)

    def say(self, sayings: Sequence[Saying], turn: str | None = None) -> Receipt | None:
        """What the chat says now, as after a reply. None where that is known. May keep large texts: in a thread."""
        with self._lock:
            said = self._sayings(sayings, turn)
            return self.record(*said) if said else None

    def reserve(self, turn: str, usd: float) -> Receipt:
        """A turn that is ready may cost another sum at worst; 0 while nothing of it may leave."""
        return self.record(records.turn(turn, "ready", reserved=usd), durable=False)

    def turn(self, turn: str, state: TurnState, *, reason: str | None = None) -> Receipt:
        """A turn goes on or ends. `reason`: a word or two, never what was said."""
        return self.record(records.turn(turn, state, reason=reason))

    def usage(self, request: Mapping[str, Any], *, request_id: str, **more: Any) -> Receipt:
        """What a request used, however it ended; `more` as `records.usage` has it."""
        return self.record(records.usage(request, request_id=request_id, **more))

    def tool_started(
        self,
        call: str,
        name: str,
        *,
        turn: str | None = None,
        changes: Sequence[Mapping[str, Any]] | None = None,
        durable: bool = False,
    ) -> Receipt:
        """A tool runs. `changes`: what it is about to do, as `journal.changes` has it; told once more for each."""
        return self.record(records.tool(call, name, "started", turn=turn, changes=changes, durable=durable))

    def tool_finished(
        self,
        call: str,
        name: str,
        *,
        turn: str | None = None,
        ok: bool,
        ms: float | None = None,
        changes: Sequence[Mapping[str, Any]] | None = None,
    ) -> Receipt:
        """`changes`: what it did, as `journal.changes` has it, contents by the names that `Blobs.put` gave."""
        return self.record(records.tool(call, name, "finished", turn=turn, ok=ok, ms=ms, changes=changes))

    def metric(self, values: Mapping[str, Any]) -> Receipt:
        return self.record(Entry("metric", dict(values)))

    def meta(self, **patch: Any) -> Receipt | None:
        """Change what is known of the session: title, model, pinned, … None takes a key away. Only what differs is
        recorded."""
        with self._lock:
            known = self._fold.meta
            fresh = {key: value for key, value in patch.items() if known.get(key) != value}
            return self.record(records.meta(fresh)) if fresh else None

    def bind(self, path: str, dev: int, ino: int, *, embedded: bool = False) -> Receipt | None:
        """The chat is at this real path now. None where that is known."""
        with self._lock:
            now = self._fold.binding
            if now and (now.path, now.dev, now.ino, now.embedded) == (path, dev, ino, embedded):
                return None
            return self.record(records.bind(path, dev, ino, embedded=embedded))

    def checkpoint(self, summary: str, *, last_mid: str | None, first_live_mid: str | None, **more: Any) -> Receipt:
        """What was said up to a message became a summary. May keep a large text: in a thread."""
        kept = self._scribe().summary(summary)
        return self.record(records.checkpoint(kept, last_mid=last_mid, first_live_mid=first_live_mid, **more))

    def rewind(
        self,
        to_mid: str | None,
        removed: str = "",
        *,
        source: Literal["user", "edit", "reset"] = "user",
        context_tokens: int | None = None,
    ) -> Receipt:
        """What was said behind a message was cut out of the chat. `removed` is that text. May keep it: in a thread.
        Raises `NoSuchSession` where nothing with that id is said now."""
        with self._lock:
            if to_mid is not None and to_mid not in self._fold.live:
                raise NoSuchSession(f"No message {to_mid} is said in session {self.sid} now.")
            kept = self._scribe().removed(removed) if removed else None
            return self.record(records.rewind(to_mid, source=source, removed=kept, context_tokens=context_tokens))

    def end(self, *, api_ms: float, wall_ms: float, exit_reason: str) -> Receipt:
        """This process leaves the session."""
        fold = self._fold
        return self.record(
            records.end(
                api_ms=api_ms,
                wall_ms=max(wall_ms, 0.0),
                messages=len(fold.live),
                tool_calls=sum(run.name != RESTORE for run in fold.tools.values()),
                exit_reason=exit_reason,
            )
        )

    def recover(self) -> list[Turn]:
        """Turns that a process began which is no more: now marked interrupted, and never sent again by themselves. Does
        nothing where another process works in the session."""
        with self._lock:
            if self.lease is None:
                return []
            left = [turn for turn in self._fold.open_turns if turn.writer != self._desk.instance]
            if left:
                self.record(*(records.turn(each.id, "interrupted", reason="lost") for each in left), durable=True)
            return left

    def recover_tools(self) -> list[ToolRun]:
        """Tools that a process ran which is no more, and whose end nobody knows: from now on they are over. As
        `recover`."""
        with self._lock:
            if self.lease is None:
                return []
            runs = self._fold.tools.values()
            left = [run for run in runs if not run.is_over and run.writer != self._desk.instance]
            if left:
                self.record(
                    *(records.tool(run.call, run.name, "finished", turn=run.turn) for run in left), durable=True
                )
            return left

    # ---- knowing

    def refresh(self) -> None:
        """Read what other processes wrote meanwhile. For a thread. Raises `SessionError`."""
        with self._lock:
            try:
                tail = self._journal.tail(self._mark)
            except NoSuchSession:
                return  # Nothing is written yet.
            news = [item for item in tail.items if not (isinstance(item, Record) and item.id in self._fold.seen)]
            read = {item.id for item in tail.items if isinstance(item, Record)}
            self._unread = [each for each in self._unread if each.id not in read]
            self._mark = tail.mark
            if tail.anew and self._fold.seen:
                whole = self._journal.fold()
                news, self._fold = list(self._unread), whole
            self._fold.apply_all(news)

    @property
    def cut(self) -> list[Message]:
        """What was said once and is no more."""
        return [each for mid, each in self._fold.messages.items() if mid not in self._fold.live]

    def _sayings(self, sayings: Sequence[Saying], turn: str | None) -> list[Entry]:
        return self._scribe().catch_up(self._fold.said, self.cut, sayings, turn)
