"""The Markdown of a message, as far as an export must know it: where code is, which lines a block has.

Fences are those that Markdown itself sees at a line's beginning, so that nobody reads as code what a viewer would not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})")
_LANGUAGE = re.compile(r"[\w.+#-]{1,40}")


@dataclass(frozen=True, slots=True)
class Code:
    """What stands between two fences. `language` "" where none is named."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Everything else, up to the next fence."""

    lines: tuple[str, ...]


def blocks(text: str) -> Iterator[Code | Lines]:
    """The text in its parts. A fence that is never closed takes the rest."""
    outside: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        opened = _FENCE.match(line)
        info = line[opened.end() :] if opened else ""
        if opened is None or (opened[2][0] == "`" and "`" in info):
            outside.append(line)
            continue
        if outside:
            yield Lines(tuple(outside))
            outside = []
        yield Code(_language(info), "\n".join(_inside(lines, opened[2], len(opened[1]))))
    if outside:
        yield Lines(tuple(outside))


def fenced(text: str, language: str = "") -> str:
    """`text` between fences that are longer than any run of backticks in it."""
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    body = f"{text}\n" if text else ""
    return f"{ticks}{language}\n{body}{ticks}"


def _inside(lines: Iterator[str], fence: str, indent: int) -> Iterator[str]:
    close = re.compile(rf" {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t\r]*")
    for line in lines:
        if close.fullmatch(line):
            return
        yield line[min(indent, len(line) - len(line.lstrip(" "))) :]


def _language(info: str) -> str:
    word = info.split(None, 1)[0] if info.strip() else ""
    return word if _LANGUAGE.fullmatch(word) else ""
