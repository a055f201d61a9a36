"""What a chat does next: `step(state, input) -> (state, effects)`, a pure function.

    Idle --Submitted--> Deciding    calls wait: somebody says which may run
                    --> Preparing   none: build the prompt, find the key, look whether a budget is in the way
    Deciding --Decided--> Running   those that may: run them, write each result, back to Idle
    Preparing --PromptReady + SecretReady--> Streaming   the role marker is written, the request goes out
              --Weighed, Answered …                      what goes beyond a budget waits for the user's word
    Streaming --Streamed--> Streaming … Idle             edits; the end of the reply, or what broke it
    any --Cancelled--> Idle

A checkpoint goes a way of its own, see `checkpoint/steps.py`.

With autopilot it goes on by itself: from Running to Preparing, and from Streaming through Looking to Deciding, until
nothing is left to do or a call waits for the user.

Every way back to Idle closes what the reply left open and ends with `End`, which unlocks the buffer. Inputs of an
earlier turn (a chunk that was on its way when the user cancelled) are known by their number and ignored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flemma_py.conversation import calls
from flemma_py.conversation.checkpoint.words import Condensing, SummaryReady
from flemma_py.conversation.reply import Reply
from flemma_py.conversation.spending import Agree, Answered, Ask, Weigh, Weighed
from flemma_py.conversation.state import (
    Activity,
    Cancelled,
    Decided,
    Deciding,
    Effect,
    End,
    Failed,
    Idle,
    Input,
    Look,
    Looked,
    Looking,
    Mode,
    Outcome,
    Over,
    Preparing,
    PromptReady,
    Record,
    Running,
    SecretReady,
    Show,
    StartStream,
    State,
    Step,
    StopStream,
    StopTools,
    Streamed,
    Streaming,
    Submitted,
    Tell,
    ToolFinished,
    Write,
)
from flemma_py.document.migrate import migrate
from flemma_py.document.serializer import prompt_lines
from flemma_py.model.document import Role, ToolUse
from flemma_py.model.patch import Begin, Edit, RemoveReply
from flemma_py.model.stream import StopReason, StreamEnd, StreamFailure, UsageReport
from flemma_py.model.usage import Usage

if TYPE_CHECKING:
    from flemma_py.accounting.budget import Question

BUSY = "this chat is still busy: <C-c> or :Flemma cancel ends that"
INTERRUPTED = "Response interrupted by the user."
WAITING = "Thinking..."
"""What is shown while a request is tried again."""
ASKING = "Waiting for your answer..."


def step(state: State, happened: Input) -> Step:
    """What `happened` makes of `state`, and what is to be done about it. Never raises on any pair."""
    match state, happened:
        case Idle(), Submitted():
            return _submit(state, happened)
        case Deciding(), Decided() if happened.turn == state.turn:
            return calls.settle(state, happened)
        case Looking(), Looked() if happened.turn == state.turn:
            return _looked(state, happened)
        case Running(), ToolFinished() if happened.turn == state.turn and happened.id in state.unfinished:
            return calls.finish(state, happened)
        case Running(), Cancelled():
            return calls.cancel(state, happened)
        case _, Submitted():
            return state, (Tell("warn", BUSY),)
        case Condensing(), SummaryReady() | SecretReady() | Streamed() | Looked() | Failed() | Cancelled():
            from flemma_py.conversation.checkpoint.steps import go_on

            return go_on(state, happened)
        case Idle(), Failed():
            return state, ()
        case _, Failed() if happened.turn == state.turn:
            return _failed(state, happened)
        case Preparing(), PromptReady() if happened.turn == state.turn:
            state = replace(state, prompt=happened.prompt, is_weighed=not happened.is_limited)
            return (state, (Weigh(state.turn, happened.prompt),)) if happened.is_limited else _go(state)
        case Preparing(), Weighed() if happened.turn == state.turn and not state.is_weighed:
            return _asked(replace(state, is_weighed=True), happened.questions)
        case Preparing(questions=(question, *rest)), Answered() if (happened.turn, happened.question) == (
            state.turn,
            question,
        ):
            return _answered(state, happened, tuple(rest))
        case Preparing(), SecretReady() if happened.turn == state.turn:
            return _go(replace(state, has_key=True))
        case ((Deciding() | Preparing() | Looking()), Cancelled()):
            return Idle(state.turn), (StopStream(), End(Outcome.CANCELLED))
        case Streaming(), Streamed() if happened.turn == state.turn:
            return _streamed(state, happened)
        case Streaming(), Cancelled():
            return _cancel_reply(state, happened)
        case _:
            return state, ()


def _submit(state: Idle, asked: Submitted) -> Step:
    turn = state.turn + 1
    if asked.mode is Mode.FORMAT:
        edits = migrate(asked.view.lines)
        told = () if edits else (Tell("info", "every role marker is on a line of its own already"),)
        return Idle(turn), (Write(turn, edits, settle=True), *told, End(Outcome.COMPLETED))
    if asked.mode is Mode.CHECKPOINT:
        # Loaded when somebody wants one: a start does without.
        from flemma_py.conversation.checkpoint.steps import begin

        return begin(state, asked)
    if asked.mode in (Mode.APPROVE, Mode.REJECT):
        return calls.judge(state, asked)
    if asked.mode is Mode.EXECUTE:
        return calls.run_at_cursor(state, asked)
    if asked.mode is Mode.HYBRID:
        return calls.submitted(state, asked)
    warning = calls.unanswered_warning(calls.pending(asked.view.document))
    preparing, effects = calls.ask(turn, asked.view, asked.loop)
    return preparing, (*warning, *effects)


def _asked(state: Preparing, questions: tuple[Question, ...]) -> Step:
    """One question after the other; none is left: the request leaves as soon as it can."""
    state = replace(state, questions=questions)
    if not questions:
        return _go(state)
    return state, (Show(ASKING), Ask(state.turn, questions[0]))


def _answered(state: Preparing, said: Answered, rest: tuple[Question, ...]) -> Step:
    from flemma_py.accounting.budget import Answer

    if said.answer is Answer.STOP:
        told = Tell("info", "nothing was sent, and nothing was spent")
        return Idle(state.turn, paused=state.loop), (StopStream(), told, End(Outcome.CANCELLED))
    agreed = (Agree(said.question),) if said.answer is Answer.ALWAYS else ()
    after, effects = _asked(state, rest)
    return after, (*agreed, *(() if rest else (Show(),)), *effects)


def _go(state: Preparing) -> Step:
    """All parts of the preparation are needed, in whatever order they come."""
    if state.prompt is None or not state.has_key or not state.is_weighed or state.questions:
        return state, ()
    reply, begin = Reply.begin(state.view.lines, state.view.document)
    effects = (StartStream(state.turn, state.prompt), Write(state.turn, (begin,)), _shown(reply))
    opening = begin.text.removesuffix("@Assistant:")
    return Streaming(state.turn, reply, Usage(), opening, loop=state.loop), effects


def _streamed(state: Streaming, news: Streamed) -> Step:
    usage, failure, end = state.usage, None, state.end
    for event in news.events:
        match event:
            case UsageReport():
                usage = usage.updated(event)
            case StreamEnd():
                end = event
            case StreamFailure():
                failure = event
    reply, edits = state.reply.feed(news.events)
    written: tuple[Effect, ...] = (Write(state.turn, edits),) if edits else ()
    shown = _progress(state.reply, reply)
    state = replace(state, reply=reply, usage=usage, end=end)
    if failure is not None:
        return _broken(state, (*written, *shown), failure)
    if end is not None:
        return _complete(state, (*written, *shown), end)
    return state, (*written, *shown)


def _progress(before: Reply, after: Reply) -> tuple[Effect, ...]:
    shown = _shown(after)
    return () if shown == _shown(before) else (shown,)


def _shown(reply: Reply) -> Show:
    where = "end" if reply.phase in ("thinking", "tool") else "marker"
    return Show(where=where, activity=Activity(reply.phase, reply.characters, reply.tool or ""))


def _complete(state: Streaming, before: tuple[Effect, ...], end: StreamEnd) -> Step:
    told: tuple[Effect, ...] = ()
    outcome, aborted = Outcome.COMPLETED, None
    match end.reason:
        case StopReason.MAX_TOKENS:
            told = (Tell("warn", "the answer was cut at its token limit: raise max_tokens, or ask to go on"),)
        case StopReason.CONTEXT_FULL:
            full = "the answer was cut because the model's context is full: :Flemma session:checkpoint makes room"
            told = (Tell("warn", full),)
        case StopReason.REFUSED:
            detail = f" ({end.detail})" if end.detail else ""
            aborted = f"The model refused to go on{detail}."
            outcome = Outcome.ERRORED
            told = (Tell("error", f"the model refused to go on{detail}: change the prompt and send again"),)
    if state.reply.is_empty:
        return _empty(state, before, told, outcome)
    if not told and not state.reply.has_answer:
        told = (Tell("warn", "the model thought and answered nothing: send again, or change the prompt"),)
    closing = Write(state.turn, state.reply.finish(aborted))
    if state.loop is not None and not told:
        over = (Record(state.usage, outcome), Over(outcome), Look(state.turn))
        return Looking(state.turn, state.loop), (*before, closing, *over)
    return Idle(state.turn), (*before, closing, *told, Record(state.usage, outcome), End(outcome))


def _looked(state: Looking, looked: Looked) -> Step:
    """Go on if the reply calls for something."""
    document = looked.view.document
    last = next((each for each in reversed(document.messages) if each.role is Role.ASSISTANT), None)
    calling = {use.id for use in last.segments if isinstance(use, ToolUse)} if last else set()
    if not looked.goes_on or not any(use.id in calling for use in calls.unresolved(document)):
        return Idle(state.turn), (End(Outcome.COMPLETED),)
    loop = replace(state.loop, rounds=state.loop.rounds + 1)
    if loop.rounds > loop.most:
        message = f"autopilot stops after {loop.most} requests of its own (tools.autopilot.max_turns): send to go on"
        return Idle(state.turn), (Tell("warn", message), End(Outcome.COMPLETED))
    return calls.decide(state.turn + 1, looked.view, loop)


def _empty(state: Streaming, before: tuple[Effect, ...], told: tuple[Effect, ...], outcome: Outcome) -> Step:
    """The stream ended in order and said nothing: the marker goes, and after an answer that is one a prompt comes."""
    edits: tuple[Edit, ...] = (RemoveReply(),)
    if outcome is Outcome.COMPLETED:
        text = state.opening + "\n".join(prompt_lines(state.reply.form))
        edits = (RemoveReply(), Begin(text, state.opening.count("\n")))
        told = told or (Tell("warn", "the model answered nothing: send again, or change the prompt"),)
    return Idle(state.turn), (*before, Write(state.turn, edits), *told, Record(state.usage, outcome), End(outcome))


def _close_early(state: Streaming, why: str) -> Write:
    edits: tuple[Edit, ...] = (RemoveReply(),) if state.reply.is_empty else state.reply.finish(why)
    return Write(state.turn, edits)


def _broken(state: Streaming, before: tuple[Effect, ...], failure: StreamFailure) -> Step:
    message = failure.error.message
    return Idle(state.turn), (
        *before,
        StopStream(),
        # What the vendor told of its rates is for the notice alone.
        _close_early(state, message.split("\n")[0]),
        Tell("error", message),
        Record(state.usage, Outcome.ERRORED),
        End(Outcome.ERRORED),
    )


def _cancel_reply(state: Streaming, cancelled: Cancelled) -> Step:
    ended = (Record(state.usage, Outcome.CANCELLED), End(Outcome.CANCELLED))
    if cancelled.discard:
        return Idle(state.turn), (StopStream(), *ended)
    return Idle(state.turn), (StopStream(), _close_early(state, INTERRUPTED), *ended)


def _failed(state: State, failed: Failed) -> Step:
    """What was needed could not be had. A failing write ends the turn too: nothing more can be put into the buffer."""
    told = Tell("error", failed.error.message)
    used = (Record(state.usage, Outcome.ERRORED),) if isinstance(state, Streaming) else ()
    return Idle(state.turn), (StopStream(), StopTools(), told, *used, End(Outcome.ERRORED))
