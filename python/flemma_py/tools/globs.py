"""Patterns of file names, the same whichever program lists the files: `*` and `?` stay within a name, `**` crosses
folders, `[abc]` is one of several characters, `{a,b}` one of several texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from flemma_py.errors import ToolError

MOST_TEXTS = 100
"""That braces may stand for."""
MOST_CROSSINGS = 3
"""`**` in one pattern: each multiplies the ways in which a path may match."""
_WILD = re.compile(r"[*?\[{\\]")


@lru_cache(maxsize=64)
def compiled(pattern: str) -> re.Pattern[str]:
    """An expression that matches whole relative paths, with `/` between folders. A pattern without a `/` means names in
    any folder, one that begins with `/` or `./` begins at the top. Raises `ToolError`."""
    texts = []
    for text in _without_braces(pattern):
        text = text.removeprefix("./")
        if "/" not in text.rstrip("/") and not pattern.startswith("./"):
            text = f"**/{text}"
        texts.append(_expression(text.lstrip("/").rstrip("/")))
        if len(texts) > MOST_TEXTS:
            raise ToolError(f"`{pattern[:100]}` stands for more than {MOST_TEXTS} patterns: ask for fewer.")
    return re.compile("|".join(f"(?:{text})" for text in texts), re.DOTALL)


def _without_braces(pattern: str) -> Iterator[str]:
    """The pattern with each of its braces filled in each way. A brace without its other half is a plain character."""
    depth, start = 0, -1
    commas: list[int] = []
    for index, each in enumerate(pattern):
        if each == "{":
            depth += 1
            if depth == 1:
                start, commas = index, []
        elif each == "}" and depth:
            depth -= 1
            if depth == 0 and commas:
                edges = [start, *commas, index]
                for first, last in pairwise(edges):
                    yield from _without_braces(pattern[:start] + pattern[first + 1 : last] + pattern[index + 1 :])
                return
        elif each == "," and depth == 1:
            commas.append(index)
    yield pattern


def _expression(pattern: str) -> str:
    segments = pattern.split("/")
    if segments.count("**") > MOST_CROSSINGS:
        raise ToolError(f"A pattern may have {MOST_CROSSINGS} times `**` at most: ask for fewer.")
    *above, last = segments
    folders = "".join("(?:[^/]+/)*" if each == "**" else _segment(each) + "/" for each in above)
    return folders + (".*" if last == "**" else _segment(last))


def _segment(segment: str) -> str:
    """One name. What follows a star is taken where it comes first and never tried elsewhere, which is enough, as a
    further star takes the rest: so no pattern makes matching slow."""
    first, *chunks = _chunks(segment)
    if not chunks:
        return first
    *middle, last = chunks
    return first + "".join(f"(?>[^/]*?{chunk})" for chunk in middle) + f"[^/]*{last}"


def _chunks(segment: str) -> list[str]:
    """Expressions for what stands between the stars."""
    found, at = [""], 0
    while at < len(segment):
        each = segment[at]
        if each == "*":
            if found[-1] or len(found) == 1:
                found.append("")
        elif each == "?":
            found[-1] += "[^/]"
        elif each == "[" and (end := segment.find("]", at + 2)) > 0:
            inside = segment[at + 1 : end]
            negated = inside[0] in "!^" and len(inside) > 1
            members = _members(inside[1:] if negated else inside)
            found[-1] += f"[^/{members}]" if negated else f"[{members}]"
            at = end
        elif each == "\\" and at + 1 < len(segment):
            at += 1
            found[-1] += re.escape(segment[at])
        else:
            found[-1] += re.escape(each)
        at += 1
    return found


def _members(inside: str) -> str:
    """What stands in square brackets, fit for an expression. A range that runs backwards is plain characters."""
    escaped = re.sub(r"([\\\]\[^&~|])", r"\\\1", inside)
    ranges = re.findall(r"(?=(.)-(.))", inside)
    return escaped.replace("-", r"\-") if any(first > last for first, last in ranges) else escaped


class Excluded:
    """Names of files and folders that are passed over, wherever they stand; patterns are good."""

    def __init__(self, names: Iterable[str]) -> None:
        names = [name.strip("/") for name in names if name.strip("/")]
        self.names = tuple(names)
        self._plain = frozenset(name for name in names if not _WILD.search(name))
        self._patterns = [compiled(name) for name in names if _WILD.search(name)]

    def covers(self, path: str) -> bool:
        """Whether a part of the relative `path` has one of the names."""
        parts = path.split("/")
        if not self._plain.isdisjoint(parts):
            return True
        return any(pattern.fullmatch(part) for pattern in self._patterns for part in parts)
