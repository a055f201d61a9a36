"""The part of the machine that deals with tool calls: which are pending, where results go, how a run ends.

Here a press of the key is the consent: what is pending runs, if whoever pressed could see all of it. Else the press
shows it, and the next one runs it. A result block stands in the buffer, as `(approved)`, before its tool starts, and
the outcome takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from flemma_py.conversation.state import (
    Cancelled,
    Effect,
    End,
    Idle,
    Outcome,
    Reveal,
    Running,
    RunTool,
    Show,
    Step,
    StopTools,
    Submitted,
    Tell,
    ToolFinished,
    View,
    Write,
)
from flemma_py.document.parser import reparse
from flemma_py.document.placement import result_placement
from flemma_py.document.query import LocatedUse, result_for, tool_at, unresolved_uses, use_for
from flemma_py.document.serializer import tool_result_lines
from flemma_py.model.document import Document, Span, Status, ToolResult, ToolUse
from flemma_py.model.patch import Splice
from flemma_py.model.tool import STOPPED, ToolOutcome


def pending(document: Document) -> tuple[ToolUse, ...]:
    """Calls that wait to be run, in document order: not those of a reply that was cut, and not those to which the user
    already said something (a status other than pending or approved, or text in the block)."""
    return tuple(
        found.use
        for found in unresolved_uses(document)
        if not found.aborted and _waits(result_for(document, found.use.id))
    )


def _waits(found: object) -> bool:
    result: ToolResult | None = getattr(found, "result", None)
    return result is None or (result.status in (Status.PENDING, Status.APPROVED) and not result.content.strip())


def agreed(state: Idle, asked: Submitted, uses: Sequence[ToolUse]) -> Step:
    """Run these calls, unless one of them has not been before the user's eyes: then show that one."""
    ids = frozenset(use.id for use in uses)
    hidden = None if ids <= state.shown else _out_of_sight(asked, uses)
    if hidden is None:
        return run(state.turn + 1, asked.view, uses)
    shown = Reveal(hidden.span.line, _end(hidden.span), len(uses), _names(uses))
    return Idle(state.turn + 1, ids), (shown, End(Outcome.COMPLETED))


def _out_of_sight(asked: Submitted, uses: Sequence[ToolUse]) -> LocatedUse | None:
    if asked.seen is None:
        return None
    located = (use_for(asked.view.document, use.id) for use in uses)
    return next((found for found in located if found and not _is_within(found.span, asked.seen)), None)


def _is_within(span: Span, ranges: Sequence[tuple[int, int]]) -> bool:
    return any(first <= span.line and _end(span) <= end for first, end in ranges)


def _end(span: Span) -> int:
    """The line behind the last one."""
    return span.end_line + (span.end_column > 0)


def _names(uses: Sequence[ToolUse]) -> str:
    return ", ".join(dict.fromkeys(use.name for use in uses))


def run(turn: int, view: View, uses: Sequence[ToolUse]) -> Step:
    """Run these calls, each after its block is in the buffer."""
    splices = []
    for use in uses:
        splice, view = _placed(view, use.id, tool_result_lines(use.id, "", Status.APPROVED))
        splices.append(splice)
    first = result_for(view.document, uses[0].id)
    shown = Show(f"running {_names(uses)}", first.span.line if first else "end")
    started: list[Effect] = [Write(turn, tuple(splices), settle=True), shown]
    started += [RunTool(turn, use) for use in uses]
    ids = tuple(use.id for use in uses)
    return Running(turn, ids, ids[0]), tuple(started)


def run_at_cursor(state: Idle, asked: Submitted) -> Step:
    """Run the call that the cursor means, also one that has a result already."""
    id = tool_at(asked.view.document, asked.line)
    found = use_for(asked.view.document, id) if id else None
    if found is None:
        told = Tell("warn", "there is no tool call at the cursor")
        return Idle(state.turn + 1), (told, End(Outcome.COMPLETED))
    return agreed(state, asked, (found.use,))


def finish(state: Running, finished: ToolFinished) -> Step:
    """Write a result; when it was the last one, the chat is idle, with the cursor on the first."""
    splice, view = _outcome(finished.view, finished.id, finished.outcome)
    write = Write(state.turn, (splice,))
    left = tuple(id for id in state.unfinished if id != finished.id)
    if left:
        return Running(state.turn, left, state.first), (write,)
    first = result_for(view.document, state.first)
    return Idle(state.turn), (write, End(Outcome.COMPLETED, first.span.line if first else None))


def cancel(state: Running, cancelled: Cancelled) -> Step:
    """Stop what runs and tell the model so, in each unfinished block."""
    stop, end = StopTools(), End(Outcome.CANCELLED)
    if cancelled.discard:
        return Idle(state.turn), (stop, end)
    splices, view = [], cancelled.view
    for id in state.unfinished:
        splice, view = _outcome(view, id, STOPPED)
        splices.append(splice)
    return Idle(state.turn), (stop, Write(state.turn, tuple(splices)), end)


def unanswered_warning(uses: Sequence[ToolUse]) -> tuple[Effect, ...]:
    """What a plain send says of calls that it leaves without a result."""
    if not uses:
        return ()
    count = f"{len(uses)} tool calls have" if len(uses) > 1 else "a tool call has"
    return (Tell("warn", f"{count} no result: the model is told so. The send key would have run them."),)


def _outcome(view: View, id: str, outcome: ToolOutcome) -> tuple[Splice, View]:
    status = Status.ERROR if outcome.is_error else None
    return _placed(view, id, tool_result_lines(id, outcome.output, status, outcome.language))


def _placed(view: View, id: str, block: Sequence[str]) -> tuple[Splice, View]:
    """The edit that writes a block, and the chat as it is after it: the next edit counts its lines from there."""
    splice = result_placement(view.document, view.lines, id, block)
    lines = (*view.lines[: splice.first], *splice.lines, *view.lines[splice.last :])
    document = reparse(view.document, lines, splice.first, splice.last, splice.first + len(splice.lines))
    return splice, View(document, lines)
