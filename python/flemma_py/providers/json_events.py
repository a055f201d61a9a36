"""A stream of JSON objects inside server-sent events: bytes in, objects out, whatever else comes told apart.

Shared by wires that have no use for event names. It knows no fields but `error`: that one all of them have. Some
servers put their object into an array of one.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

import orjson

from flemma_py.errors import RequestError, RequestKind
from flemma_py.providers.failures import Vendor, collapsed, read_refusal, refusal
from flemma_py.providers.sse import Frame, SseEvent, SseParser
from flemma_py.providers.stray import StrayText


class Mark(Enum):
    """`DONE`: the server said that nothing more comes."""

    DONE = "[DONE]"


Found = dict[str, Any] | RequestError | Mark


class JsonEvents:
    """Push bytes, get objects, errors and the mark. `undecodable` counts events that were none of these."""

    def __init__(self, vendor: Vendor) -> None:
        self.undecodable = 0
        self._vendor = vendor
        self._parser = SseParser()
        self._stray = StrayText(vendor)

    def feed(self, data: bytes) -> list[Found]:
        return self._read(self._parser.feed(data))

    def close(self) -> list[Found]:
        return self._read(self._parser.close())

    def page(self) -> RequestError | None:
        """The error that all stray lines together tell: a gateway's page where a stream was due."""
        return self._stray.whole()

    def whole(self) -> dict[str, Any] | None:
        """The object that all stray lines together are: the answer of a server that does not stream."""
        return self._stray.object()

    def _read(self, frames: list[Frame]) -> list[Found]:
        found = [self._event(frame) if isinstance(frame, SseEvent) else self._stray.add(frame.text) for frame in frames]
        return [value for value in found if value is not None]

    def _event(self, event: SseEvent) -> Found | None:
        if event.data.strip() == Mark.DONE.value:
            return Mark.DONE
        try:
            value = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        is_error = event.name == "error"
        if not isinstance(value, dict):
            self.undecodable += 1
            return refusal(self._vendor, RequestKind.UNEXPECTED, collapsed(event.data.encode())) if is_error else None
        if is_error or value.get("error") or value.get("object") == "error":
            return read_refusal(self._vendor, None, {}, orjson.dumps(value))
        return value
