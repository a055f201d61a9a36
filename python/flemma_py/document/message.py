"""One message, from its marker line to the next marker outside a fence.

The reader goes from special line to special line (see `lines.SPECIAL`) and keeps what lies between as prose. At a
marker line nothing is open, whatever came before: that is why messages can be parsed, and reused, one by one. What is
malformed stays prose and gets a diagnostic; only a fence of three or more backticks that is never closed takes
everything below it, markers too.

Blank lines: the one next to a block is layout, and those at the message's end are too; all others are text.
"""

from __future__ import annotations

from collections.abc import Sequence

from flemma_py.document import headers
from flemma_py.document.blocks import (
    Block,
    Malformed,
    read_thinking,
    read_tool_result,
    read_tool_use,
    unclosed_fence,
)
from flemma_py.document.lines import (
    BLANKS,
    SPECIAL,
    closing_fence,
    is_marker,
    looks_like_structure,
    opened_fence,
    split_marker,
    stands_inline,
)
from flemma_py.document.near_miss import meant_role
from flemma_py.document.prose import prose_segments
from flemma_py.document.source import Source
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Diagnostic,
    Form,
    Message,
    Role,
    Segment,
    Severity,
    Span,
    Text,
)


def read_message(lines: list[str], first: int, form: Form) -> Message:
    """The message whose marker is on line `first` of a file of this form. In an old-form file `lines` must be the
    reader's own: the text behind the marker takes the marker's place."""
    marker = split_marker(lines[first])
    assert marker is not None, "a message begins at a marker line"
    role, rest = marker
    inline = rest.lstrip(BLANKS)
    if not inline:
        return _Reader(Source(lines, first, form, 0), role, first + 1).read(Form.NEW)
    offset = len(lines[first]) - len(inline)  # what precedes is ASCII
    lines[first] = inline
    return _Reader(Source(lines, first, form, offset), role, first).read(Form.OLD)


class _Reader:
    """Reads once, from `at` on. `start` is where the prose begins that is not yet a segment."""

    __slots__ = ("diagnostics", "end", "lines", "protected", "role", "segments", "source", "start")

    def __init__(self, source: Source, role: Role, at: int) -> None:
        self.source = source
        self.lines: Sequence[str] = source.lines
        self.role = role
        self.start = at
        self.end = len(source.lines)
        self.segments: list[Segment] = []
        self.diagnostics: list[Diagnostic] = []
        self.protected: list[int] = []

    def read(self, form: Form) -> Message:
        lines, at, content = self.lines, self.start, self.start
        while at < self.end:
            line = lines[at]
            at = self._special(at, line) if line[:1] in SPECIAL else at + 1
        self._take_prose(self.end, before_block=False)
        if not self.segments:
            self.segments.append(Text("", self._behind_marker()))
        if self.source.form is Form.OLD and (content >= self.end or not stands_inline(lines[content])):
            form = Form.OLD  # nothing that could stand behind the marker stands elsewhere
        count = self.end - self.source.first
        return Message(self.role, form, tuple(self.segments), tuple(self.diagnostics), count)

    def _behind_marker(self) -> Span:
        width = self.source.end_column(self.source.first)
        return Span(0, width, 0, width)

    def _special(self, at: int, line: str) -> int:
        """Deal with a line that may be more than prose; the line to go on at."""
        match line[0]:
            case "`" if ticks := opened_fence(line):
                return self._fence(at, ticks)
            case "@":
                return self._at_sign(at, line)
            case "<":
                return self._tag(at, line)
            case "*":
                return self._tool_header(at, line)
            case "\\" if looks_like_structure(line):
                self.protected.append(at)
        return at + 1

    def _fence(self, at: int, ticks: int) -> int:
        close = closing_fence(self.lines, at + 1, ticks)
        if close == len(self.lines):
            self.diagnostics.append(unclosed_fence(self.source, at))
        return close + 1

    def _at_sign(self, at: int, line: str) -> int:
        if at == self.source.first:
            return at + 1  # behind the marker no other can stand
        if is_marker(line, self.source.form):
            self.end = at
            return at
        if split_marker(line):
            message = "Text, as the first marker here stands alone on its line. `:Flemma format` makes it a marker."
            span = self.source.span(at, at)
            self.diagnostics.append(Diagnostic("old_marker", Severity.HINT, message, span))
        elif role := meant_role(line):
            message = f"This line is text. Was @{role.value}: meant?"
            self.diagnostics.append(self.source.warning("near_marker", message, at))
        return at + 1

    def _tag(self, at: int, line: str) -> int:
        if self.role is Role.ASSISTANT:
            if tag := headers.read_thinking_tag(line):
                return self._block(at, read_thinking(self.source, at, tag))
            message = headers.read_aborted(line)
            if message is not None:
                return self._add(Aborted(message, self.source.span(at, at)), at, at + 1)
        elif self.role is Role.YOU and headers.is_checkpoint(line):
            if self.start == at == self.source.first + 1:
                return self._add(Checkpoint(self.source.span(at, at)), at, at + 1)
            message = "This line is text: a checkpoint stands on the line below `@You:`."
            self.diagnostics.append(Diagnostic("stray_checkpoint", Severity.HINT, message, self.source.span(at, at)))
        return at + 1

    def _tool_header(self, at: int, line: str) -> int:
        if self.role is Role.ASSISTANT and (use := headers.read_tool_use(line)):
            return self._block(at, read_tool_use(self.source, at, *use))
        if self.role is Role.YOU and (result := headers.read_tool_result(line)):
            return self._block(at, read_tool_result(self.source, at, result))
        return at + 1

    def _block(self, at: int, outcome: Block | Malformed) -> int:
        self.diagnostics += outcome.diagnostics
        if isinstance(outcome, Block):
            return self._add(outcome.segment, at, outcome.end)
        self.protected += outcome.protected
        return outcome.end

    def _add(self, block: Segment, at: int, end: int) -> int:
        self._take_prose(at, before_block=True)
        self.segments.append(block)
        self.start = end
        return end

    def _take_prose(self, end: int, *, before_block: bool) -> None:
        """The prose before `end` becomes segments, without the blank lines that are layout."""
        lines, start = self.lines, self.start
        if self.segments and start < end and not lines[start]:
            start += 1
        if before_block and start < end and not lines[end - 1]:
            end -= 1
        while not before_block and start < end and not lines[end - 1]:
            end -= 1
        if any(lines[index] for index in range(start, end)):
            self.segments += prose_segments(self.source, self.role, start, end, self.protected)
            self.protected.clear()
