"""What is written into a buffer: edits that land at marks, so that text which moved meanwhile is still hit.

A reply has two marks in the editor: `start`, just before everything that was written for it, and the anchor, just
behind; the anchor moves on with every append. Rows are those of the mirror at the moment the edit was made.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Begin:
    """Open a reply at the end of the buffer with `text` (it begins with the line ends that part it from what is
    there). Sets both marks. `marker_line` is the line of the role marker, counted from the buffer's last line."""

    text: str
    marker_line: int


@dataclass(frozen=True, slots=True)
class Append:
    """Insert `text` at the anchor. `mark` = (name, line) marks one whole line of it for a later `SetMarked`; line 0
    is the line at which the text begins."""

    text: str
    mark: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class SetMarked:
    """Replace the marked line's text by `text` (one line)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RemoveReply:
    """Take everything between `start` and the anchor away: a reply that never got content."""


@dataclass(frozen=True, slots=True)
class Splice:
    """Replace the buffer lines [`first`, `last`) by `lines`."""

    first: int
    last: int
    lines: tuple[str, ...]


Edit = Begin | Append | SetMarked | RemoveReply | Splice
