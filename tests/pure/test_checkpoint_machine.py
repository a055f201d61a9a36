"""A checkpoint as the machine makes it: nothing is written before a whole summary is there and found to be smaller."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.pure.test_machine import of, play, streamed, submit, view

from flemma_py.app.nearly_full import NearlyFull
from flemma_py.conversation.checkpoint.steps import LEAST, TRIES
from flemma_py.conversation.checkpoint.summary import HEADING, Summary
from flemma_py.conversation.checkpoint.words import SOURCE, BuildSummary, Condensed, Condensing, SummaryReady
from flemma_py.conversation.machine import BUSY, step
from flemma_py.conversation.state import (
    Cancelled,
    Effect,
    End,
    Failed,
    Idle,
    Input,
    Look,
    Looked,
    Loop,
    Mode,
    Outcome,
    PromptReady,
    Record,
    ResolveSecret,
    SecretReady,
    Show,
    StartStream,
    StopStream,
    Tell,
    Write,
)
from flemma_py.errors import DocumentError, RequestError, RequestKind
from flemma_py.model.patch import Splice
from flemma_py.model.prompt import Prompt, Speaker, TextPart, Turn
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ToolCallEnd,
    UsageReport,
)
from flemma_py.model.usage import Usage

CHAT = "@You:\nHello\n\n@Assistant:\n" + "words " * 200 + "\n\n@You:\nNext"
ASKED = submit(CHAT, Mode.CHECKPOINT)
READY = SummaryReady(1, Summary(Prompt("m", "", (Turn(Speaker.USER, (TextPart("x" * 1200),)),)), 300))
END = StreamEnd(StopReason.DONE)
USED = UsageReport(input=300, output=9)


def out() -> Condensing:
    """The request for a summary is out."""
    state, effects = play(Idle(), ASKED, SecretReady(1), READY)
    assert isinstance(state, Condensing) and state.is_out
    assert [(each.prompt, each.is_aside) for each in of(StartStream, effects)] == [(READY.summary.prompt, True)]
    return state


def end_of(effects: list[Effect]) -> Outcome:
    *before, last = effects
    assert isinstance(last, End) and last.line is None and not of(End, before)
    return last.outcome


def test_it_is_built_while_the_key_is_looked_for() -> None:
    state, effects = play(Idle(3), replace(ASKED, text="keep the decisions"))
    assert isinstance(state, Condensing) and state.turn == 4
    (build,) = of(BuildSummary, effects)
    assert (build.seam.first, build.seam.end, build.guidance) == (0, 2, "keep the decisions")
    assert of(ResolveSecret, effects) and not of(Write, effects)
    for order in ((SecretReady(1), READY), (READY, SecretReady(1))):
        state, effects = play(Idle(), ASKED, order[0])
        assert not effects
        assert of(StartStream, play(state, order[1])[1])


def test_nothing_is_sent_where_there_is_nothing_to_sum_up() -> None:
    for text in ("@You:\nHello", "@You:\n\n@System:\nx", ""):
        state, effects = play(Idle(), submit(text, Mode.CHECKPOINT))
        assert isinstance(state, Idle) and end_of(effects) is Outcome.COMPLETED
        assert "nothing to sum up" in of(Tell, effects)[0].message
    few = SummaryReady(1, Summary(Prompt("m", "", ()), LEAST - 1))
    state, effects = play(Idle(), ASKED, SecretReady(1), few)
    assert isinstance(state, Idle) and end_of(effects) is Outcome.COMPLETED
    assert of(StopStream, effects) and not of(StartStream, effects) and not of(Record, effects)
    assert f"about {LEAST - 1} tokens" in of(Tell, effects)[0].message


def test_the_summary_is_written_in_one_edit_when_all_of_it_has_come() -> None:
    state, effects = play(out(), streamed(ThinkingDelta("hm"), TextDelta("A fox "), USED))
    assert not of(Write, effects) and of(Show, effects)[0].activity is not None
    state, effects = play(state, streamed(TextDelta("jumps."), END))
    assert [type(effect) for effect in effects] == [Look]
    state, effects = play(state, Looked(1, view(CHAT), goes_on=False))
    assert state == Idle(1) and end_of(effects) is Outcome.COMPLETED and not of(StopStream, effects)
    (write,) = of(Write, effects)
    (splice,) = write.edits
    assert write.settle and isinstance(splice, Splice) and splice.first == splice.last == 6
    assert splice.lines == ("@You:", "<!-- flemma:checkpoint -->", "", HEADING, "", "A fox jumps.", "")
    assert of(Record, effects) == [Record(Usage(input=300, output=9), Outcome.COMPLETED, SOURCE)]
    assert of(Condensed, effects) == [Condensed(7, "A fox jumps.", 300, 13)]
    assert "~13 tokens in place of ~300" in of(Tell, effects)[0].message
    # It is booked before a write can go wrong.
    assert [type(effect) for effect in effects] == [Record, Write, Condensed, Tell, End]


def test_what_would_not_be_smaller_is_not_written_but_booked() -> None:
    state, effects = play(out(), streamed(TextDelta("more " * 300), END), Looked(1, view(CHAT), goes_on=False))
    assert isinstance(state, Idle) and end_of(effects) is Outcome.COMPLETED
    assert not of(Write, effects) and not of(Condensed, effects) and of(Record, effects)
    assert "in place of ~300" in of(Tell, effects)[0].message


def test_a_chat_that_was_changed_meanwhile_is_left_alone() -> None:
    state, effects = play(out(), streamed(TextDelta("Sum"), END), Looked(1, view(CHAT + " more"), goes_on=False))
    assert isinstance(state, Idle) and not of(Write, effects)
    assert "was changed" in of(Tell, effects)[0].message


@pytest.mark.parametrize(
    ("events", "outcome", "told"),
    [
        ((TextDelta("half"), StreamEnd(StopReason.MAX_TOKENS)), Outcome.ERRORED, "token limit"),
        ((TextDelta("half"), StreamEnd(StopReason.CONTEXT_FULL)), Outcome.ERRORED, "context is full"),
        ((TextDelta("no"), StreamEnd(StopReason.REFUSED, "Vendor: x")), Outcome.ERRORED, "(Vendor: x)"),
        ((TextDelta(" \n"), END), Outcome.ERRORED, "gave no summary"),
        ((ThinkingDelta("hm"), END), Outcome.ERRORED, "gave no summary"),
        ((ToolCallEnd(0, "a", "bash", "{}"), StreamEnd(StopReason.TOOL_USE)), Outcome.ERRORED, "gave no summary"),
        ((TextDelta("x"), StreamFailure(RequestError(RequestKind.NETWORK, "It broke."))), Outcome.ERRORED, "It broke."),
    ],
)
def test_what_goes_wrong_is_told_and_nothing_is_written(
    events: tuple[StreamEvent, ...], outcome: Outcome, told: str
) -> None:
    state, effects = play(out(), streamed(*events))
    assert isinstance(state, Idle) and end_of(effects) is outcome
    assert told in of(Tell, effects)[0].message and not of(Write, effects)
    assert [each.source for each in of(Record, effects)] == [SOURCE]


def test_a_model_that_finds_it_too_long_is_asked_with_half_of_it() -> None:
    failure = streamed(StreamFailure(RequestError(RequestKind.TOO_LONG, "Too long.")))
    state = out()
    for number in range(1, TRIES + 1):
        state, effects = play(state, failure)  # type: ignore[assignment]
        assert isinstance(state, Condensing) and state.tries == number and not state.is_out
        assert [type(effect) for effect in effects] == [Record, BuildSummary]
        assert [each.room for each in of(BuildSummary, effects)] == [150]
        prompt = Prompt("m", "", (Turn(Speaker.USER, (TextPart("x" * 1200),)),))
        state, effects = play(state, SummaryReady(1, Summary(prompt, 300)))  # type: ignore[assignment]
        assert [type(effect) for effect in effects] == [StartStream]
    ended, effects = play(state, failure)
    assert isinstance(ended, Idle) and of(Tell, effects) == [Tell("error", "Too long.")]


def test_cancelling_closes_the_connection_and_books_what_was_told() -> None:
    state, effects = play(out(), streamed(TextDelta("half"), USED), Cancelled(view(CHAT)))
    assert isinstance(state, Idle) and end_of(effects) is Outcome.CANCELLED
    assert of(StopStream, effects) and not of(Write, effects)
    assert of(Record, effects) == [Record(Usage(input=300, output=9), Outcome.CANCELLED, SOURCE)]
    state, effects = play(Idle(), ASKED, Cancelled(view(CHAT)))
    assert end_of(effects) is Outcome.CANCELLED and not of(Record, effects)


def test_what_could_not_be_had_ends_it() -> None:
    state, effects = play(Idle(), ASKED, Failed(1, DocumentError("No.", 1)))
    assert isinstance(state, Idle) and end_of(effects) is Outcome.ERRORED and not of(Record, effects)
    assert of(Tell, effects) == [Tell("error", "No.")]


def test_a_paused_autopilot_stays_paused() -> None:
    state, _ = play(Idle(0, paused=Loop(2)), ASKED, Cancelled(view(CHAT)))
    assert state == Idle(1, paused=Loop(2))


def test_a_busy_chat_takes_no_other_order() -> None:
    for mode in Mode:
        state, effects = step(out(), submit(CHAT, mode))
        assert isinstance(state, Condensing) and effects == (Tell("warn", BUSY),)


EVENTS: st.SearchStrategy[StreamEvent] = st.sampled_from(
    [TextDelta("Sum"), TextDelta("more " * 300), ThinkingDelta("hm"), USED, END, StreamEnd(StopReason.MAX_TOKENS)]
)
INPUTS: st.SearchStrategy[Input] = st.one_of(
    st.lists(EVENTS, max_size=3).map(lambda events: streamed(*events)),
    st.sampled_from(
        [ASKED, READY, SecretReady(1), SecretReady(2), SummaryReady(2, READY.summary),
         PromptReady(1, Prompt("m", "", ())),
         Looked(1, view(CHAT), goes_on=True), Looked(2, view(CHAT), goes_on=False), Cancelled(view(CHAT)),
         Failed(1, DocumentError("No.", 1)), streamed(TextDelta("late"), END, turn=9)]
    ),
)  # fmt: skip


@given(st.lists(INPUTS, max_size=14))
def test_whatever_happens_it_ends_once_writes_once_and_books_what_left(inputs: list[Input]) -> None:
    state, effects = play(Idle(), ASKED)
    sent = recorded = 0
    for happened in inputs:
        if isinstance(state, Idle):
            break
        state, effects = play(state, happened)
        assert len(of(End, effects)) == isinstance(state, Idle)
        sent, recorded = sent + len(of(StartStream, effects)), recorded + len(of(Record, effects))
        assert len(of(Write, effects)) == len(of(Condensed, effects)) <= 1
        if of(Write, effects):
            assert isinstance(state, Idle)
    assert sent <= 1 and recorded == (sent if isinstance(state, Idle) else 0)


def test_a_full_context_is_told_once_until_there_is_room_again() -> None:
    told: list[str] = []
    look = NearlyFull(told.append).look
    look(79_000, 100_000, 0.8)
    look(1 << 30, None, 0.8)
    look(99_000, 100_000, False)
    assert told == []
    look(80_000, 100_000, 0.8)
    look(90_000, 100_000, 0.8)
    assert len(told) == 1 and "80% full (~80,000 of 100,000 tokens)" in told[0]
    look(5_000, 100_000, 0.8)
    look(130_000, 100_000, 0.8)
    assert len(told) == 2 and "100% full" in told[1]
