"""Function calls of a Gemini stream: whole in one part, or told argument by argument.

Calls without an id get one from the answer's own id: the wire has them for some models only.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from flemma_py.model.stream import StreamEvent, ToolCallDelta, ToolCallEnd, ToolCallStart
from flemma_py.providers.tool_wire import house_name

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\[\"((?:[^\"\\]|\\.)*)\"\]")
_VALUES = ("stringValue", "numberValue", "boolValue")
_MOST_ITEMS = 10_000
_DEEPEST = 64


class Calls:
    """The calls of one answer. `seed` tells answers apart."""

    def __init__(self) -> None:
        self.seed = ""
        self.count = 0
        self._open: dict[str, Any] | None = None
        self._id = self._name = ""

    @property
    def is_open(self) -> bool:
        """Whether a call is being told of which more is to come."""
        return self._open is not None

    def add(self, call: dict[str, Any], events: list[StreamEvent]) -> None:
        """Take one `functionCall`. A call with a name begins; one without goes on with the last."""
        name = call.get("name")
        if isinstance(name, str) and name:
            self.drop()
            self._begin(name, call.get("id"), events)
        elif self._open is None:
            return
        assert self._open is not None
        if isinstance(arguments := call.get("args"), dict):
            self._open |= arguments
        for piece in call.get("partialArgs") or ():
            if isinstance(piece, dict):
                _put(self._open, piece)
        if call.get("willContinue") is not True:
            self._end(events)

    def drop(self) -> None:
        """Give up the call that is not complete."""
        self._open = None

    def _begin(self, name: str, id: Any, events: list[StreamEvent]) -> None:
        self.count += 1
        self._name = house_name(name)
        given = isinstance(id, str) and bool(id)
        self._id = str(id) if given else f"urn:flemma:tool:{self._name}:{self.seed}-{self.count}"
        self._open = {}
        events.append(ToolCallStart(self.count, self._id, self._name))

    def _end(self, events: list[StreamEvent]) -> None:
        arguments = orjson.dumps(self._open).decode()
        self._open = None
        events.append(ToolCallDelta(self.count, arguments))
        events.append(ToolCallEnd(self.count, self._id, self._name, arguments))


def _put(root: dict[str, Any], piece: dict[str, Any]) -> None:
    """Put a value where its JSON path (RFC 9535, names and indices only) says; text goes on where there is some."""
    value = next((piece[name] for name in _VALUES if name in piece), None)
    path = piece.get("jsonPath")
    if not isinstance(path, str) or (value is None and "nullValue" not in piece):
        return
    steps: list[str | int] = [
        int(index) if index else name or one.replace("\\'", "'") or two.replace('\\"', '"')
        for name, index, one, two in _STEP.findall(path)
    ]
    if not 0 < len(steps) <= _DEEPEST or any(isinstance(step, int) and step > _MOST_ITEMS for step in steps):
        return
    place: Any = root
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        if isinstance(step, int) != isinstance(place, list):
            return
        if isinstance(step, int):
            place.extend([None] * (step + 1 - len(place)))
        before = place[step] if isinstance(step, int) else place.get(step)
        if following is None:
            place[step] = before + value if isinstance(before, str) and isinstance(value, str) else value
        else:
            if not isinstance(before, dict | list):
                place[step] = [] if isinstance(following, int) else {}
            place = place[step]
