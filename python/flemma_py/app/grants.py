"""Which calls the user approved by hand: the words that count of those that stand in a buffer.

A status may have come with the file, by a paste or by a program that wrote the text. So a call is approved by hand only
where it was seen to wait, and an edit of the user's then made `(approved)` of that.
"""

from __future__ import annotations

from collections import Counter

from flemma_py.model.document import Document, Role, Status, ToolResult


class Grants:
    """Of one chat, as long as its buffer is attached."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._known: dict[str, Status | None] = {}

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(self._ids)

    @property
    def waits(self) -> bool:
        """Whether there is a call that an edit could approve."""
        return Status.PENDING in self._known.values()

    def add(self, id: str) -> None:
        """The user said so, by a command."""
        self._ids.add(id)
        self._known[id] = Status.APPROVED

    def look(self, document: Document, *, by_user: bool) -> None:
        """The text is another one. Only what the last message says is looked at: nothing else waits."""
        now = _statuses(document)
        for id, status in now.items():
            if status is Status.APPROVED and by_user and self._known.get(id) is Status.PENDING:
                self._ids.add(id)
        self._ids = {id for id in self._ids if now.get(id) is Status.APPROVED}
        self._known = now


def _statuses(document: Document) -> dict[str, Status | None]:
    """By call. Of one that has two blocks nothing is known: one of them was brought in from elsewhere."""
    if not document.messages or document.messages[-1].role is not Role.YOU:
        return {}
    blocks = [each for each in document.messages[-1].segments if isinstance(each, ToolResult)]
    count = Counter(each.tool_use_id for each in blocks)
    return {each.tool_use_id: each.status for each in blocks if count[each.tool_use_id] == 1}
