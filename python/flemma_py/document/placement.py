"""Where a tool result is written: into the You message below its call, in the order of the calls, above what the user
wrote there. A block of the same call is replaced where it stands. Nothing that is in the buffer is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flemma_py.document.lines import BLANKS, is_blank, protect, split_marker
from flemma_py.document.query import (
    LocatedResult,
    message_lines,
    result_for,
    tool_results,
    tool_uses,
)
from flemma_py.model.document import Checkpoint, Document, Role
from flemma_py.model.patch import Splice


def result_placement(document: Document, lines: Sequence[str], id: str, block: Sequence[str]) -> Splice:
    """The edit that writes `block` (see `serializer.tool_result_lines`) as the result of the call `id`."""
    if old := result_for(document, id):
        return _replacement(lines, old, block)
    uses = list(tool_uses(document))
    caller = next((use.message for use in uses if use.use.id == id), len(document.messages) - 1)
    target = caller + 1
    if target >= len(document.messages) or document.messages[target].role is not Role.YOU:
        return _new_message(document, lines, caller, block)
    order = {use.use.id: place for place, use in reversed(list(enumerate(uses)))}
    results = [result for result in tool_results(document) if result.message == target]
    if not results:
        return _top_of_message(document, lines, target, block)
    own = order.get(id, len(uses))
    earlier = [result for result in results if order.get(result.result.tool_use_id, -1) < own]
    if earlier:
        return _after(lines, earlier[-1].span.end_line, block)
    return _before(lines, results[0], block)


def together(document: Document, lines: Sequence[str], blocks: Mapping[str, Sequence[str]]) -> list[Splice]:
    """The edits that write several blocks, by the ids of their calls: downwards, each counted in the text that the one
    before left. Empty where they have to be placed one by one: where some are new and others replace what is there, or
    the calls are those of more than one message."""
    known: dict[str, LocatedResult] = {}
    for result in tool_results(document):
        known.setdefault(result.result.tool_use_id, result)
    old = sorted((known[id] for id in blocks if id in known), key=lambda each: each.span.line)
    if len(old) == len(blocks):
        return _replacements(lines, old, blocks)
    callers = {use.message for use in tool_uses(document) if use.use.id in blocks}
    if old or len(callers) != 1 or any(result.message - 1 in callers for result in known.values()):
        return []
    ordered = [use.use.id for use in tool_uses(document) if use.use.id in blocks]
    joined = [line for id in dict.fromkeys(ordered) for line in ("", *blocks[id])][1:]
    return [result_placement(document, lines, ordered[0], joined)]


def _replacements(
    lines: Sequence[str], old: Sequence[LocatedResult], blocks: Mapping[str, Sequence[str]]
) -> list[Splice]:
    found: list[Splice] = []
    moved = 0
    for result in old:
        splice = _replacement(lines, result, blocks[result.result.tool_use_id])
        found.append(Splice(splice.first + moved, splice.last + moved, splice.lines))
        moved += len(splice.lines) - (splice.last - splice.first)
    return found


def _replacement(lines: Sequence[str], old: LocatedResult, block: Sequence[str]) -> Splice:
    """In place; a header that stands behind its marker stays there."""
    before = lines[old.span.line][: old.span.column]
    return Splice(old.span.line, old.span.end_line + 1, (before + block[0], *block[1:]))


def _new_message(document: Document, lines: Sequence[str], caller: int, block: Sequence[str]) -> Splice:
    """No You message follows: one is put in, apart from its neighbours by a blank line."""
    at = message_lines(document, caller)[1] if document.messages else len(lines)
    above = () if not at or is_blank(lines[at - 1]) else ("",)
    below = ("",) if at < len(lines) else ()
    if document.old_throughout:
        return Splice(at, at, (*above, f"@You: {block[0]}", *block[1:], *below))
    return Splice(at, at, (*above, "@You:", "", *block, *below))


def _top_of_message(document: Document, lines: Sequence[str], target: int, block: Sequence[str]) -> Splice:
    """Above the user's text, but below a checkpoint, which must stay first."""
    marker, _ = message_lines(document, target)
    message = document.messages[target]
    opening = message.segments[0]
    if isinstance(opening, Checkpoint):
        return _after(lines, marker + opening.span.end_line, block)
    inline = _inline_text(lines[marker])
    if document.old_throughout:
        head: tuple[str, ...] = (f"@You: {block[0]}", *block[1:])
    elif inline:
        head = ("@You:", "", *block)
    else:
        head = (lines[marker], "", *block)
    if inline:
        return Splice(marker, marker + 1, (*head, "", inline))
    return Splice(marker, marker + 1, (*head, *_apart(lines, marker + 1)))


def _inline_text(line: str) -> str:
    """What stands behind a marker, as it has to be written on a line of its own."""
    marker = split_marker(line)
    text = marker[1].lstrip(BLANKS) if marker else ""
    return protect(text) if split_marker(text) else text


def _after(lines: Sequence[str], line: int, block: Sequence[str]) -> Splice:
    return Splice(line + 1, line + 1, ("", *block, *_apart(lines, line + 1)))


def _apart(lines: Sequence[str], line: int) -> tuple[str, ...]:
    """A blank line, if text follows on `line`."""
    return ("",) if line < len(lines) and not is_blank(lines[line]) else ()


def _before(lines: Sequence[str], result: LocatedResult, block: Sequence[str]) -> Splice:
    line, column = result.span.line, result.span.column
    if column == 0:
        return Splice(line, line, (*block, ""))
    marker, header = lines[line][:column], lines[line][column:]
    return Splice(line, line + 1, (marker + block[0], *block[1:], "", header))
