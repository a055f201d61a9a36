"""A journal's lines: one checked record of JSON each, and what can still be read where a file was damaged.

A line is ASCII, so no text in it can look like a line's end, and it ends with the sum of itself:
`{"v":1,"id":…,"ts":…,"w":…,"n":…,"type":…,"d":{…},"c":"<crc32>"}`. A bad line never hides another: it is told with its
place and stays in the file. Lines of a later format are counted and left alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from zlib import crc32

FORMAT = 1
MOST_BYTES = 16 << 20
"""A longer line is skipped. Writers put large values into files of their own."""
MOST_PIECES = 48
"""How many beginnings and ends are tried in a line of several that grew together."""

_END = re.compile(rb',"c":"([0-9a-f]{8})"\}')
_END_BYTES = 16
_TEMPLATE = b',"c":"\0\0\0\0\0\0\0\0"}'
_HEX = frozenset(b"0123456789abcdef")
_BEGINNING = b'{"v":'
_VERSION = re.compile(rb'\{"v":([0-9]{1,9})[,}]')
_BOM = b"\xef\xbb\xbf"
_BLANK = b"\0\r\t "


class Unwritable(ValueError):
    """A record that no line can hold: too large, or not JSON."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `ts`: seconds since the epoch, for people only; `writer` and `number`: which process wrote it, and
    its how many-th; `batch`: (id, which, how many) of records that count only together; `start` and `size`: its bytes
    in the file, -1 where it was not read from one."""

    id: str
    ts: float
    writer: str
    number: int
    type: str
    data: Mapping[str, Any]
    batch: tuple[str, int, int] | None = None
    start: int = -1
    size: int = 0


@dataclass(frozen=True, slots=True)
class Foreign:
    """A line of a later format: kept, not understood."""

    version: int
    start: int
    size: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record. `torn`: a write that did not come to its end; `bad`: anything else; `unfinished`: good
    records of a batch that was not written whole."""

    why: Literal["torn", "bad", "long", "unfinished"]
    start: int
    size: int


Item = Record | Foreign | Damage


def encode(record: Record) -> bytes:
    """The record as a line, its end included. Raises `Unwritable`."""
    body: dict[str, Any] = {
        "v": FORMAT, "id": record.id, "ts": record.ts, "w": record.writer, "n": record.number, "type": record.type
    }  # fmt: skip
    if record.batch is not None:
        body["b"] = record.batch
    body["d"] = record.data
    try:
        raw = json.dumps(body, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise Unwritable(f"a record of type {record.type} is no JSON: {error}") from error
    if len(raw) > MOST_BYTES - _END_BYTES:
        raise Unwritable(f"a record of type {record.type} has {len(raw):,} bytes, more than a line may have")
    return sealed(raw)


def sealed(raw: bytes) -> bytes:
    """An object of JSON, which ends with `}`, as a line that tells its own sum."""
    return b'%b,"c":"%08x"}\n' % (raw[:-1], crc32(raw))


def decode(line: bytes, start: int = -1) -> Record | Foreign | None:
    """What one line without its end says; None where that is nothing whole."""
    size = len(line)
    line = line.removeprefix(_BOM).strip(_BLANK)
    if not line.startswith(_BEGINNING):
        return None
    if not is_whole(line):
        return _foreign(line, start, size) if not _END.match(line, max(len(line) - _END_BYTES, 0)) else None
    body = _parsed(line)
    if body is None:
        return None
    if body.get("v") != FORMAT:
        return _foreign(line, start, size)
    return _record(body, start, size)


def is_whole(line: bytes) -> bool:
    """Whether the line ends with the right sum of itself."""
    end = _END.match(line, max(len(line) - _END_BYTES, 0))
    return end is not None and int(end[1], 16) == crc32(b"}", crc32(line[:-_END_BYTES]))


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _foreign(line: bytes, start: int, size: int) -> Foreign | None:
    version = _VERSION.match(line)
    if version is None or int(version[1]) <= FORMAT or _parsed(line) is None:
        return None
    return Foreign(int(version[1]), start, size)


def _record(body: Mapping[str, Any], start: int, size: int) -> Record | None:
    match body:
        case {
            "id": str(id), "ts": int() | float() as ts, "w": str(writer), "n": int(number), "type": str(kind),
            "d": dict(data),
        } if id and kind and math.isfinite(ts):  # fmt: skip
            pass
        case _:
            return None
    match body.get("b"):
        case None:
            batch = None
        case [str(of), int(which), int(many)] if 1 <= which <= many:
            batch = (of, which, many)
        case _:
            return None
    return Record(id, float(ts), writer, number, kind, data, batch, start, size)


def salvage(line: bytes, start: int) -> Iterator[Record | Foreign | Damage]:
    """The records in a line that is none: several that grew together, or one behind the rest of a torn one. What lies
    between them is told as damage; a line without any is one damage."""
    ends = [match.end() for match in _END.finditer(line)][-MOST_PIECES:]
    beginnings = [at.start() for at in re.finditer(re.escape(_BEGINNING), line)]
    beginnings = [*beginnings[:MOST_PIECES], *beginnings[MOST_PIECES:][-MOST_PIECES:]]
    done = 0
    for at in beginnings:
        if at < done:
            continue
        for end in (end for end in ends if end > at):
            found = decode(line[at:end], start + at)
            if found is not None:
                if line[done:at].strip(_BLANK):
                    yield Damage("bad" if done else "torn", start + done, at - done)
                yield found
                done = end
                break
    if line[done:].strip(_BLANK) or not done:
        yield Damage("torn" if _is_torn(line[done:]) else "bad", start + done, len(line) - done)


def _is_torn(line: bytes) -> bool:
    """Whether a bad line is what a write leaves that is cut short: a beginning, or a block that never reached the disk.
    All else was whole once."""
    begins = line.startswith(_BEGINNING) or _BEGINNING.startswith(line)
    return (begins or b"\0" in line) and not _was_whole(line)


def _was_whole(line: bytes) -> bool:
    """Whether a bad line ends about as a whole one does, so that it was written to its end."""
    return any(_ends_alike(end) for end in (line, line.rstrip(_BLANK)))


def _ends_alike(line: bytes) -> bool:
    end = line[-_END_BYTES:]
    alike = (one in _HEX if like == 0 else one == like for one, like in zip(end, _TEMPLATE, strict=False))
    return len(end) == _END_BYTES and sum(alike) >= _END_BYTES - 2


@dataclass(slots=True)
class LineReader:
    """Bytes in, records out. `offset`: where to go on reading later: behind the last whole line that belongs to no
    batch that is still open."""

    offset: int = 0
    _at: int = field(init=False, default=0)
    _rest: bytearray = field(init=False, default_factory=bytearray)
    _skipping: int = field(init=False, default=0)
    _open: list[Record] = field(init=False, default_factory=list)
    _doubtful: list[Damage] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._at = self.offset

    def feed(self, data: bytes) -> Iterator[Item]:
        """Go on with what follows in the file."""
        begin = 0
        while (end := data.find(b"\n", begin)) >= 0:
            piece = data[begin:end]
            begin = end + 1
            if self._skipping:
                size = self._skipping + len(piece)
                self._skipping = 0
                yield from self._joined([Damage("long", self._at, size)])
            else:
                if self._rest:
                    self._rest += piece
                    piece = bytes(self._rest)
                    self._rest.clear()
                size = len(piece)
                items = iter([Damage("long", self._at, size)]) if size > MOST_BYTES else _items(piece, self._at)
                yield from self._joined(items)
                if not size and self._doubtful:
                    # Nobody writes an empty line: something else became one.
                    yield from self._release()
            self._at += size + 1
            if not self._open:
                self.offset = self._at
        self._keep(data[begin:])

    def _keep(self, piece: bytes) -> None:
        if self._skipping:
            self._skipping += len(piece)
            return
        self._rest += piece
        if len(self._rest) > MOST_BYTES:
            self._skipping = len(self._rest)
            self._rest.clear()

    def finish(self) -> Iterator[Item]:
        """The file ends here, for now. A last line that has no end may still be written: `offset` stays before it."""
        if self._skipping:
            yield from self._joined([Damage("long", self._at, self._skipping)])
        elif self._rest:
            yield from self._joined(_items(bytes(self._rest), self._at))
        yield from self._drop()

    def _joined(self, items: Iterable[Item]) -> Iterator[Item]:
        """Hold the records of a batch back until all are there. A batch of which only the beginning came is none, but
        one that lost a record to damage keeps the others: they had been written whole."""
        for item in items:
            match item:
                case Record(batch=(of, which, many)):
                    if self._open and self._open[0].batch is not None and self._open[0].batch[0] != of:
                        yield from self._drop()
                    self._open.append(item)
                    if which == many:
                        yield from self._release()
                case Damage(why="bad"):
                    yield from self._release()
                    yield item
                case Damage() if self._open:
                    # A tear, if nothing of this batch follows.
                    self._doubtful.append(item)
                case _:
                    yield from self._drop()
                    yield item

    def _release(self) -> Iterator[Item]:
        held: list[Item] = [*self._open, *self._doubtful]
        self._open.clear()
        self._doubtful.clear()
        yield from held

    def _drop(self) -> Iterator[Item]:
        if self._open:
            first, last = self._open[0], self._open[-1]
            self._open.clear()
            yield Damage("unfinished", first.start, last.start + last.size - first.start)
        yield from self._release()


def _items(line: bytes, start: int) -> Iterator[Item]:
    found = decode(line, start)
    if found is not None:
        yield found
    elif line.strip(_BLANK + _BOM):
        yield from salvage(line, start)
    elif b"\0" in line:
        yield Damage("torn", start, len(line))


def read(data: bytes) -> list[Item]:
    """All that a whole file says."""
    reader = LineReader()
    return [*reader.feed(data), *reader.finish()]


def batched(records: list[Record]) -> list[Record]:
    """The records as one batch: readers take all of them or none."""
    if len(records) < 2:
        return records
    of = records[0].id
    return [replace(each, batch=(of, at, len(records))) for at, each in enumerate(records, 1)]
