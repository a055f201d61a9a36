"""What happens in a session, told to whoever watches: the lines of its event log, and what a reader makes of them.

A line is `{"v":1,"event_id":…,"stream_id":…,"epoch":…,"n":…,"type":…,"data":{…},"c":"<crc32>"}`. `n` counts the events
of a log, so that a reader sees where some are missing and says so. A log is cut into segments; each begins with an
event of the type `segment`, which tells what a reader would have learnt from those that are gone.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from flemma_py.journal.lines import Unwritable, is_whole, sealed
from flemma_py.journal.records import count_of, table_of

FORMAT = 1
MOST_BYTES = 1 << 20
"""Of an event as a line."""

TYPES = frozenset(
    {
        "session_info", "status", "activity", "turn_state", "message_start", "message_delta", "message_end",
        "tool_call", "tool_result", "usage", "checkpoint", "rewind", "fork", "agent_stop", "error", "epoch", "gap",
    }
)  # fmt: skip
"""Types that Flemma itself tells of. Others are told like these."""

BOOTSTRAP = ("session_info", "status", "activity")
"""Of these the latest is what holds: who comes late is told it first."""

SEGMENT = "segment"
_MOST_TOLD = 64 << 10
"""Characters of an event of which a segment still tells when it is gone."""
_REMEMBERED = 4096
"""Ids by which a reader knows what it has told already, where a file was put in place of another."""

Why = Literal["trimmed", "damaged", "replaced", "unknown", "shed"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `epoch` rises whenever what was told before holds no more; `number` is the how-many-th
    of its log it is; `stream_id` names what it belongs to, a turn or a message, "" for the session itself."""

    event_id: str
    stream_id: str
    epoch: int
    number: int
    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gap:
    """Events are missing behind the one with the id `after` ("": at the beginning). `lost`: how many, None where nobody
    knows. `why`: trimmed (they were the oldest), damaged (lines cannot be read), replaced (another file was put in
    place of the log), unknown (nobody knows an event of the id that was given), shed (they could not be written)."""

    after: str
    lost: int | None
    why: Why


Told = Event | Gap


def encode(event: Event) -> bytes:
    """The event as a line, its end included. Raises `Unwritable`."""
    body = {
        "v": FORMAT, "event_id": event.event_id, "stream_id": event.stream_id, "epoch": event.epoch,
        "n": event.number, "type": event.type, "data": event.data,
    }  # fmt: skip
    line = sealed(dumped(event.type, body))
    if len(line) > MOST_BYTES:
        raise Unwritable(f"an event of type {event.type} has {len(line):,} bytes, more than one may have")
    return line


def dumped(type: str, body: Any) -> bytes:
    """JSON of ASCII letters. Raises `Unwritable`."""
    try:
        return json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise Unwritable(f"an event of type {type} is no JSON: {error}") from error


def decode(line: bytes) -> Event | None:
    """What one line without its end says; None where that is nothing whole, or of a later format."""
    if not line.startswith(b'{"v":1,') or not is_whole(line):
        return None
    try:
        return event_of(json.loads(line))
    except (ValueError, RecursionError):
        return None


def event_of(body: Any) -> Event | None:
    """An event from its JSON."""
    match body:
        case {
            "event_id": str(id), "stream_id": str(stream), "epoch": int(epoch), "n": int(number), "type": str(type),
            "data": dict(data),
        } if id and type and epoch >= 0 and number >= 0:  # fmt: skip
            return Event(id, stream, epoch, number, type, data)
    return None


@dataclass(slots=True)
class EventLines:
    """Bytes in, events out. `offset`: behind the last line that is ended; `bad`: lines that could not be read."""

    offset: int = 0
    bad: int = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """Go on with what stands at `offset`. A last line without an end is left for the next time."""
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            line = data[begin:end]
            self.offset += end + 1 - begin
            begin = end + 1
            if (event := decode(line)) is not None:
                yield event
            elif line:
                self.bad += 1


@dataclass(slots=True)
class Reader:
    """Makes of a log's lines what a watcher is told: each event once, in order, with gaps said. `latest` has the last
    event of each bootstrap type; `dropped` counts events of an epoch that was over when they came; `retold` are ids of
    events that were told behind a gap, though they were before it."""

    number: int = 0
    highest: int = 0
    epoch: int = 0
    highest_epoch: int = 0
    last_id: str = ""
    latest: dict[str, Event] = field(default_factory=dict)
    dropped: int = 0
    segment: int = 0
    begins_at: int = 0
    retold: set[str] = field(default_factory=set)
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def replaced(self) -> Gap:
        """Another file stands where the log was: what comes now may have other numbers and epochs."""
        self.epoch = 0
        self.latest.clear()
        return Gap(self.last_id, None, "replaced")

    def knows(self, event_id: str) -> bool:
        """Whether it told that event, not long ago."""
        return event_id in self._seen

    def take(self, event: Event) -> list[Told]:
        """What the next line of the log comes to."""
        if event.type == SEGMENT:
            return self._begin(event)
        if event.event_id in self._seen:
            self._count(event.number)
            self._enter(event.epoch)
            return []
        told = self._missing(event.number - 1, "damaged")
        self._count(event.number)
        if event.epoch < self.epoch:
            self.dropped += 1
            return told
        self._enter(event.epoch)
        self.last_id = event.event_id
        self._seen[event.event_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if event.type in BOOTSTRAP:
            self.latest[event.type] = event
        if event.type == "gap":
            return [*told, Gap(event.event_id, count_of(event.data, "lost") or None, "shed")]
        return [*told, event]

    def _begin(self, event: Event) -> list[Told]:
        anew = not self.latest
        told = self._missing(event.number, "trimmed")
        self.segment = count_of(event.data, "segment") or self.segment + 1
        self.begins_at = event.number
        self._count(event.number)
        if told or anew or self.epoch < event.epoch:
            self._enter(event.epoch)
            for type, body in table_of(event.data, "latest").items():
                if type in BOOTSTRAP and (known := event_of(body)) is not None:
                    self.latest[type] = known
            if told:
                # What holds may have been among what is missing.
                fresh = [each for each in self.latest.values() if each.event_id not in self._seen]
                self.retold |= {each.event_id for each in fresh}
                return [*told, *sorted(fresh, key=lambda each: each.number)]
        return told

    def _enter(self, epoch: int) -> None:
        self.epoch = max(self.epoch, epoch)
        self.highest_epoch = max(self.highest_epoch, epoch)

    def _count(self, number: int) -> None:
        self.number = number
        self.highest = max(self.highest, number)

    def _missing(self, before: int, why: Why) -> list[Told]:
        """Whether events up to `before` were told, of which the last has that number."""
        if before <= self.number:
            return []
        return [Gap(self.last_id, before - self.number, why)]


def header(event_id: str, segment: int, reader: Reader) -> Event:
    """How a segment begins that follows what `reader` knows."""
    latest = {type: body for type, event in reader.latest.items() if len(str(body := as_json(event))) <= _MOST_TOLD}
    data = {"segment": segment, "latest": latest}
    return Event(event_id, "", reader.highest_epoch, reader.highest, SEGMENT, data)


def as_json(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.event_id, "stream_id": event.stream_id, "epoch": event.epoch, "n": event.number,
        "type": event.type, "data": event.data,
    }  # fmt: skip
