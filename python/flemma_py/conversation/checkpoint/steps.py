"""The part of the machine that makes a checkpoint.

    Idle --Submitted--> Condensing         where to: `find_seam`; build the request, find the key
    Condensing --SummaryReady + SecretReady--> the request goes out --Streamed--> … its end
               --Looked--> Idle            the summary is written, in one edit, unless it would not be smaller

Whatever else happens, the chat is as it was.
"""

from __future__ import annotations

from dataclasses import replace

from flemma_py.accounting.gauge import prompt_tokens
from flemma_py.conversation.checkpoint.seam import find_seam
from flemma_py.conversation.checkpoint.summary import checkpoint_splice, checkpoint_tokens
from flemma_py.conversation.checkpoint.words import SOURCE, BuildSummary, Condensed, Condensing, SummaryReady
from flemma_py.conversation.state import (
    Activity,
    Cancelled,
    Effect,
    End,
    Failed,
    Idle,
    Look,
    Looked,
    Outcome,
    Record,
    ResolveSecret,
    SecretReady,
    Show,
    StartStream,
    Step,
    StopStream,
    Streamed,
    Submitted,
    Tell,
    Write,
)
from flemma_py.errors import RequestKind
from flemma_py.model.stream import StopReason, StreamEnd, StreamFailure, TextDelta, ThinkingDelta, UsageReport
from flemma_py.model.usage import Usage

TRIES = 4
"""How often less is asked of a model that finds the conversation too long."""
LEAST = 100
"""Tokens that no summary is shorter than."""
NAME = "summary"
"""What the progress says is being written."""

NOTHING = "there is nothing to sum up: no turn is complete since the chat, or its last checkpoint, began"
CHANGED = "the chat was changed while it was summed up, so nothing was written: :Flemma session:checkpoint tries again"
ALONE = "the model gave no summary, so nothing was changed: try again, or switch to another model"

Happened = SummaryReady | SecretReady | Streamed | Looked | Failed | Cancelled

_CUT = {
    StopReason.MAX_TOKENS: "the summary was cut at its token limit, so nothing was changed: raise max_tokens",
    StopReason.CONTEXT_FULL: "the summary was cut because the model's context is full, so nothing was changed: switch "
    "to a model with a larger one",
}


def begin(state: Idle, asked: Submitted) -> Step:
    """The user wants a checkpoint."""
    turn = state.turn + 1
    seam = find_seam(asked.view.document)
    if seam is None:
        return Idle(turn, paused=state.paused), (Tell("warn", NOTHING), End(Outcome.COMPLETED))
    condensing = Condensing(turn, asked.view, seam, asked.text, state.paused)
    return condensing, (BuildSummary(turn, asked.view.document, seam, asked.text), ResolveSecret(turn))


def go_on(state: Condensing, happened: Happened) -> Step:
    match happened:
        case Cancelled():
            return _over(state, Outcome.CANCELLED)
        case _ if happened.turn != state.turn:
            return state, ()
        case SummaryReady(_, summary) if state.summary is None and summary.tokens < LEAST:
            told = f"there are only about {summary.tokens:,} tokens to sum up: a summary would not be smaller"
            return _over(state, Outcome.COMPLETED, Tell("warn", told))
        case SummaryReady(_, summary) if state.summary is None:
            return _ask(replace(state, summary=summary))
        case SecretReady() if not state.has_key:
            return _ask(replace(state, has_key=True))
        case Streamed() if state.is_out and state.end is None:
            return _streamed(state, happened)
        case Looked() if state.end is not None:
            return _written(state, happened)
        case Failed(_, error):
            return _over(state, Outcome.ERRORED, Tell("error", error.message))
        case _:
            return state, ()


def _ask(state: Condensing) -> Step:
    if state.summary is None or not state.has_key:
        return state, ()
    return state, (StartStream(state.turn, state.summary.prompt, is_aside=True),)


def _streamed(state: Condensing, news: Streamed) -> Step:
    thinks = False
    for event in news.events:
        match event:
            case TextDelta(text):
                state, thinks = replace(state, text=state.text + text, characters=state.characters + len(text)), False
            case ThinkingDelta(text):
                state, thinks = replace(state, characters=state.characters + len(text)), True
            case UsageReport():
                state = replace(state, usage=state.usage.updated(event))
            case StreamEnd():
                state = replace(state, end=event)
            case StreamFailure(error):
                if error.kind is RequestKind.TOO_LONG and not state.text and state.tries < TRIES:
                    return _ask_less(state)
                return _over(state, Outcome.ERRORED, Tell("error", error.message))
    if state.end is not None:
        return _ended(state, state.end)
    shown = Activity("thinking", state.characters) if thinks else Activity("tool", state.characters, NAME)
    return state, (Show(where="end", activity=shown),)


def _ask_less(state: Condensing) -> Step:
    """The model takes less than it was given: with half of that it is asked again."""
    assert state.summary is not None
    room = prompt_tokens(state.summary.prompt) // 2
    again = replace(state, tries=state.tries + 1, summary=None, characters=0, usage=Usage())
    build = BuildSummary(state.turn, state.view.document, state.seam, state.guidance, room)
    return again, (Record(state.usage, Outcome.ERRORED, SOURCE), build)


def _ended(state: Condensing, end: StreamEnd) -> Step:
    """All has come. What is whole is written into the chat as it is then."""
    if end.reason is StopReason.REFUSED:
        detail = f" ({end.detail})" if end.detail else ""
        told = f"the model refused to sum this chat up{detail}, so nothing was changed"
        return _over(state, Outcome.ERRORED, Tell("error", told))
    if end.reason in _CUT:
        return _over(state, Outcome.ERRORED, Tell("error", _CUT[end.reason]))
    if not state.text.strip():
        return _over(state, Outcome.ERRORED, Tell("error", ALONE))
    return state, (Look(state.turn),)


def _written(state: Condensing, looked: Looked) -> Step:
    assert state.summary is not None
    before, after = state.summary.tokens, checkpoint_tokens(state.text)
    if after >= before:
        told = f"nothing was changed, as the summary would not be smaller: ~{after:,} tokens in place of ~{before:,}"
        return _over(state, Outcome.COMPLETED, Tell("warn", told))
    if looked.view.lines != state.view.lines:
        return _over(state, Outcome.COMPLETED, Tell("warn", CHANGED))
    splice = checkpoint_splice(looked.view.lines, looked.view.document, state.seam, state.text)
    line = splice.first + splice.lines.index("@You:") + 1
    return _over(
        state,
        Outcome.COMPLETED,
        Write(state.turn, (splice,), settle=True),
        Condensed(line, state.text, before, after),
        Tell("info", f"requests start at the summary now: ~{after:,} tokens in place of ~{before:,}; u takes it back"),
    )


def _over(state: Condensing, outcome: Outcome, *effects: Effect) -> Step:
    """The chat is idle again, and what was used is booked."""
    stop = () if state.end is not None else (StopStream(),)
    used = (Record(state.usage, outcome, SOURCE),) if state.is_out else ()
    return Idle(state.turn, paused=state.paused), (*stop, *used, *effects, End(outcome))
