"""Tool calls of a Chat Completions stream, put together from pieces that each server cuts in its own way.

Seen in the field: the id on every piece or on the first alone, no index, one index for all calls, a call in one piece,
arguments as an object, a name that is repeated. A piece belongs to the call that it names; one that names none goes on
with the last.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import orjson

from flemma_py.model.stream import StreamEvent, ToolCallDelta, ToolCallEnd, ToolCallStart
from flemma_py.providers.encoding import encode_value
from flemma_py.providers.tool_wire import house_name


@dataclass(slots=True)
class _Call:
    block: int
    index: int | None
    id: str = ""
    name: str = ""
    started: bool = False
    pieces: list[str] = field(default_factory=list)

    @property
    def arguments(self) -> str:
        return "".join(self.pieces).strip() or "{}"

    @property
    def is_complete(self) -> bool:
        try:
            orjson.loads(self.arguments)
        except orjson.JSONDecodeError:
            return False
        return True


class Calls:
    """The calls of one answer, in the order in which they began. `seed` tells answers apart where calls have no ids."""

    def __init__(self) -> None:
        self.seed = ""
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, piece: dict[str, Any], events: list[StreamEvent]) -> None:
        """Take one entry of `delta.tool_calls`."""
        index, id = piece.get("index"), piece.get("id")
        told = piece.get("function")
        function = told if isinstance(told, dict) else {}
        name = function.get("name")
        call = self._call(
            index if isinstance(index, int) else None,
            id if isinstance(id, str) else "",
            name if isinstance(name, str) else "",
        )
        text = _arguments(function.get("arguments"))
        if text:
            call.pieces.append(text)
        self._tell(call, text, events)

    def end(self, events: list[StreamEvent], *, only_complete: bool) -> None:
        """End all calls, in the order of their indices. `only_complete`: the answer was cut, so one that may have lost
        its end is left out."""
        events += (
            ToolCallEnd(call.block, call.id, house_name(call.name), call.arguments)
            for call in sorted(self._calls, key=lambda call: (call.index is None, call.index or 0, call.block))
            # Where there is nothing, nobody knows whether there are no arguments, or none yet.
            if call.name and (not only_complete or (call.is_complete and call.pieces))
        )
        self._calls.clear()

    @property
    def are_complete(self) -> bool:
        return all(call.name and call.is_complete for call in self._calls)

    def _call(self, index: int | None, id: str, name: str) -> _Call:
        found = self._find(index, id, name)
        if found is None:
            found = _Call(len(self._calls), index)
            self._calls.append(found)
        found.id = found.id or id or ("" if not name else self._made_up_id(found.block))
        found.name = found.name or name
        return found

    def _find(self, index: int | None, id: str, name: str) -> _Call | None:
        if id and (same := next((call for call in self._calls if call.id == id), None)):
            return same
        at = [call for call in self._calls if call.index == index] if index is not None else self._calls
        if not at:
            return None
        last = at[-1]
        if id:
            # A new id begins a new call, whatever its index; the id may also come late, to a call that has none.
            return None if last.id else last
        is_whole = index is None and bool(name) and bool(last.name) and bool(last.pieces) and last.is_complete
        return None if is_whole else last

    def _tell(self, call: _Call, text: str, events: list[StreamEvent]) -> None:
        if not call.name:
            return
        if not call.started:
            call.started = True
            events.append(ToolCallStart(call.block, call.id, house_name(call.name)))
            text = "".join(call.pieces)
        if text:
            events.append(ToolCallDelta(call.block, text))

    def _made_up_id(self, block: int) -> str:
        return f"call_{zlib.crc32(self.seed.encode('utf-8', 'replace')):08x}_{block}"


def _arguments(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else encode_value(value).decode()
