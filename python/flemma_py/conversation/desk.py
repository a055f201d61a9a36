"""Result blocks on their way into a chat: each edit counts its lines in the text that the ones before it left."""

from __future__ import annotations

from flemma_py.conversation.state import View, Write
from flemma_py.document.parser import reparse
from flemma_py.document.placement import result_placement, together
from flemma_py.document.serializer import tool_result_lines
from flemma_py.model.document import Status
from flemma_py.model.patch import Splice
from flemma_py.model.tool import ToolOutcome


class Desk:
    """Collects blocks and places them when somebody wants to see the edits or the chat that they make."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._splices: list[Splice] = []
        self._blocks: dict[str, list[str]] = {}

    def place(self, id: str, content: str, status: Status | None, language: str = "") -> None:
        """The block of the call `id`, which replaces the one that it has."""
        self._blocks[id] = tool_result_lines(id, content, status, language)

    def answer(self, id: str, outcome: ToolOutcome) -> None:
        """The result of a call."""
        self.place(id, outcome.output, Status.ERROR if outcome.is_error else None, outcome.language)

    def write(self, group: int, *, settle: bool = True) -> Write:
        """All that was placed, as one effect (see `Write`)."""
        return Write(group, self.splices, settle=settle)

    @property
    def splices(self) -> tuple[Splice, ...]:
        self._flush()
        return tuple(self._splices)

    @property
    def view(self) -> View:
        """The chat with all of it."""
        self._flush()
        return self._view

    def _flush(self) -> None:
        blocks, self._blocks = self._blocks, {}
        if not blocks:
            return
        # Of ten thousand calls the text is read once, where that can be.
        if placed := together(self._view.document, self._view.lines, blocks):
            self._take(placed)
            return
        for id, block in blocks.items():
            self._take([result_placement(self._view.document, self._view.lines, id, block)])

    def _take(self, splices: list[Splice]) -> None:
        """`splices` go downwards, each counted in the text that the one before left."""
        lines, first, grown = list(self._view.lines), splices[0].first, 0
        for splice in splices:
            lines[splice.first : splice.last] = splice.lines
            grown += len(splice.lines) - (splice.last - splice.first)
        end = splices[-1].first + len(splices[-1].lines)
        document = reparse(self._view.document, lines, first, end - grown, end)
        self._view = View(document, tuple(lines))
        self._splices += splices
