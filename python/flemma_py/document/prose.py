"""Prose of a message as segments: one `Text`, or in System and You messages text, expressions and code in turn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from flemma_py.document.source import Source
from flemma_py.document.template import template_pieces
from flemma_py.document.text import byte_width
from flemma_py.model.document import Code, Expression, Role, Segment, Span, Text


def prose_segments(source: Source, role: Role, first: int, end: int, protected: Sequence[int]) -> list[Segment]:
    """The lines [`first`, `end`) as segments; `protected` are lines with a backslash to take off, of any range."""
    lines = source.lines[first:end]
    taken = [index - first for index in protected if first <= index < end]
    if taken:
        lines = list(lines)
        for index in taken:
            lines[index] = lines[index][1:]
    value = "\n".join(lines)
    if role is not Role.ASSISTANT and ("{{" in value or "{%" in value):
        return _split(source, first, lines, value, set(taken))
    return [Text(value, source.span(first, end - 1), tuple(taken))]


def _split(source: Source, first: int, lines: Sequence[str], value: str, taken: set[int]) -> list[Segment]:
    places = _Places(source, first, lines, value, taken)
    segments: list[Segment] = []
    at = 0
    for piece in template_pieces(value):
        if piece.start > at:
            segments.append(places.text(at, piece.start))
        kind = Code if piece.is_code else Expression
        span = places.span(piece.start, piece.end)
        segments.append(kind(piece.code, piece.trim_before, piece.trim_after, span))
        at = piece.end
    if at < len(value):
        segments.append(places.text(at, len(value)))
    return segments


class _Places:
    """Offsets in the joined text back to lines and byte columns of the message."""

    def __init__(self, source: Source, first: int, lines: Sequence[str], value: str, taken: set[int]) -> None:
        self._source, self._first, self._lines, self._value, self._taken = source, first, lines, value, taken
        self._starts = list(accumulate((len(line) + 1 for line in lines), initial=0))[:-1]

    def span(self, start: int, end: int) -> Span:
        return Span(*self._place(start), *self._place(end))

    def text(self, start: int, end: int) -> Text:
        first, last = self._index(start), self._index(end)
        # The span's own column counts the backslash of the line in which it begins.
        protected = tuple(index - first for index in sorted(self._taken) if first < index <= last)
        return Text(self._value[start:end], self.span(start, end), protected)

    def _index(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _place(self, offset: int) -> tuple[int, int]:
        index = self._index(offset)
        line = self._first + index
        column = byte_width(self._lines[index][: offset - self._starts[index]])
        return line - self._source.first, column + self._source.column(line) + (index in self._taken)
