"""The reasoning items of an answer: their texts as they come, and at the end of each its signature.

An item may tell a summary in several parts, its thoughts themselves, both, or neither: then it is only a signature.
"""

from __future__ import annotations

from typing import Any

from flemma_py.model.stream import StreamEvent, ThinkingDelta, ThinkingEnd
from flemma_py.providers.openai_reasoning import NAME, replayed, sign, texts_of

_GAP = "\n\n"
Place = tuple[bool, int]
"""Whether it is a part of the summary, and which."""


class Thoughts:
    """At most one item is open at a time."""

    def __init__(self) -> None:
        self._place: Place | None = None

    def open(self, events: list[StreamEvent]) -> None:
        """Another item begins; one that a server forgot to end is ended."""
        self.flush(events)

    def say(self, place: Place, text: str, events: list[StreamEvent]) -> None:
        """A piece of the part `place`. Parts stand apart."""
        if not text:
            return
        if self._place not in (None, place):
            events.append(ThinkingDelta(_GAP))
        self._place = place
        events.append(ThinkingDelta(text))

    def end(self, item: dict[str, Any], events: list[StreamEvent]) -> None:
        """The open item as it is when it is complete. One that was cut, or that cannot go back, is not signed."""
        if self._place is None and (whole := _GAP.join(texts_of(item, "summary") or texts_of(item, "content"))):
            events.append(ThinkingDelta(whole))
            self._place = (True, 0)
        self._place = None
        is_whole = item.get("status") != "incomplete" and replayed(item) is not None
        events.append(ThinkingEnd(NAME, signature=sign(item) if is_whole else None))

    def flush(self, events: list[StreamEvent]) -> None:
        """End thoughts that the answer left open, unsigned."""
        if self._place is not None:
            self._place = None
            events.append(ThinkingEnd(NAME))
