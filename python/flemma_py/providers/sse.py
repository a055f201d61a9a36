"""Server-sent events, framed as the WHATWG standard says: bytes in, frames out, wherever the network cut them.

Knows nothing of JSON or of any vendor. Lines that belong to no event are handed on instead of dropped: a server that
answers 200 with an error page where a stream was due is told by nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

_BOM = b"\xef\xbb\xbf"
_LF, _CR = 10, 13


@dataclass(frozen=True, slots=True)
class SseEvent:
    """A blank line closed an event that had data. `name` is empty where the stream gave none."""

    name: str
    data: str


@dataclass(frozen=True, slots=True)
class StrayLine:
    """A line that is no field of the format; a browser would pass over it."""

    text: str


Frame = SseEvent | StrayLine


class SseParser:
    """Push bytes, get frames. Time and memory are linear in the bytes, for tiny pieces and for one endless line."""

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry: int | None = None
        """Milliseconds the server asked for, if it did."""
        self._partial: list[bytes] = []
        self._after_cr = False
        self._at_start = True
        self._name = b""
        self._id = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[Frame]:
        frames: list[Frame] = []
        for line in self._lines(data):
            if line.startswith(b"data: "):
                self._data.append(line[6:])
            elif line:
                self._field(line, frames)
            else:
                self._dispatch(frames)
        return frames

    def close(self) -> list[Frame]:
        """The stream ended. An event without its blank line is incomplete and is dropped, as the standard says; a
        stray line without its line end is still text."""
        line = self._without_bom(b"".join(self._partial))
        self._partial.clear()
        frames: list[Frame] = []
        if line:
            self._field(line, frames)
        self._data.clear()
        return frames

    def _lines(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes. A CR ends its line at once; an LF right behind it is then passed over."""
        if self._after_cr and data:
            self._after_cr = False
            data = data[1:] if data[0] == _LF else data
        if not data:
            return []
        # bytes.splitlines knows CR, LF and CRLF only: str.splitlines would also cut at U+2028 inside JSON.
        lines = data.splitlines()
        rest = b"" if data[-1] in (_LF, _CR) else lines.pop()
        self._after_cr = data[-1] == _CR
        if lines:
            if self._partial:
                lines[0] = b"".join((*self._partial, lines[0]))
                self._partial.clear()
            lines[0] = self._without_bom(lines[0])
            self._at_start = False
        if rest:
            self._partial.append(rest)
        return lines

    def _without_bom(self, line: bytes) -> bytes:
        return line.removeprefix(_BOM) if self._at_start else line

    def _field(self, line: bytes, frames: list[Frame]) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"":
                pass  # a comment: servers send them to keep the connection open
            case b"data":
                self._data.append(value)
            case b"event":
                self._name = value
            case b"id":
                self._id = self._id if b"\0" in value else value
            case b"retry":
                self.retry = int(value) if value.isdigit() else self.retry
            case _:
                frames.append(StrayLine(_text(line)))

    def _dispatch(self, frames: list[Frame]) -> None:
        self.last_event_id = _text(self._id)
        if self._data:
            # Decoding whole events is incremental enough: no UTF-8 sequence contains a line end.
            frames.append(SseEvent(_text(self._name), _text(b"\n".join(self._data))))
            self._data.clear()
        self._name = b""


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
