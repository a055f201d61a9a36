"""The part of the machine that deals with tool calls: which wait, what becomes of each, where results go.

A press of the key is the consent: what waits runs, if whoever pressed could see all of it. Else the press shows it, and
the next one runs it. With autopilot somebody decides about each call instead (`approval/`), and what is not allowed
waits as `(pending)`. A result block stands in the buffer, as `(approved)`, before its tool starts, and the outcome
takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flemma_py.approval.verdict import Decision, Verdict
from flemma_py.conversation.desk import Desk
from flemma_py.conversation.state import (
    BuildPrompt,
    Cancelled,
    Decide,
    Decided,
    Deciding,
    Effect,
    End,
    Grant,
    Idle,
    Loop,
    Mode,
    Outcome,
    Preparing,
    ResolveSecret,
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
    Waiting,
)
from flemma_py.document.query import (
    LocatedUse,
    is_terminal,
    result_for,
    results_by_id,
    tool_at,
    tool_uses,
    unresolved_uses,
    use_for,
)
from flemma_py.model.document import Document, Span, Status, ToolResult, ToolUse
from flemma_py.model.tool import STOPPED, ToolOutcome
from flemma_py.prompt.start import first_message

REJECTED = "The user rejected this call."
DENIED = "A rule of the user's denied this call."
ABORTED = "This call was cut off: it may have run, in part or as a whole."
DOUBTFUL = "it may have run already, when a host or an editor stopped"
AGAIN = "this call may have run already: once more runs it again"


def ask(turn: int, view: View, loop: Loop | None = None) -> Step:
    """Ask the model to go on."""
    return Preparing(turn, view, loop=loop), (BuildPrompt(turn, view.document), ResolveSecret(turn))


# ---- what waits


def unresolved(document: Document) -> list[ToolUse]:
    """Calls without a result that the model could be sent, in document order; not those of a reply that was cut or
    that a checkpoint hides, and of several with one id the first: what is said of it must not hold for another."""
    first: dict[str, ToolUse] = {}
    for found in tool_uses(document):
        first.setdefault(found.use.id, found.use)
    start = first_message(document)
    waiting = (found.use for found in unresolved_uses(document) if not found.aborted and found.message >= start)
    return [use for use in waiting if first[use.id] is use]


def pending(document: Document) -> tuple[ToolUse, ...]:
    """Those of them about which the user has not said anything, by a status or by text in the block."""
    results = results_by_id(document)
    return tuple(use for use in unresolved(document) if _is_open(results.get(use.id)))


def _is_open(result: ToolResult | None) -> bool:
    return result is None or (result.status in (Status.PENDING, Status.APPROVED) and not result.content.strip())


# ---- a press of the key


def submitted(state: Idle, asked: Submitted) -> Step:
    """Go on from calls that wait, or with a request where there are none."""
    view, turn = asked.view, state.turn + 1
    if not unresolved(view.document):
        return ask(turn, view, asked.loop)
    if asked.loop is not None:
        return decide(turn, view, asked.loop, asked.granted)
    results = results_by_id(view.document)
    sure = [use for use in pending(view.document) if not _is_doubtful(results.get(use.id), asked.granted)]
    return _agreed(state, asked, sure)


def run_at_cursor(state: Idle, asked: Submitted) -> Step:
    """Run the call that the cursor means, also one that has a result already."""
    found = _at_cursor(asked)
    if found is None:
        return _refused(state, "there is no tool call at the cursor")
    return _agreed(state, asked, (found.use,), only=found.use.id)


def _at_cursor(asked: Submitted) -> LocatedUse | None:
    id = tool_at(asked.view.document, asked.line)
    return use_for(asked.view.document, id) if id else None


def _refused(state: Idle, why: str) -> Step:
    return Idle(state.turn + 1, paused=state.paused), (Tell("warn", why), End(Outcome.COMPLETED))


def judge(state: Idle, asked: Submitted) -> Step:
    """Write the user's word about the call at the cursor: it is approved, or rejected with what they say to that."""
    found = _at_cursor(asked)
    if found is None:
        return _refused(state, "there is no tool call at the cursor")
    result = results_by_id(asked.view.document).get(found.use.id)
    if result is not None and is_terminal(result):
        return _refused(state, f"this call of {found.use.name} has its result already")
    if asked.mode is Mode.APPROVE and result is not None and result.content.strip():
        return _refused(
            state, f"the block of this call of {found.use.name} has text, so it is not run: see :help tools"
        )
    desk = Desk(asked.view)
    ended: tuple[Effect, ...]
    if asked.mode is Mode.APPROVE:
        desk.place(found.use.id, "", Status.APPROVED)
        ended = (Grant(found.use.id), End(Outcome.COMPLETED))
    else:
        said = asked.text or (result.content if result else "")
        desk.place(found.use.id, said, Status.REJECTED)
        ended = (End(Outcome.COMPLETED),)
    return Idle(state.turn + 1, paused=state.paused), (desk.write(state.turn + 1), *ended)


def _agreed(state: Idle, asked: Submitted, uses: Sequence[ToolUse], only: str = "") -> Step:
    """Run these calls, unless one of them has not been before the user's eyes: then show that one."""
    ids = frozenset(use.id for use in uses)
    was_shown = ids <= state.shown
    hidden = None if was_shown else _out_of_sight(asked, uses)
    doubt = () if was_shown or not only else _doubt(asked, only)
    turn = state.turn + 1
    if hidden is None and not doubt:
        # A call that the user runs by hand is what autopilot was waiting for.
        resumed = state.paused if only else None
        return Deciding(turn, asked.view, resumed, only, asked.granted), (Decide(turn, tuple(uses)),)
    shown = (Reveal(hidden.span.line, _end(hidden.span), len(uses), _names(uses)),) if hidden else ()
    return Idle(turn, ids, state.paused), (*shown, *doubt, End(Outcome.COMPLETED))


def _doubt(asked: Submitted, id: str) -> tuple[Effect, ...]:
    """What to say before a call is run that may have run before."""
    result = results_by_id(asked.view.document).get(id)
    cut = result is not None and result.status is Status.ABORTED
    return (Tell("warn", AGAIN),) if cut or _is_doubtful(result, asked.granted) else ()


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


# ---- what becomes of each


@dataclass(frozen=True, slots=True)
class _Run:
    """It runs."""


@dataclass(frozen=True, slots=True)
class _Wait:
    reason: str


@dataclass(frozen=True, slots=True)
class _Answer:
    """It does not run, and this is what the model is told. `by_rule`: nobody but a rule said so."""

    outcome: ToolOutcome
    by_rule: bool = False


def decide(turn: int, view: View, loop: Loop, granted: frozenset[str] = frozenset()) -> Step:
    """Have it decided which calls run."""
    return Deciding(turn, view, loop, granted=granted), (Decide(turn, pending(view.document)),)


def _is_approved(result: ToolResult | None) -> bool:
    return result is not None and result.status is Status.APPROVED


def _is_doubtful(result: ToolResult | None, granted: frozenset[str]) -> bool:
    """Whether it says `(approved)` and the user has not: it came with the text, or was running when all stopped."""
    return result is not None and _is_approved(result) and result.tool_use_id not in granted


def settle(state: Deciding, decided: Decided) -> Step:
    """Write what was decided, run what may run, and go on where nothing is left to wait for."""
    turn, view = state.turn, state.view
    fates = _fates(state, decided.decisions)
    results = results_by_id(view.document)
    desk = Desk(view)
    for use, fate in fates:
        match fate:
            case _Run():
                desk.place(use.id, "", Status.APPROVED)
            case _Wait() if use.id not in results:
                desk.place(use.id, "", Status.PENDING)
            case _Answer(outcome):
                desk.answer(use.id, outcome)
    running = [use for use, fate in fates if isinstance(fate, _Run)]
    waits = tuple(Waiting(use.id, use.name, fate.reason) for use, fate in fates if isinstance(fate, _Wait))
    written = (desk.write(turn),) if desk.splices else ()
    if running:
        return _running(turn, desk.view, running, state.loop, waits, written)
    if waits:
        step, effects = _pause(turn, desk.view, state.loop, waits)
        return step, (*written, *effects)
    denied = [use.id for use, fate in fates if isinstance(fate, _Answer) and fate.by_rule]
    if denied and state.loop is None:
        told = Tell("warn", f"a rule of yours denies {'a call' if len(denied) == 1 else f'{len(denied)} calls'}")
        return Idle(turn), (*written, told, End(Outcome.COMPLETED, _line(desk.view, denied[0])))
    step, effects = ask(turn + 1, desk.view, state.loop)
    return step, (*written, *effects)


def _fates(state: Deciding, decisions: Mapping[str, Decision]) -> list[tuple[ToolUse, _Run | _Wait | _Answer]]:
    document = state.view.document
    if state.only:
        found = use_for(document, state.only)
        assert found is not None
        said = decisions.get(state.only)
        refused = said is not None and said.verdict is Verdict.DENY
        return [(found.use, _denied(said.reason) if said and refused else _Run())]
    results = results_by_id(document)
    return [(use, _fate(results.get(use.id), decisions.get(use.id), state)) for use in unresolved(document)]


def _fate(result: ToolResult | None, decision: Decision | None, state: Deciding) -> _Run | _Wait | _Answer:
    if result is not None and not _is_open(result):
        said = result.content
        match result.status:
            case Status.PENDING:
                return _Answer(ToolOutcome(said))
            case Status.APPROVED:
                return _Wait("its block has text, so it is not run: take (approved) away and the text is the result")
            case Status.REJECTED:
                return _Answer(ToolOutcome(said.strip() or REJECTED, is_error=True))
            case Status.DENIED:
                return _Answer(ToolOutcome(said.strip() or DENIED, is_error=True))
            case _:
                return _Answer(ToolOutcome(said.strip() or ABORTED, is_error=True))
    if decision is not None and decision.verdict is Verdict.DENY:
        return _denied(decision.reason)
    if _is_doubtful(result, state.granted):
        return _Wait(DOUBTFUL)
    if state.loop is None or _is_approved(result) or (decision is not None and decision.runs):
        return _Run()
    return _Wait(decision.reason if decision else "nobody decided about it")


def _denied(reason: str) -> _Answer:
    return _Answer(ToolOutcome(f"This call was denied by a policy: {reason}.", is_error=True), by_rule=True)


def _line(view: View, id: str) -> int | None:
    found = result_for(view.document, id)
    return found.span.line if found else None


def _pause(turn: int, view: View, loop: Loop | None, waits: Sequence[Waiting]) -> Step:
    """Leave the rest to the user, with the cursor on the first call that waits."""
    first = waits[0]
    told = f"{first.name} waits for you" if len(waits) == 1 else f"{len(waits)} calls wait for you, first {first.name}"
    why = f": {first.reason}" if first.reason else ""
    how = "Run it at the cursor, or :Flemma tool:approve, tool:reject or tool:allow."
    ended = End(Outcome.COMPLETED, _line(view, first.id))
    return Idle(turn, paused=loop), (Tell("info", f"{told}{why}. {how}"), ended)


# ---- a run


def _running(
    turn: int,
    view: View,
    uses: Sequence[ToolUse],
    loop: Loop | None,
    waits: tuple[Waiting, ...],
    written: tuple[Effect, ...],
) -> Step:
    """Run these calls: their blocks are in the buffer before."""
    line = _line(view, uses[0].id)
    shown = Show(f"running {_names(uses)}", "end" if line is None else line)
    ids = tuple(use.id for use in uses)
    return Running(turn, ids, ids[0], loop, waits), (*written, shown, *(RunTool(turn, use) for use in uses))


def finish(state: Running, finished: ToolFinished) -> Step:
    """Write a result. After the last one the chat is idle, with the cursor on the first, or autopilot goes on."""
    desk = Desk(finished.view)
    desk.answer(finished.id, finished.outcome)
    write = desk.write(state.turn, settle=False)
    left = tuple(id for id in state.unfinished if id != finished.id)
    if left:
        return Running(state.turn, left, state.first, state.loop, state.waits), (write,)
    step: Step
    if state.loop is None and not state.waits:
        step = Idle(state.turn), (End(Outcome.COMPLETED, _line(desk.view, state.first)),)
    elif waits := _still_waiting(desk.view.document, state.waits):
        step = _pause(state.turn, desk.view, state.loop, waits)
    else:
        step = ask(state.turn + 1, desk.view, state.loop)
    return step[0], (write, *step[1])


def _still_waiting(document: Document, known: Sequence[Waiting]) -> list[Waiting]:
    reasons = {each.id: each.reason for each in known}
    return [Waiting(use.id, use.name, reasons.get(use.id, "")) for use in unresolved(document)]


def cancel(state: Running, cancelled: Cancelled) -> Step:
    """Stop what runs and tell the model so, in each unfinished block."""
    stop, end = StopTools(), End(Outcome.CANCELLED)
    if cancelled.discard:
        return Idle(state.turn), (stop, end)
    desk = Desk(cancelled.view)
    for id in state.unfinished:
        desk.answer(id, STOPPED)
    return Idle(state.turn), (stop, desk.write(state.turn, settle=False), end)


def unanswered_warning(uses: Sequence[ToolUse]) -> tuple[Effect, ...]:
    """What a plain send says of calls that it leaves without a result."""
    if not uses:
        return ()
    count = f"{len(uses)} tool calls have" if len(uses) > 1 else "a tool call has"
    return (Tell("warn", f"{count} no result: the model is told so. The send key would have run them."),)
