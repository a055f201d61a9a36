"""What a change of a file would do to it, as a diff of whole lines that is bounded however large the file is."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flemma_py.errors import FlemmaError
from flemma_py.files.contents import as_text
from flemma_py.files.opening import Unreadable
from flemma_py.model.tool import Foresee, Line, ToolContext
from flemma_py.tools.changing import Change, Target, find
from flemma_py.tools.inputs import parsed
from flemma_py.tools.truncate import cut_line, format_size

if TYPE_CHECKING:
    from pydantic import BaseModel

CONTEXT = 3
"""Lines around a change."""
MOST_LINES = 400
"""Of a diff; what follows is counted."""
MOST_COMPARED = 4000
"""Lines of the part that differs: comparing takes time with the square of that."""


def foreseen(make_model: Callable[[], type[BaseModel]], make: Callable[[Any, ToolContext, Target], Change]) -> Foresee:
    """The preview of a tool that changes one file: `make` is what the tool gives to `changing.change`."""

    async def foresee(input: dict[str, Any], context: ToolContext) -> tuple[Line, ...]:
        def compare(asked: Any) -> tuple[Line, ...]:
            target = find(asked.path, context)
            old = target.old.data if target.old else None
            return diff(old, make(asked, context, target).data)

        try:
            return await asyncio.to_thread(compare, await parsed(make_model, input))
        except FlemmaError as error:
            return ((error.message, "warn"),)

    return foresee


def diff(old: bytes | None, new: bytes) -> tuple[Line, ...]:
    """The lines of a unified diff from `old` (None: there is no file) to `new`. Where a line end alone changes, that is
    said in words."""
    if old == new:
        return (("The file has this content already.", "note"),)
    try:
        before, after = as_text(old or b"")[0], as_text(new)[0]
    except Unreadable:
        return ((f"{format_size(len(old or b''))} that are no text become {format_size(len(new))}.", "note"),)
    lines = list(_diff(before.splitlines(), after.splitlines()))
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], (f"and {len(lines) - MOST_LINES} more lines", "note")]
    first: list[Line] = [("A new file.", "note")] if old is None else []
    if not lines and old is not None:
        first = [("Only line ends change.", "note")]
    return (*first, *((cut_line(text), kind) for text, kind in lines))


def _diff(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    first, old_end, new_end = _differing(old, new)
    if old_end - first > MOST_COMPARED or new_end - first > MOST_COMPARED:
        yield _hunk(first, old_end, first, new_end)
        yield f"{old_end - first} lines become {new_end - first}:", "note"
        yield from ((f"+{line}", "add") for line in new[first : min(new_end, first + MOST_LINES)])
        return
    start = max(0, first - CONTEXT)
    matcher = difflib.SequenceMatcher(
        None, old[start : old_end + CONTEXT], new[start : new_end + CONTEXT], autojunk=False
    )
    for group in matcher.get_grouped_opcodes(CONTEXT):
        yield _hunk(group[0][1] + start, group[-1][2] + start, group[0][3] + start, group[-1][4] + start)
        for tag, old_from, old_to, new_from, new_to in group:
            removed, added = old[start + old_from : start + old_to], new[start + new_from : start + new_to]
            if tag == "equal":
                yield from ((f" {line}", "") for line in removed)
            else:
                yield from ((f"-{line}", "remove") for line in removed)
                yield from ((f"+{line}", "add") for line in added)


def _differing(old: Sequence[str], new: Sequence[str]) -> tuple[int, int, int]:
    """Where the two differ: the first line, and the ends of the part in each."""
    shorter = min(len(old), len(new))
    first = next((index for index in range(shorter) if old[index] != new[index]), shorter)
    most = shorter - first
    same = next((index for index in range(most) if old[-1 - index] != new[-1 - index]), most)
    return first, len(old) - same, len(new) - same


def _hunk(old_from: int, old_to: int, new_from: int, new_to: int) -> Line:
    return f"@@ -{_range(old_from, old_to)} +{_range(new_from, new_to)} @@", "hunk"


def _range(start: int, end: int) -> str:
    # As diff counts: a range of no lines begins at the line before it.
    count = end - start
    return f"{start + 1 if count else start},{count}"
