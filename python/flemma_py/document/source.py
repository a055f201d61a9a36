"""The lines of one message while it is being read, and its way of counting: from the message's own first line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flemma_py.document.lines import closes_fence, is_marker
from flemma_py.document.text import byte_width
from flemma_py.model.document import Diagnostic, Form, Severity, Span


@dataclass(slots=True)
class Source:
    """`lines` are the file's, save that an old-form marker's own line holds only what stands behind the marker;
    `offset` is how many bytes were taken off there."""

    lines: Sequence[str]
    first: int
    form: Form
    offset: int
    hopeless: set[int] = field(default_factory=set)
    """Short fences that nothing closes from here to the next marker: not to be searched for again."""

    def span(self, first: int, last: int) -> Span:
        """The lines `first` to `last`, both included."""
        return Span(first - self.first, self.column(first), last - self.first, self.end_column(last))

    def column(self, line: int) -> int:
        return self.offset if line == self.first else 0

    def end_column(self, line: int) -> int:
        return self.column(line) + byte_width(self.lines[line])

    def warning(self, kind: str, message: str, line: int) -> Diagnostic:
        return Diagnostic(kind, Severity.WARNING, message, self.span(line, line))

    def close_short_fence(self, start: int, ticks: int) -> int | None:
        """The line that closes a fence of one or two backticks. Such a fence protects no marker."""
        if ticks in self.hopeless:
            return None
        for index in range(start, len(self.lines)):
            line = self.lines[index]
            if line[:1] == "`" and closes_fence(line, ticks):
                return index
            if line[:1] == "@" and is_marker(line, self.form):
                break
        self.hopeless.add(ticks)
        return None
