"""Bytes that were meant for a terminal, as text that can be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECE = 1 << 16
"""Bytes that are worked on in one go: between two pieces other threads have their turn."""

_ESCAPES = re.compile(
    r"\x1b(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # OSC and other strings: titles, links
    r"|[ -/]*[0-~]"  # two and three characters
    r")|\x9b[0-?]*[ -/]*[@-~]"
)
_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f]")
_REPLACED = "\ufffd"


def plain(data: bytes, *, is_cut: bool = False) -> tuple[str, bool]:
    """The text, without colours and with each line as it stood in the end; and whether there were bytes in it that are
    no text: they are shown as U+FFFD, a NUL as U+2400. `is_cut`: the first character may have lost its beginning."""
    if is_cut:
        lost = next((index for index, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)
        data = data[lost:]
    texts, is_binary = [], False
    for piece in _pieces(data):
        text = piece.decode("utf-8", "replace")
        is_binary = is_binary or b"\0" in piece or text.count(_REPLACED) > piece.count(_REPLACED.encode())
        texts.append(_readable(text))
    return "".join(texts), is_binary


def _pieces(data: bytes) -> Iterator[bytes]:
    """The data in pieces that end with a line, so that no character and no line is cut."""
    first = 0
    while first < len(data):
        end = data.find(b"\n", first + PIECE)
        last = len(data) if end < 0 else end + 1
        yield data[first:last]
        first = last


def _readable(text: str) -> str:
    text = _ESCAPES.sub("", text)
    if "\r" in text:
        text = "\n".join(_as_it_stood(line) for line in text.split("\n"))
    return _CONTROLS.sub("", text).replace("\0", "␀")


def _as_it_stood(line: str) -> str:
    """What is left of a line that was begun anew again and again, as progress bars do."""
    return line.rstrip("\r").rpartition("\r")[2]
