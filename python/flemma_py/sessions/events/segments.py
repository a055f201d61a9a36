"""Where a log's segments are. The last one is `events.jsonl`; those before it are named by their number and by how many
events came before them, so that they need not be opened to be counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flemma_py.sessions import disk

CURRENT = "events.jsonl"
_CLOSED = re.compile(r"events-(\d{6,12})-(\d{1,18})\.jsonl")


@dataclass(frozen=True, slots=True)
class Segment:
    """A closed segment. `begins_at`: the number of the last event before it."""

    number: int
    begins_at: int
    path: Path


def closed_in(folder: Path) -> list[Segment]:
    """The closed segments, the oldest first. Raises `OSError`; a folder that is not there has none."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    matches = [(match, folder / name) for name in names if (match := _CLOSED.fullmatch(name))]
    return sorted((Segment(int(match[1]), int(match[2]), path) for match, path in matches), key=lambda at: at.number)


def close(folder: Path, number: int, begins_at: int) -> int:
    """The current segment gets a name of its own; returns the number in it. Raises `OSError`."""
    taken = [each.number for each in closed_in(folder)]
    free = max([number, *(each + 1 for each in taken)])
    disk.rename(str(folder / CURRENT), str(folder / f"events-{free:06}-{begins_at}.jsonl"))
    return free


def remove_oldest(folder: Path, last: int, current_begins_at: int, max_events: int, max_bytes: int) -> int:
    """Take closed segments away as long as `max_events` events stay without them, or all together have more than
    `max_bytes`. `last` is the number of the last event. Returns how many were. Raises `OSError`."""
    closed = closed_in(folder)
    sizes = [each.path.stat().st_size for each in closed]
    current = folder / CURRENT
    total = sum(sizes) + (current.stat().st_size if current.exists() else 0)
    removed = 0
    for each, size in zip(closed, sizes, strict=True):
        following = closed[removed + 1].begins_at if removed + 1 < len(closed) else current_begins_at
        if last - following < max_events and total <= max_bytes:
            break
        disk.unlink(str(each.path))
        total -= size
        removed += 1
    return removed
