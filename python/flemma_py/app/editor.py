"""Neovim as the app sees it: what may be asked of an editor. `edge/` is the only one that answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from flemma_py.app.meaning import Diagnosis
from flemma_py.conversation.state import Activity, Flight, Reveal, View
from flemma_py.model.patch import Edit
from flemma_py.model.stream import StreamEvent


class ChatEditor(Protocol):
    """One chat buffer."""

    @property
    def number(self) -> int:
        """What the editor knows it by."""
        ...

    def write(self, group: int, edits: Sequence[Edit]) -> None:
        """Queue edits; those of one group are one undo step. What arrives while a write is under way joins the next."""
        ...

    async def drain(self) -> None:
        """Return when all that was queued is in the buffer. Raises `EditorError` if it could not be written."""
        ...

    def view(self) -> View:
        """What is in the buffer by now."""
        ...

    def progress(self, label: str | None, where: str | int, activity: Activity | None = None) -> None:
        """Show what is going on, at the role `"marker"`, the reply's `"end"` or a line. Neither label nor activity:
        nothing."""
        ...

    def tool(self, name: str, id: str, status: str, *, timeout: float | None = None) -> None:
        """A call was asked for (`waiting`), has begun (`executing`), has ended (`success`, `error`): tell whoever
        listens. `timeout`: seconds that it has, where that is known."""
        ...

    def reveal(self, effect: Reveal) -> None:
        """Bring lines before the user's eyes, and say that another press runs what is there."""
        ...

    def over(self, status: str) -> None:
        """A request is over, and the chat goes on by itself: tell whoever listens."""
        ...

    def flight(self, flight: Flight | None) -> None:
        """How autopilot stands in this chat, for status lines."""
        ...

    def sending(self, timeout: float) -> None:
        """A request goes out, and may be silent for `timeout` seconds: tell whoever listens."""
        ...

    def heard(self, events: Sequence[StreamEvent]) -> None:
        """The model said this: for an editor that shows it elsewhere than in the buffer."""
        ...

    def used(self, request: dict[str, Any]) -> None:
        """A request is over: what it used and at which prices, under the names of the session API."""
        ...

    def budget(self, funds: Sequence[Mapping[str, Any]]) -> None:
        """What is taken of the limits that hold for the chat: scope, limit, spent, in_flight (USD) and whether a part
        of that is a guess."""
        ...

    def characters(self) -> int:
        """How many of the buffer's a request would hold by now: not those that a checkpoint keeps out."""
        ...

    def estimated(self, tokens: int, *, exact: bool) -> None:
        """About how many tokens the chat is; `exact`: somebody has counted them."""
        ...

    def session(self, kind: Literal["facts", "event"], told: Mapping[str, Any]) -> None:
        """What scripts may want to know of the chat's session: facts that changed, or something that happened."""
        ...

    async def ended(self, status: str, line: int | None) -> None:
        """The chat is idle: unlock it, put the cursor onto `line` (0-based) if one is given."""
        ...

    def looks(self, values: Mapping[str, Any]) -> None:
        """What the chat's own frontmatter says of its looks, as nested tables, in place of what it said before."""
        ...

    def diagnose(self, diagnoses: Sequence[Diagnosis]) -> None:
        """Mark places in the buffer, instead of those that were marked before."""
        ...

    async def consent(self, path: str) -> bool:
        """Whether the chat may have the file at the real `path`, which lies outside its project: asks the user."""
        ...

    async def choose(self, question: str, options: Sequence[str]) -> int | None:
        """Which of the options the user takes (from 0 on); None where they take none. However long they think."""
        ...

    async def place(self, first: int, last: int, lines: Sequence[str]) -> bool:
        """Replace the lines [first, last) while the chat is idle, as one undo step. False where it is busy, or its text
        is not what `view` gives by now: nothing is changed then."""
        ...

    def beside(self, title: str, lines: Sequence[str]) -> None:
        """Show a text, which reads as a chat, in a window of its own."""
        ...

    def tell(self, level: str, message: str) -> None:
        """A notice for the user; `level` is info, warn or error."""
        ...
