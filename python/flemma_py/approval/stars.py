"""Texts with stars, compared in a time that grows with the text only: a model chooses the text, and an expression that
looks again and again from each place in it could be kept busy for hours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

FOLDERS = "**"


def fits_parts(parts: Sequence[str], text: str, *, joker: str = "") -> bool:
    """Whether `text` is `parts` with anything, or nothing, between each two of them. A `joker` in a part is any one
    character."""
    first, *rest = parts
    if not rest:
        return len(text) == len(first) and _at(text, first, 0, joker)
    *middle, last = rest
    end = len(text) - len(last)
    if end < len(first) or not _at(text, first, 0, joker) or not _at(text, last, end, joker):
        return False
    index = len(first)
    for part in middle:
        index = _found(text, part, index, end, joker)
        if index < 0:
            return False
        index += len(part)
    return True


def fits_folders(pattern: Sequence[str], names: Sequence[str], fits: Callable[[str, str], bool]) -> bool:
    """Whether the names of a path fit those of a pattern, in which `**` is any number of them, also none."""
    reached = {0}
    for part in pattern:
        if part == FOLDERS:
            reached = set(range(min(reached), len(names) + 1))
        else:
            reached = {index + 1 for index in reached if index < len(names) and fits(part, names[index])}
        if not reached:
            return False
    return len(names) in reached


def _found(text: str, part: str, start: int, end: int, joker: str) -> int:
    if not joker or joker not in part:
        return text.find(part, start, end)
    return next((index for index in range(start, end - len(part) + 1) if _at(text, part, index, joker)), -1)


def _at(text: str, part: str, index: int, joker: str) -> bool:
    if not joker or joker not in part:
        return text.startswith(part, index)
    return len(text) >= index + len(part) and all(
        each in (joker, text[index + offset]) for offset, each in enumerate(part)
    )
