"""Merging two changes of one text, line by line: what only one side changed is taken from that side; where both changed
the same or neighbouring lines, and not to the same, nobody decides for them.

Lines are bytes with their ends, so that every file is the sum of its lines, whatever it holds.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

Region = tuple[int, int, int, int]
"""Lines [0, 1) of the base are lines [2, 3) of a side."""


@dataclass(frozen=True, slots=True)
class Merged:
    """`conflicts`: ranges [first, end) of lines of `mine`, 0-based, where both sides changed something; with any of
    them there is no `data`."""

    data: bytes | None
    conflicts: tuple[tuple[int, int], ...] = ()


def merge(base: bytes, mine: bytes, other: bytes) -> Merged:
    """`base` with the changes that `mine` and those that `other` made of it."""
    if mine in (base, other):
        return Merged(other)
    if other == base:
        return Merged(mine)
    lines, ours, theirs = lines_of(base), lines_of(mine), lines_of(other)
    made: list[bytes] = []
    conflicts: list[tuple[int, int]] = []
    at = 0
    for left, right in _clusters(changed(lines, ours), changed(lines, theirs)):
        first = min(each[0] for each in (*left, *right))
        end = max(each[1] for each in (*left, *right))
        made += lines[at:first]
        at = end
        mine_from, mine_to = _span(left, first, end)
        other_from, other_to = _span(right, first, end)
        if not right or ours[mine_from:mine_to] == theirs[other_from:other_to]:
            made += ours[mine_from:mine_to]
        elif not left:
            made += theirs[other_from:other_to]
        else:
            conflicts.append((mine_from, mine_to))
    return Merged(None, tuple(conflicts)) if conflicts else Merged(b"".join([*made, *lines[at:]]))


def lines_of(data: bytes) -> list[bytes]:
    """All lines with their ends; the last one may have none."""
    lines = data.split(b"\n")
    last = lines.pop()
    return [*(line + b"\n" for line in lines), *([last] if last else [])]


def changed(base: Sequence[bytes], side: Sequence[bytes]) -> list[Region]:
    """Where they differ, in order. What both begin and end with is looked at once: comparing the rest takes time with
    the square of it."""
    shorter = min(len(base), len(side))
    head = next((at for at in range(shorter) if base[at] != side[at]), shorter)
    most = shorter - head
    tail = next((at for at in range(most) if base[-1 - at] != side[-1 - at]), most)
    matcher = difflib.SequenceMatcher(None, base[head : len(base) - tail], side[head : len(side) - tail])
    return [
        (first + head, end + head, start + head, stop + head)
        for tag, first, end, start, stop in matcher.get_opcodes()
        if tag != "equal"
    ]


def _clusters(left: Sequence[Region], right: Sequence[Region]) -> list[tuple[list[Region], list[Region]]]:
    """Regions of both sides that overlap or touch each other, together."""
    found: list[tuple[list[Region], list[Region]]] = []
    reach = -1
    for region, side in sorted([*((each, 0) for each in left), *((each, 1) for each in right)]):
        if not found or region[0] > reach:
            found.append(([], []))
        found[-1][side].append(region)
        reach = max(reach, region[1])
    return found


def _span(regions: Sequence[Region], first: int, end: int) -> tuple[int, int]:
    """The lines of a side that stand for [first, end) of the base, whose ends lie where it is unchanged or at its
    regions' own."""
    if not regions:
        return 0, 0
    begin, last = regions[0], regions[-1]
    return begin[2] - (begin[0] - first), last[3] + (end - last[1])
