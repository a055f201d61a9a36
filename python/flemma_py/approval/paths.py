"""Patterns of paths: `docs/**`, `~/notes/*.md`, `/etc/hosts`. They are compared with real paths only, so that a link
leads out of them. Rules that refuse are compared with the path as it is written, too."""

from __future__ import annotations

import functools
import posixpath
import re

from flemma_py.approval.call import Place


def pattern_path(pattern: str, project: str, home: str) -> str:
    """A pattern from the root on. Relative ones are the project's; a / at the end means all that is below."""
    if pattern.endswith("/"):
        pattern += "**"
    whole = home + pattern[1:] if pattern == "~" or pattern.startswith("~/") else posixpath.join(project, pattern)
    return posixpath.normpath(whole)


def matches(pattern: str, path: str, place: Place, *, generous: bool = False) -> bool:
    """Whether a path fits a pattern. `generous`: also by another case of its letters, and below the links of
    the project itself, as a rule that refuses should."""
    roots = [(place.resolved(place.project) or place.project, place.resolved(place.home) or place.home)]
    if generous:
        roots.append((place.project, place.home))
    return any(expression(pattern_path(pattern, *root), generous).fullmatch(path) for root in roots)


@functools.lru_cache(maxsize=512)
def expression(pattern: str, generous: bool) -> re.Pattern[str]:
    """`**` is any number of folders and what is in them, `*` anything and `?` one character within a name. All others
    stand for themselves, brackets, too."""
    found: list[str] = []
    parts = pattern.split("/")
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            # `docs/**` is the folder, too.
            found.append("(?:/.*)?" if last else "(?:/[^/]+)*")
        elif index or part:
            name = re.sub(r"(?:\\\*)+", "[^/]*", re.escape(part)).replace(r"\?", "[^/]")
            found.append(("/" if index else "") + name)
    return re.compile("".join(found), re.DOTALL | (re.IGNORECASE if generous else 0))
