"""A chat without an editor: the core's edits land in memory, and what it shows goes to the terminal.

Nobody types here. So a reply's anchor is always the buffer's end, an edit is in the buffer as soon as it was asked for,
and what the core wants to ask is answered by what was said when the run began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

from flemma_py.app.meaning import Diagnosis
from flemma_py.cli.terminal import Terminal
from flemma_py.conversation.state import Activity, Flight, Reveal, View
from flemma_py.document.mirror import END, Mirror, Place
from flemma_py.model.patch import Append, Begin, Edit, RemoveReply, SetMarked, Splice
from flemma_py.model.stream import (
    StreamEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallEnd,
)
from flemma_py.prompt.start import unsent_characters

PHASES = {"waiting": "waiting for an answer", "thinking": "thinking", "streaming": "", "tool": "writing a call"}


class TextBuffer:
    """The lines, and the marks of the reply that is being written."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.mirror = Mirror()
        self.mirror.replace(list(lines) or [""], 0)
        self._start = (0, "")
        self._marks: dict[str, int] = {}

    @property
    def lines(self) -> list[str]:
        return self.mirror.lines

    def apply(self, edit: Edit) -> None:
        last = len(self.lines) - 1
        match edit:
            case Begin(text):
                self._start = (last, self.lines[last])
                self._append(text)
            case Append(text, mark):
                if mark is not None:
                    self._marks[mark[0]] = last + mark[1]
                self._append(text)
            case SetMarked(name, text):
                row = self._marks[name]
                self.mirror.change(row, row + 1, [text], 0)
            case RemoveReply():
                row, line = self._start
                self.mirror.change(row, last + 1, [line], 0)
            case Splice(first, end, lines):
                self.mirror.change(first, end, list(lines), 0)

    def _append(self, text: str) -> None:
        row = len(self.lines) - 1
        self.mirror.place(Place(row, END, row, END), text.split("\n"))


class FileChat:
    """See `app.editor.ChatEditor`. `saved` is called when a step is whole: what is in the buffer may be written down.
    `may_read` says of a file outside of the project whether the chat may have it."""

    number = 0

    def __init__(
        self,
        lines: Sequence[str],
        terminal: Terminal,
        *,
        saved: Callable[[list[str]], None],
        may_read: Callable[[str], Awaitable[bool]],
        used: Callable[[dict[str, Any]], None],
    ) -> None:
        self.buffer = TextBuffer(lines)
        self.terminal = terminal
        self.said: list[str] = []
        """What the model said, a text for each reply."""
        self.errors: list[str] = []
        self._saved = saved
        self._may_read = may_read
        self._used = used
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def wait(self) -> str:
        """Until the chat is idle again; how it ended."""
        return await self._ended

    # ---- the buffer

    def write(self, group: int, edits: Sequence[Edit]) -> None:
        for edit in edits:
            self.buffer.apply(edit)

    async def drain(self) -> None:
        """Everything is there already."""

    def view(self) -> View:
        return View(self.buffer.mirror.document(), tuple(self.buffer.lines))

    def characters(self) -> int:
        mirror = self.buffer.mirror
        return mirror.characters - unsent_characters(mirror.document(), mirror.lines)

    async def place(self, first: int, last: int, lines: Sequence[str]) -> bool:
        self.buffer.apply(Splice(first, last, tuple(lines)))
        return True

    # ---- what is told

    def heard(self, events: Sequence[StreamEvent]) -> None:
        for event in events:
            match event:
                case TextDelta(text):
                    self.said[-1] += text
                    self.terminal.event("text", text=text)
                    self.terminal.answer(text)
                case ThinkingDelta(text):
                    self.terminal.event("thinking", text=text)
                case ToolCallEnd(_, id, name, arguments):
                    self.terminal.event("tool_call", id=id, name=name, arguments=arguments)

    def sending(self, timeout: float) -> None:
        if self.said and self.said[-1]:
            # What follows is another reply.
            self.terminal.end_line()
            self.terminal.answer("\n")
        self.said.append("")
        self.terminal.event("request")

    def progress(self, label: str | None, where: str | int, activity: Activity | None = None) -> None:
        if label is None and activity is not None:
            tool = f" of {activity.tool}" if activity.tool else ""
            count = f" ({activity.characters:,} characters)" if activity.characters else ""
            phase = PHASES[activity.phase]
            label = f"{phase}{tool}{count}..." if phase else ""
        self.terminal.progress(label or "")

    def tool(self, name: str, id: str, status: str, *, timeout: float | None = None) -> None:
        self.terminal.event("tool", name=name, id=id, status=status, timeout=timeout)
        if status in ("success", "error"):
            self.terminal.step(f"{'ran' if status == 'success' else 'failed:'} {name}")

    def used(self, request: dict[str, Any]) -> None:
        self._used(request)

    def over(self, status: str) -> None:
        self._saved(self.buffer.lines)

    def tell(self, level: str, message: str) -> None:
        if level == "error":
            self.errors.append(message)
        self.terminal.notice(level, message)

    async def ended(self, status: str, line: int | None) -> None:
        self.terminal.progress("")
        if not self._ended.done():
            self._ended.set_result(status)

    # ---- what is asked

    async def consent(self, path: str) -> bool:
        if await self._may_read(path):
            return True
        self.tell("warn", f"{path} is outside of the chat's project and was not read: --allow 'read({path})' allows it")
        return False

    async def choose(self, question: str, options: Sequence[str]) -> int | None:
        return None

    # ---- what only a screen has

    def reveal(self, effect: Reveal) -> None: ...

    def flight(self, flight: Flight | None) -> None: ...

    def budget(self, funds: Sequence[Mapping[str, Any]]) -> None: ...

    def estimated(self, tokens: int, *, exact: bool) -> None: ...

    def looks(self, values: Mapping[str, Any]) -> None: ...

    def diagnose(self, diagnoses: Sequence[Diagnosis]) -> None: ...

    def session(self, kind: Literal["facts", "event"], told: Mapping[str, Any]) -> None: ...

    def beside(self, title: str, lines: Sequence[str]) -> None: ...
