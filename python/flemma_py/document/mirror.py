"""The text of one buffer as the host knows it, fed by line ranges, and its parse, kept up with what changed.

Pure: it is told what changed, by whom it does not care. It never repairs itself: `fits` says whether it is right, and
whoever feeds it fetches the whole text if not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flemma_py.document.parser import parse, reparse
from flemma_py.model.document import Document

END = -1
"""Column of a `Place` that means the end of its line."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the editor says of a buffer: changedtick, number of lines, bytes with one for each line end."""

    tick: int
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edit landed: what stood from (`row`, `column`) up to (`end_row`, `end_column`) was replaced. Columns are
    bytes or `END`; with `whole_lines` they do not count and the rows [`row`, `end_row`) were replaced."""

    row: int
    column: int
    end_row: int
    end_column: int
    whole_lines: bool = False


def byte_length(text: str) -> int:
    """Bytes of `text` in the buffer; bytes that are no UTF-8 stand as surrogate escapes, one each."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def split_at(line: str, column: int) -> tuple[str, str]:
    """`line` before and behind the byte `column`."""
    if column == END:
        return line, ""
    if line.isascii():
        return line[:column], line[column:]
    raw = line.encode("utf-8", "surrogateescape")
    return raw[:column].decode("utf-8", "surrogateescape"), raw[column:].decode("utf-8", "surrogateescape")


class Mirror:
    """One buffer's lines. `resyncs` counts how often the text had to be fetched because this one was wrong."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.tick = -1
        self.resyncs = 0
        self._bytes = 1
        self.characters = 1
        """With one for each line end, as bytes are counted."""
        self._document: Document | None = None
        self._dirty: tuple[int, int, int] | None = None
        self._arriving: list[str] = []

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.tick, len(self.lines), self._bytes)

    def fits(self, stamp: Stamp) -> bool:
        """Is this what the editor has?"""
        return self.stamp == stamp

    def receive(self, first: int, total: int, text: str, tick: int) -> bool:
        """Take a slice of the whole text that begins at line `first`; True once all `total` lines are here."""
        if first == 0:
            self._arriving = []
        self._arriving[first:] = text.split("\n")
        if len(self._arriving) < total:
            return False
        self.replace(self._arriving, tick)
        self._arriving = []
        return True

    def replace(self, lines: Sequence[str], tick: int) -> None:
        """Take the whole text anew."""
        self.lines = list(lines)
        self.tick = tick
        self._bytes = sum(map(byte_length, self.lines)) + len(self.lines)
        self.characters = sum(map(len, self.lines)) + len(self.lines)
        self._document = None
        self._dirty = None

    def change(self, first: int, last: int, lines: Sequence[str], tick: int) -> None:
        """Lines [`first`, `last`) are now `lines`."""
        self.tick = tick
        if first == last and not lines:
            return
        removed = self.lines[first:last]
        self._bytes += sum(map(byte_length, lines)) + len(lines) - sum(map(byte_length, removed)) - len(removed)
        self.characters += sum(map(len, lines)) + len(lines) - sum(map(len, removed)) - len(removed)
        self.lines[first:last] = lines
        self._soil(first, last, first + len(lines))

    def place(self, place: Place, lines: Sequence[str]) -> None:
        """Our own edit landed: `lines` are its text (`tick` follows with the batch, see `settle`)."""
        if place.whole_lines:
            self.change(place.row, place.end_row, lines, self.tick)
            return
        if place.row == place.end_row and place.column == place.end_column == END:
            self._append(place.row, lines)
            return
        before, _ = split_at(self.lines[place.row], place.column)
        _, behind = split_at(self.lines[place.end_row], place.end_column)
        joined = [before + lines[0], *lines[1:]]
        joined[-1] += behind
        self.change(place.row, place.end_row + 1, joined, self.tick)

    def settle(self, tick: int) -> None:
        """A batch of our own edits has been written; `tick` is the changedtick after it."""
        self.tick = tick

    def document(self) -> Document:
        """The parse of the text as it is now: incremental after the first."""
        if self._document is None:
            self._document = parse(self.lines)
        elif self._dirty is not None:
            self._document = reparse(self._document, self.lines, *self._dirty)
        self._dirty = None
        return self._document

    def _append(self, row: int, lines: Sequence[str]) -> None:
        # The way of every delta: no look at the length of a line that may be long.
        self.lines[row] += lines[0]
        self.lines[row + 1 : row + 1] = lines[1:]
        self._bytes += sum(map(byte_length, lines)) + len(lines) - 1
        self.characters += sum(map(len, lines)) + len(lines) - 1
        self._soil(row, row + 1, row + len(lines))

    def _soil(self, first: int, last: int, new: int) -> None:
        """Join the change of lines [first, last) to [first, new) with those that the parse has not seen."""
        if self._document is None:
            return
        if self._dirty is None:
            self._dirty = (first, last, new)
            return
        start, old_end, new_end = self._dirty
        reach = max(new_end, last)
        self._dirty = (min(start, first), old_end + reach - new_end, reach + new - last)
