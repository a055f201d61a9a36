"""A model's reply on its way into the buffer: stream events in, edits out.

What a block of the reply is follows from its place in the stream, never from its text: text and thinking go through a
`Protector`, so nothing they say can read as structure, and only a `ToolCallEnd` writes a tool use. However a reply
ends, what it opened is closed: the prompt below it is always found.

Everything is written as it arrives except what has to be judged with what follows: half a line end, half a character,
a line's beginning that may look like structure, blank text that nothing follows yet. Cutting the stream elsewhere
gives the same buffer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import count, groupby
from typing import Literal

from flemma_py.document.headers import THINKING_CLOSE, aborted_line, header_value, thinking_open
from flemma_py.document.lines import is_blank, stands_inline
from flemma_py.document.protection import Protector
from flemma_py.document.query import open_fence, tool_uses
from flemma_py.document.serializer import prompt_lines, thinking_lines, tool_use_lines
from flemma_py.document.text import fit_for_buffer, splits_badly
from flemma_py.model.document import Document, Form
from flemma_py.model.patch import Append, Begin, SetMarked
from flemma_py.model.stream import (
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
)

ReplyEdit = Append | SetMarked


Phase = Literal["waiting", "thinking", "streaming", "tool"]
"""What the model is busy with, for the progress display."""


class Section(Enum):
    """What the last written line belongs to."""

    MARKER = "marker"
    TEXT = "text"
    THINKING = "thinking"
    BLOCK = "block"


class Reply:
    """A reply as far as it is written. A value: `feed` and `finish` leave it as it is and give the next one."""

    __slots__ = (
        "_answered",
        "_blank",
        "_calls",
        "_ids",
        "_mark",
        "_marks",
        "_protector",
        "_section",
        "_tail",
        "characters",
        "form",
        "phase",
    )

    characters: int
    """Characters received, of text, thinking and tool input."""
    phase: Phase
    form: Form
    """How its markers are written."""

    _section: Section
    _answered: bool
    """Text or a whole call has been written."""
    _protector: Protector | None
    """Of the open run of text or thinking."""
    _tail: str
    """The end of what came, to be judged with what follows."""
    _blank: str
    """Blank text before the first words of a run."""
    _marks: int
    _mark: str | None
    """The tag of the last thinking block, while its signature may still come."""
    _calls: tuple[tuple[int, str], ...]
    """Block and name of the calls that are being written."""
    _ids: frozenset[str]
    """Of all calls in the chat: some servers use the same few in every reply, and a result must find its own call."""

    @classmethod
    def begin(cls, lines: Sequence[str], document: Document) -> tuple[Reply, Begin]:
        """A reply at the end of the buffer `lines`, of which `document` is the parse. A fence that the user left open
        is closed first, as it would take the reply in."""
        reply = cls()
        reply.form = Form.OLD if document.old_throughout else Form.NEW
        reply._section = Section.MARKER
        reply._answered = False
        reply._protector = reply._mark = None
        reply._tail = reply._blank = ""
        reply._marks = reply.characters = 0
        reply._calls = ()
        reply._ids = frozenset(found.use.id for found in tool_uses(document))
        reply.phase = "waiting"
        apart = "\n" if not lines or is_blank(lines[-1]) else "\n\n"
        if fence := open_fence(document, lines):
            apart = "\n" + "`" * fence + "\n\n"
        return reply, Begin(apart + "@Assistant:", apart.count("\n"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has come that would be written: such a reply is better taken away than finished."""
        return self._section is Section.MARKER and self._protector is None and not self._tail.strip()

    @property
    def has_answer(self) -> bool:
        """Whether there is text or a call, and not thoughts alone."""
        held = self._protector is not None or bool(self._tail.strip())
        return self._answered or (held and self._section is not Section.THINKING)

    @property
    def tool(self) -> str | None:
        """The tool whose call is being written."""
        return self._calls[-1][1] if self._calls else None

    def feed(self, events: Iterable[StreamEvent]) -> tuple[Reply, tuple[ReplyEdit, ...]]:
        """The reply with `events` in it, and the edits that write them."""
        reply, pen = self._copy(), _Pen()
        for kind, group in groupby(events, key=type):
            if kind is TextDelta:
                reply._text("".join([event.text for event in group if isinstance(event, TextDelta)]), pen)
            elif kind is ThinkingDelta:
                reply._thinking("".join([event.text for event in group if isinstance(event, ThinkingDelta)]), pen)
            else:
                for event in group:
                    reply._event(event, pen)
        return reply, pen.edits()

    def finish(self, aborted: str | None = None) -> tuple[ReplyEdit, ...]:
        """The edits that end the reply and open the next prompt. `aborted` says why it did not end by itself. A call
        that never became complete is dropped."""
        reply, pen = self._copy(), _Pen()
        reply._end_run(pen)
        if aborted is not None:
            reply._block([aborted_line(aborted)], pen)
        pen.write("\n\n" + "\n".join(prompt_lines(self.form)))
        return pen.edits()

    def _copy(self) -> Reply:
        twin = Reply.__new__(Reply)
        for name in Reply.__slots__:
            setattr(twin, name, getattr(self, name))
        if self._protector is not None:
            twin._protector = self._protector.copy()
        return twin

    def _event(self, event: StreamEvent, pen: _Pen) -> None:
        match event:
            case ThinkingEnd():
                self._thinking_end(event, pen)
            case ToolCallStart(block, _, name):
                self._calls = (*self._calls, (block, name))
                self.phase = "tool"
            case ToolCallDelta(_, json):
                self.characters += len(json)
            case ToolCallEnd(block, id, name, arguments):
                self._calls = tuple(call for call in self._calls if call[0] != block)
                self.phase = "tool" if self._calls else "streaming"
                id = self._unused(id)
                self._ids |= {id}
                self._block(tool_use_lines(name, id, arguments), pen, apart=True)
                self._answered = True

    def _unused(self, id: str) -> str:
        """`id`, or with a number behind it where the chat has it already."""
        id = header_value(id)
        if id not in self._ids:
            return id
        return next(f"{id}_{number}" for number in count(2) if f"{id}_{number}" not in self._ids)

    def _text(self, text: str, pen: _Pen) -> None:
        self.characters += len(text)
        if self._section is Section.THINKING:
            self._end_run(pen)
        text = self._fitted(text)
        if self._protector is None:
            text = self._blank + text
            if not text.strip():
                self._blank = text
                return
            self._blank = ""
            self._protector = Protector()
        if not self._calls:
            self.phase = "streaming"
        self._write_text(self._protector.push(text), pen)

    def _write_text(self, text: str, pen: _Pen) -> None:
        if not text:
            return
        if self._section is Section.BLOCK:
            pen.write("\n\n")
        elif self._section is Section.MARKER:
            pen.write(" " if self.form is Form.OLD and stands_inline(text[:1]) else "\n")
        self._section = Section.TEXT
        self._answered = True
        pen.write(text)

    def _thinking(self, text: str, pen: _Pen) -> None:
        self.characters += len(text)
        if not text:
            return
        if self._section is not Section.THINKING:
            self._open_thinking(pen)
        self.phase = "thinking"
        assert self._protector is not None
        pen.write(self._protector.push(self._fitted(text)))

    def _open_thinking(self, pen: _Pen) -> None:
        self._end_run(pen)
        pen.write("\n" if self._section is Section.MARKER else "\n\n")
        self._marks += 1
        self._mark = f"thinking-{self._marks}"
        pen.mark(self._mark)
        pen.write(thinking_open() + "\n")
        self._section = Section.THINKING
        self._protector = Protector(thinking=True)

    def _thinking_end(self, event: ThinkingEnd, pen: _Pen) -> None:
        """A signature may come when text already follows: it still goes to the tag of its block."""
        if self._section is Section.THINKING:
            self._end_run(pen)
        if event.signature and self._mark:
            pen.set_marked(self._mark, thinking_open(event.provider, event.signature))
        elif event.signature:
            self._block(thinking_lines("", event.provider, event.signature), pen)
        self._mark = None
        if event.redacted is not None:
            self._block(thinking_lines(event.redacted, redacted=True), pen)

    def _block(self, lines: Sequence[str], pen: _Pen, *, apart: bool = False) -> None:
        """A whole block, a blank line above it; directly below the marker only if it is to stand `apart`."""
        self._end_run(pen)
        pen.write("\n" if self._section is Section.MARKER and not apart else "\n\n")
        pen.write("\n".join(lines))
        self._section = Section.BLOCK

    def _fitted(self, text: str) -> str:
        text = self._tail + text
        cut = len(text) - splits_badly(text)
        self._tail = text[cut:]
        return fit_for_buffer(text[:cut])

    def _end_run(self, pen: _Pen) -> None:
        """Write what is held back, and close the open fence or thinking tag."""
        tail, self._tail = fit_for_buffer(self._tail), ""
        if self._protector is None and tail.strip():
            tail, self._protector = self._blank + tail, Protector()
        self._blank = ""
        if self._protector is None:
            return
        rest = self._protector.push(tail) + self._protector.close()
        if self._section is Section.THINKING:
            pen.write(f"{rest}\n{THINKING_CLOSE}")
            self._section = Section.BLOCK
        else:
            self._write_text(rest, pen)
            if self._protector.fence:
                pen.write("\n" + "`" * self._protector.fence)
        self._protector = None


class _Pen:
    """Collects what is written, as few edits as possible."""

    def __init__(self) -> None:
        self._done: list[ReplyEdit] = []
        self._parts: list[str] = []
        self._marked: tuple[str, int] | None = None

    def write(self, text: str) -> None:
        if text:
            self._parts.append(text)

    def mark(self, name: str) -> None:
        """Mark the line that is written next; what is written must be at its beginning."""
        if self._marked:
            self._cut()
        self._marked = (name, "".join(self._parts).count("\n"))

    def set_marked(self, name: str, text: str) -> None:
        self._cut()
        self._done.append(SetMarked(name, text))

    def edits(self) -> tuple[ReplyEdit, ...]:
        self._cut()
        return tuple(self._done)

    def _cut(self) -> None:
        if self._parts:
            self._done.append(Append("".join(self._parts), self._marked))
        self._parts, self._marked = [], None
