"""Cuts an output to what is good for a model: whole lines from one end, at most so many and at most so many bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LONGEST_LINE = 500
"""Bytes of one line among many: a search must not fill its answer with a single minified file."""
CUT = " [... line cut]"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be shown; whichever is met first cuts."""

    lines: int = 2000
    bytes: int = 51200


@dataclass(frozen=True, slots=True)
class Truncated:
    """What is shown, the 1-based numbers of its first and last line, what there is in all, and which limit cut; None:
    all is shown."""

    text: str
    first_line: int
    last_line: int
    total_lines: int
    total_bytes: int
    by: Literal["lines", "bytes"] | None


def head(text: str, limits: Limits) -> Truncated:
    """The first lines of `text`."""
    lines = text.split("\n")
    count, by = _fitting(lines, limits)
    return Truncated("\n".join(lines[:count]), 1, count, len(lines), _size(text), by)


def tail(text: str, limits: Limits) -> Truncated:
    """The last lines of `text`, of the last one alone its end where it is longer than all that may be shown."""
    lines = text.split("\n")
    count, by = _fitting(lines[::-1], limits)
    total = len(lines)
    if count == 0:
        end = lines[-1].encode("utf-8", "surrogatepass")[-limits.bytes :].decode("utf-8", "ignore")
        return Truncated(end, total, total, total, _size(text), "bytes")
    return Truncated("\n".join(lines[total - count :]), total - count + 1, total, total, _size(text), by)


def _fitting(lines: Sequence[str], limits: Limits) -> tuple[int, Literal["lines", "bytes"] | None]:
    """How many of the first lines fit, and what keeps the next one out."""
    size = -1
    for count, line in enumerate(lines):
        if count == limits.lines:
            return count, "lines"
        size += _size(line) + 1
        if size > limits.bytes:
            return count, "bytes"
    return len(lines), None


def cut_line(line: str, most: int = LONGEST_LINE) -> str:
    """One line with at most `most` bytes of UTF-8, and a word at its end where it lost some."""
    if len(line) <= most // 4 or _size(line) <= most:
        return line
    return line.encode("utf-8", "surrogatepass")[:most].decode("utf-8", "ignore") + CUT


def notice(truncated: Truncated, path: str | None) -> str:
    """What is told of a cut, in brackets; empty where nothing was cut. `path` has the whole, None: it is nowhere."""
    if truncated.by is None:
        return ""
    shown = f"Showing lines {truncated.first_line}-{truncated.last_line} of {truncated.total_lines}"
    why = f" ({format_size(_size(truncated.text))} of {format_size(truncated.total_bytes)})"
    where = f" Full output: {path}" if path else ""
    return f"[{shown}{why if truncated.by == 'bytes' else ''}.{where}]"


def format_size(size: int) -> str:
    """As `12.1KB`: of 1024, with one decimal; bytes as they are."""
    if size < 1024:
        return f"{size}B"
    return f"{size / 1024:.1f}KB" if size < 1 << 20 else f"{size / (1 << 20):.1f}MB"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
