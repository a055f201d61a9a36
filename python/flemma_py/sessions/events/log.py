"""The log of one session, for who tells. See the room's own page."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from flemma_py.errors import SessionError
from flemma_py.journal.discretion import discreet
from flemma_py.journal.events import SEGMENT, Event, Told, encode, header
from flemma_py.journal.sayings import Mirror
from flemma_py.sessions import disk
from flemma_py.sessions.events import segments
from flemma_py.sessions.events.following import Following
from flemma_py.sessions.events.queue import Queue, Waiting
from flemma_py.sessions.events.tail import Tail
from flemma_py.sessions.locks import Locks
from flemma_py.sessions.places import Places
from flemma_py.sessions.troubles import Unreadable, Unwritten, reason

log = logging.getLogger(__name__)

DELAY = 0.05
"""Seconds in which events become one write, and deltas one event."""
MAX_EVENTS = 2000
MAX_BYTES = 16 << 20
SEGMENT_BYTES = 4 << 20
LOOK = 0.25
"""Seconds after which a subscriber looks for what other processes told."""
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)


class EventLog:
    """The events of session `sid`. Reads what is there; raises `Unreadable`."""

    def __init__(
        self,
        places: Places,
        locks: Locks,
        sid: str,
        ids: Callable[[], str],
        *,
        mirror: Mirror = "text",
        redact: Callable[[str], str] = str,
        max_events: int = MAX_EVENTS,
    ) -> None:
        self.sid = sid
        self.folder = places.folder(sid)
        self.max_events = max(max_events, 1)
        self.dropped = 0
        self._places, self._locks, self._ids = places, locks, ids
        self._mirror: Mirror = mirror
        self._redact = redact
        self._queue = Queue(ids)
        self._io = threading.Lock()
        self._winding = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failures = 0
        self._is_closed = False
        self._wakes: set[Callable[[], None]] = set()
        self._tail = Tail(self.folder)
        with self._io:
            self._catch_up()

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    @property
    def lost(self) -> int:
        """How many events were given up, as they could not be written."""
        return self._queue.lost

    @property
    def epoch(self) -> int:
        """The epoch that is known here: as of the last time that something was written or read."""
        return self._tail.reader.highest_epoch

    @property
    def last_id(self) -> str | None:
        """The id of the last event that is known here; None where there is none."""
        return self._tail.reader.last_id or None

    @property
    def is_complete(self) -> bool:
        """Whether there are events, and all that were ever told are still there."""
        reader = self._tail.reader
        with suppress(OSError):
            first = next(iter(segments.closed_in(self.folder)), None)
            begins = reader.begins_at if first is None else first.begins_at
            return bool(reader.last_id) and not begins and not self._tail.bad
        return False

    # ---- telling

    def append(
        self,
        type: str,
        data: Mapping[str, Any] | None = None,
        *,
        stream_id: str = "",
        epoch: int | None = None,
        event_id: str | None = None,
    ) -> str:
        """Tell of something; returns the event's id at once. `epoch`: the one in which its cause began, so that what
        comes too late is dropped; None: it belongs to now. An event whose `event_id` is there already is not told
        again. Raises `SessionError` where no line can hold `data`."""
        if type in ("", SEGMENT):
            raise SessionError(f"An event could not be recorded: {type!r} is no type that can be told.")
        kept = discreet(data or {}, self._mirror, self._redact)
        is_its_own = event_id is not None
        fresh = Waiting(event_id or self._ids(), stream_id, type, kept, epoch, is_its_own=is_its_own)
        told_as = self._queue.put(fresh)
        self._wind(DELAY)
        return told_as

    def bump_epoch(self, why: str = "", data: Mapping[str, Any] | None = None) -> int:
        """Begin another epoch, after a rewind, a reset or a replacement, and tell of it as an event of the type
        `epoch`. Returns its number. What belongs to an earlier one is dropped from now on. Writes. Raises `Unwritten`:
        then it follows as soon as the disk takes it."""
        kept = discreet({"reason": why, **(data or {})}, self._mirror, self._redact)
        self._queue.put(Waiting(self._ids(), "", "epoch", kept, bumps=1))
        self.flush()
        return self.epoch + self._queue.bumps

    def flush(self) -> None:
        """Have all written that was told. Raises `Unwritten`: it stays in line."""
        with self._io:
            self._write()

    def close(self) -> None:
        """Write, and end all subscriptions. What cannot be written now is given up."""
        with suppress(SessionError):
            self.flush()
        self._is_closed = True
        with self._winding:
            if self._timer is not None:
                self._timer.cancel()
        self._queue.give_up(self._queue.take())
        self._wake()

    def trim(self, *, max_events: int | None = None, max_bytes: int = MAX_BYTES) -> int:
        """Forget the oldest segments as long as so many events stay; 0 forgets all that is written. Returns how many
        segments went. Raises `Unwritten`."""
        most = self.max_events if max_events is None else max_events
        with self._io:
            self._write()
            if not self.folder.is_dir():
                return 0
            try:
                with self._locks.held(self._lock):
                    self._catch_up()
                    reader = self._tail.reader
                    if most <= 0 and reader.highest > reader.begins_at:
                        self._cut()
                    return self._remove(most, max_bytes)
            except OSError as error:
                raise self._unwritten(error) from error

    # ---- watching

    def replay(self, after: str | None = None, *, types: Collection[str] | None = None) -> list[Told]:
        """The bootstrap and what is kept behind an event. Reads. Raises `Unreadable`."""
        with suppress(SessionError):
            self.flush()
        return self.follow(after, types=types).poll()

    def follow(self, after: str | None = None, *, types: Collection[str] | None = None) -> Following:
        """The same, and on."""
        return Following(self.folder, after, types)

    async def subscribe(
        self, after: str | None = None, *, types: Collection[str] | None = None, look: float = LOOK
    ) -> AsyncGenerator[Told, None]:
        """What `replay` gives, and then each event when it is written, here or in another process, until the log is
        closed."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # The loop may be gone.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(woken.set)

        following = self.follow(after, types=types)
        self._wakes.add(wake)
        try:
            with suppress(SessionError):
                await asyncio.to_thread(self.flush)
            while True:
                woken.clear()
                is_last = self._is_closed
                try:
                    for each in await asyncio.to_thread(following.poll):
                        yield each
                except Unreadable as error:
                    log.warning("%s", error.message)
                if is_last:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), look)
        finally:
            self._wakes.discard(wake)

    # ---- within

    @property
    def _lock(self) -> str:
        return f"{self.sid}.events.lock"

    def _wind(self, seconds: float) -> None:
        """Have it written in a moment."""
        with self._winding:
            if self._timer is None and not self._is_closed:
                self._timer = threading.Timer(seconds, self._tick)
                self._timer.daemon = True
                self._timer.name = "flemma-events"
                self._timer.start()

    def _tick(self) -> None:
        with self._winding:
            self._timer = None
        try:
            self.flush()
            self._failures = 0
        except Exception as error:
            if not self._failures:
                is_ours = isinstance(error, SessionError)
                log.warning("events of session %s wait: %s", self.sid, error, exc_info=not is_ours)
            self._wind(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
            self._failures += 1

    def _write(self) -> None:
        """All that waits. Called with the lock of input and output."""
        batch = self._queue.take()
        if not batch:
            return
        done = 0
        try:
            if not self._places.exists(self.sid):
                if self._places.trashed(self.sid):
                    self._queue.give_up(batch)
                    done = len(batch)
                return
            with self._locks.held(self._lock):
                self._catch_up()
                while done < len(batch):
                    done += self._some(batch[done:])
        except FileNotFoundError:
            pass  # The session was deleted just now.
        except OSError as error:
            raise self._unwritten(error) from error
        finally:
            self._queue.put_back(batch[done:])
        self._wake()

    def _some(self, batch: list[Waiting]) -> int:
        """Write what the current segment takes; returns how many are done with."""
        current = self.folder / segments.CURRENT
        reader = self._tail.reader
        size = current.stat().st_size if current.exists() else 0
        room = max(self.max_events // 4, 1) - reader.highest + reader.begins_at
        if size and (room <= 0 or size >= SEGMENT_BYTES):
            self._cut()
            self._remove(self.max_events, MAX_BYTES)
            return 0
        if not size:
            room = max(self.max_events // 4, 1)
        lines: list[bytes] = []
        number, epoch, bytes_left, done = reader.highest, reader.highest_epoch, SEGMENT_BYTES - size, 0
        for each in batch:
            if len(lines) >= room or bytes_left <= 0:
                break
            done += 1
            if each.epoch is not None and each.epoch < epoch:
                self.dropped += 1
                continue
            if reader.knows(each.id):
                continue
            epoch += each.bumps
            number += 1
            lines.append(encode(Event(each.id, each.stream, epoch, number, each.type, each.whole)))
            bytes_left -= len(lines[-1])
        if lines:
            begin = encode(header(self._ids(), self._tail.segment + 1, reader))
            disk.append(str(current), b"".join(lines), first=begin, durable=False)
            self._catch_up()
        return done

    def _cut(self) -> None:
        """Close the current segment. Called with the log's lock."""
        reader = self._tail.reader
        closed = segments.close(self.folder, max(self._tail.segment, 1), reader.begins_at)
        begin = encode(header(self._ids(), closed + 1, reader))
        disk.append(str(self.folder / segments.CURRENT), b"", first=begin, durable=False)
        self._catch_up()

    def _remove(self, max_events: int, max_bytes: int) -> int:
        reader = self._tail.reader
        return segments.remove_oldest(self.folder, reader.highest, reader.begins_at, max_events, max_bytes)

    def _catch_up(self) -> None:
        """Know what others told."""
        try:
            self._tail.read()
        except OSError as error:
            raise Unreadable(f"The events of session {self.sid} could not be read: {reason(error)}.") from error

    def _unwritten(self, error: OSError) -> Unwritten:
        return Unwritten(f"The events of session {self.sid} could not be written: {reason(error)}.")

    def _wake(self) -> None:
        for wake in tuple(self._wakes):
            wake()
