"""Old form to new: `@You: text` becomes a marker line and a line of text.

Only on command, never on opening, and only outside fences: what a fence holds is somebody's example. In a file whose
first marker is new-form, lines that only look like old-form markers were text; the command makes them markers, as
that is what its user asks for. What a model wrote stays text, as its lines are protected.
"""

from __future__ import annotations

from collections.abc import Sequence

from flemma_py.document.headers import is_checkpoint
from flemma_py.document.lines import BLANKS, SPECIAL, protect, split_marker
from flemma_py.document.parser import parse
from flemma_py.document.query import absolute
from flemma_py.model.document import Document
from flemma_py.model.patch import Splice


def migrate(lines: Sequence[str]) -> tuple[Splice, ...]:
    """The edits, the lowest first, so that none moves the lines of the next. Empty: nothing to do."""
    edits = (_split(lines[line], line) for line in sorted(_old_markers(parse(lines)), reverse=True))
    return tuple(edit for edit in edits if edit is not None)


def _old_markers(document: Document) -> set[int]:
    """Lines that may hold one: every marker, and the lines that the parser has a hint about."""
    hinted = {
        absolute(document, index, diagnostic.span).line
        for index, message in enumerate(document.messages)
        for diagnostic in message.diagnostics
        if diagnostic.kind == "old_marker"
    }
    return hinted | set(document.first_lines)


def _split(line: str, at: int) -> Splice | None:
    marker = split_marker(line)
    text = marker[1].strip(BLANKS) and marker[1] if marker else ""
    if not text:
        return None
    return Splice(at, at + 1, (line[: len(line) - len(text)], _on_its_own_line(text)))


def _on_its_own_line(text: str) -> str:
    """At most one leading space goes, unless more keep a block from column 0. Neither a marker nor a checkpoint can
    stand behind a marker, so what looks like one here is text and has to stay it."""
    bare = text.lstrip(BLANKS)
    if split_marker(bare) or is_checkpoint(bare):
        return protect(bare)
    return bare if bare[0] in SPECIAL else text.removeprefix(" ")
