"""The machine as a table: what a state makes of an input, with no editor, no network and no clock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest

from flemma_py.conversation import calls
from flemma_py.conversation.machine import INTERRUPTED, step
from flemma_py.conversation.state import (
    Activity,
    BuildPrompt,
    Cancelled,
    Decide,
    Decided,
    Effect,
    End,
    Failed,
    Idle,
    Input,
    Mode,
    Outcome,
    Preparing,
    PromptReady,
    Record,
    ResolveSecret,
    Running,
    RunTool,
    SecretReady,
    Show,
    StartStream,
    State,
    StopStream,
    StopTools,
    Streamed,
    Streaming,
    Submitted,
    Tell,
    ToolFinished,
    View,
    Write,
)
from flemma_py.document.parser import parse
from flemma_py.errors import DocumentError, RequestError, RequestKind
from flemma_py.model.patch import Append, Begin, RemoveReply, Splice
from flemma_py.model.prompt import Prompt
from flemma_py.model.stream import (
    StopReason,
    StreamEnd,
    StreamEvent,
    StreamFailure,
    TextDelta,
    ThinkingDelta,
    ThinkingEnd,
    ToolCallEnd,
    ToolCallStart,
    UsageReport,
)
from flemma_py.model.tool import ToolOutcome

PROMPT = Prompt("m", "", ())
Kind = TypeVar("Kind")
CALL = "@You:\nhi\n\n@Assistant:\n\n**Tool Use:** `calculator` (`{0}`)\n\n```json\n{{}}\n```\n"


def view(text: str) -> View:
    lines = tuple(text.split("\n"))
    return View(parse(lines), lines)


def submit(text: str, mode: Mode = Mode.HYBRID, line: int = 0) -> Submitted:
    return Submitted(mode, view(text), line)


def play(state: State, *inputs: Input) -> tuple[State, list[Effect]]:
    """The state after `inputs`, and the effects of the last of them."""
    effects: tuple[Effect, ...] = ()
    for happened in inputs:
        state, effects = step(state, happened)
    return state, list(effects)


def streaming() -> Streaming:
    state, _ = play(Idle(), submit("@You:\nhi"), PromptReady(1, PROMPT), SecretReady(1))
    assert isinstance(state, Streaming)
    return state


def streamed(*events: StreamEvent, turn: int = 1) -> Streamed:
    return Streamed(turn, events)


def of(kind: type[Kind], effects: Iterable[Effect]) -> list[Kind]:
    return [effect for effect in effects if isinstance(effect, kind)]


def written(effects: Iterable[Effect]) -> str:
    """The text that writes append."""
    edits = [edit for effect in effects if isinstance(effect, Write) for edit in effect.edits]
    return "".join(edit.text for edit in edits if isinstance(edit, Append | Begin))


def test_a_send_builds_the_prompt_and_looks_for_the_key_side_by_side() -> None:
    state, effects = play(Idle(), submit("@You:\nhi"))
    assert isinstance(state, Preparing)
    assert [type(effect) for effect in effects] == [BuildPrompt, ResolveSecret]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_request_leaves_when_prompt_and_key_are_there_in_any_order(order: tuple[int, int]) -> None:
    halves: list[Input] = [PromptReady(1, PROMPT), SecretReady(1)]
    state, effects = play(Idle(), submit("@You:\nhi"), *(halves[i] for i in order))
    assert isinstance(state, Streaming)
    assert [type(effect) for effect in effects] == [StartStream, Write, Show]
    assert written(effects) == "\n\n@Assistant:"


def test_nothing_leaves_with_only_one_half() -> None:
    state, effects = play(Idle(), submit("@You:\nhi"), SecretReady(1))
    assert isinstance(state, Preparing)
    assert effects == []


def test_a_finished_answer_is_closed_with_a_prompt_and_the_chat_unlocked_last() -> None:
    done = StreamEnd(StopReason.DONE)
    state, effects = play(streaming(), streamed(TextDelta("Hello"), UsageReport(input=3, output=1), done))
    assert state == Idle(1)
    assert written(effects) == "\nHello\n\n@You:\n"
    assert effects[-1] == End(Outcome.COMPLETED)
    (record,) = of(Record, effects)
    assert isinstance(record, Record)
    assert (record.usage.input, record.usage.output) == (3, 1)


def test_a_chunk_of_an_earlier_turn_is_ignored() -> None:
    state = streaming()
    assert play(state, streamed(TextDelta("late"), turn=0)) == (state, [])
    assert play(Idle(1), streamed(TextDelta("late"))) == (Idle(1), [])


def test_cancelling_before_any_text_takes_the_marker_away() -> None:
    state, effects = play(streaming(), Cancelled(view("")))
    assert state == Idle(1)
    assert [type(effect) for effect in effects] == [StopStream, Write, Record, End]
    assert of(Write, effects) == [Write(1, (RemoveReply(),))]


def test_cancelling_in_mid_answer_keeps_and_marks_what_came() -> None:
    _, effects = play(streaming(), streamed(TextDelta("Half")), Cancelled(view("")))
    assert written(effects) == f"\n\n<!-- flemma:aborted: {INTERRUPTED} -->\n\n@You:\n"
    assert effects[-1] == End(Outcome.CANCELLED)


def test_cancelling_in_thinking_closes_the_tag_first() -> None:
    _, effects = play(streaming(), streamed(ThinkingDelta("Hm")), Cancelled(view("")))
    assert written(effects).startswith("\n</thinking>\n\n<!-- flemma:aborted")


def test_cancelling_a_buffer_that_is_gone_writes_nothing() -> None:
    _, effects = play(streaming(), streamed(TextDelta("Half")), Cancelled(view(""), discard=True))
    assert [type(effect) for effect in effects] == [StopStream, Record, End]


def test_an_error_in_mid_answer_keeps_the_text_and_says_why() -> None:
    failure = StreamFailure(RequestError(RequestKind.OVERLOAD, "The model is overloaded."))
    state, effects = play(streaming(), streamed(TextDelta("Half"), failure))
    assert state == Idle(1)
    assert "\nHalf\n\n<!-- flemma:aborted: The model is overloaded. -->" in written(effects)
    assert Tell("error", "The model is overloaded.") in effects
    assert effects[-1] == End(Outcome.ERRORED)


def test_an_error_before_any_text_leaves_the_buffer_as_it_was() -> None:
    failure = StreamFailure(RequestError(RequestKind.AUTH, "No."))
    _, effects = play(streaming(), streamed(failure))
    assert of(Write, effects) == [Write(1, (RemoveReply(),))]


def test_an_answer_of_nothing_gives_a_prompt_and_a_warning() -> None:
    _, effects = play(streaming(), streamed(StreamEnd(StopReason.DONE)))
    (write,) = of(Write, effects)
    assert isinstance(write, Write)
    assert write.edits == (RemoveReply(), Begin("\n\n@You:\n", 2))
    assert [type(tell) for tell in of(Tell, effects)] == [Tell]


@pytest.mark.parametrize(
    ("reason", "level", "outcome", "marked"),
    [
        (StopReason.MAX_TOKENS, "warn", Outcome.COMPLETED, False),
        (StopReason.CONTEXT_FULL, "warn", Outcome.COMPLETED, False),
        (StopReason.REFUSED, "error", Outcome.ERRORED, True),
    ],
)
def test_an_end_that_is_not_the_models_own_is_told(
    reason: StopReason, level: str, outcome: Outcome, marked: bool
) -> None:
    _, effects = play(streaming(), streamed(TextDelta("Text"), StreamEnd(reason, "why")))
    (told,) = of(Tell, effects)
    assert isinstance(told, Tell)
    assert told.level == level
    assert ("flemma:aborted" in written(effects)) is marked
    assert effects[-1] == End(outcome)


ENDS = {
    StopReason.DONE: (["answered nothing"], Outcome.COMPLETED),
    StopReason.MAX_TOKENS: (["token limit"], Outcome.COMPLETED),
    StopReason.CONTEXT_FULL: (["context is full"], Outcome.COMPLETED),
    StopReason.REFUSED: (["refused to go on (why)"], Outcome.ERRORED),
}


@pytest.mark.parametrize("reason", ENDS)
@pytest.mark.parametrize(
    "came",
    [(), (TextDelta(" \n"),), (ThinkingDelta("Hm"), ThinkingEnd("x", "sig")), (ThinkingDelta("Hm"),)],
    ids=["nothing", "blanks", "thoughts", "thoughts without an end"],
)
def test_an_answer_without_words_is_told_once_and_keeps_its_thoughts(
    reason: StopReason, came: tuple[StreamEvent, ...]
) -> None:
    words, outcome = ENDS[reason]
    _, effects = play(streaming(), streamed(*came, StreamEnd(reason, "why")))
    said = [tell.message for tell in of(Tell, effects) if isinstance(tell, Tell)]
    assert len(said) == 1 and all(word in said[0] for word in words)
    assert effects[-1] == End(outcome)
    text = written(effects)
    thought = isinstance(came[0], ThinkingDelta) if came else False
    assert ("<thinking>\nHm\n</thinking>" in text) is thought
    # A prompt follows, unless the buffer is as it was before.
    assert text.endswith("\n\n@You:\n") is (thought or outcome is Outcome.COMPLETED)


def test_thoughts_and_a_call_are_an_answer() -> None:
    call = ToolCallEnd(0, "id", "calculator", "{}")
    _, effects = play(streaming(), streamed(ThinkingDelta("Hm"), call, StreamEnd(StopReason.TOOL_USE)))
    assert not of(Tell, effects)
    _, effects = play(streaming(), streamed(ThinkingDelta("Hm"), TextDelta("4"), StreamEnd(StopReason.DONE)))
    assert not of(Tell, effects)


def test_a_prompt_that_cannot_be_built_ends_the_turn_and_unlocks() -> None:
    state, effects = play(Idle(), submit("@You:\n"), Failed(1, DocumentError("Nothing to send.")))
    assert state == Idle(1)
    assert Tell("error", "Nothing to send.") in effects
    assert effects[-1] == End(Outcome.ERRORED)


def test_pending_calls_run_instead_of_a_send_and_their_blocks_stand_first() -> None:
    text = CALL.format("a") + "\n" + CALL.format("b").split("@Assistant:\n")[1]
    state, effects = play(Idle(), submit(text))
    assert [effect.uses for effect in effects if isinstance(effect, Decide)] == [calls.pending(view(text).document)]
    state, effects = play(state, Decided(1, {}))
    assert isinstance(state, Running)
    assert state.unfinished == ("a", "b")
    assert [type(effect) for effect in effects] == [Write, Show, RunTool, RunTool]
    (write,) = of(Write, effects)
    assert isinstance(write, Write)
    assert write.settle
    lines = text.split("\n")
    for edit in write.edits:
        assert isinstance(edit, Splice)
        lines[edit.first : edit.last] = edit.lines
    assert [line for line in lines if "Tool Result" in line] == [
        "**Tool Result:** `a` (approved)",
        "**Tool Result:** `b` (approved)",
    ]


def test_a_result_takes_the_place_of_its_block_and_the_last_one_ends_the_turn() -> None:
    waiting = CALL.format("a") + "\n@You:\n\n**Tool Result:** `a` (approved)\n\n```\n```\n"
    state, effects = play(Running(1, ("a",), "a"), ToolFinished(1, "a", ToolOutcome("42"), view(waiting)))
    assert state == Idle(1)
    (write, end) = effects
    assert isinstance(write, Write)
    (splice,) = write.edits
    assert isinstance(splice, Splice)
    assert list(splice.lines) == ["**Tool Result:** `a`", "", "```", "42", "```"]
    assert end == End(Outcome.COMPLETED, waiting.split("\n").index("**Tool Result:** `a` (approved)"))


def test_a_plain_send_with_calls_left_says_so_and_sends() -> None:
    state, effects = play(Idle(), submit(CALL.format("a"), Mode.SEND))
    assert isinstance(state, Preparing)
    assert [type(effect) for effect in effects] == [Tell, BuildPrompt, ResolveSecret]


@pytest.mark.parametrize("status", ["rejected", "denied", "aborted"])
def test_a_call_that_was_answered_no_is_not_run(status: str) -> None:
    text = CALL.format("a") + f"\n@You:\n\n**Tool Result:** `a` ({status})\n\n```\n```\n\ngo on"
    state, effects = play(Idle(), submit(text), Decided(1, {}))
    assert isinstance(state, Preparing)
    assert not of(RunTool, effects)
    assert "**Tool Result:** `a` (error)" in state.view.lines


def test_a_call_of_a_reply_that_was_cut_is_not_run() -> None:
    text = CALL.format("a") + "\n<!-- flemma:aborted: cut -->\n\n@You:\ngo on"
    assert isinstance(play(Idle(), submit(text))[0], Preparing)


def test_executing_where_there_is_no_call_says_so() -> None:
    state, effects = play(Idle(), submit("@You:\nhi", Mode.EXECUTE))
    assert state == Idle(1)
    assert [type(effect) for effect in effects] == [Tell, End]


def test_cancelling_a_run_answers_every_unfinished_call_with_an_error() -> None:
    waiting = CALL.format("a") + "\n@You:\n\n**Tool Result:** `a` (approved)\n\n```\n```\n"
    state, effects = play(Running(1, ("a",), "a"), Cancelled(view(waiting)))
    assert state == Idle(1)
    assert [type(effect) for effect in effects] == [StopTools, Write, End]
    (write,) = of(Write, effects)
    assert isinstance(write, Write)
    (splice,) = write.edits
    assert isinstance(splice, Splice)
    assert splice.lines[0] == "**Tool Result:** `a` (error)"


def test_formatting_writes_and_ends_without_a_request() -> None:
    state, effects = play(Idle(), submit("@You: hi", Mode.FORMAT))
    assert state == Idle(1)
    assert effects == [Write(1, (Splice(0, 1, ("@You:", "hi")),), settle=True), End(Outcome.COMPLETED)]


def test_progress_is_told_when_it_changes_and_only_then() -> None:
    state, effects = play(streaming(), streamed(TextDelta("a")))
    assert of(Show, effects) == [Show(activity=Activity("streaming", 1))]
    state, effects = play(state, streamed(TextDelta("")))
    assert of(Show, effects) == []
    state, effects = play(state, streamed(TextDelta("b")))
    assert of(Show, effects) == [Show(activity=Activity("streaming", 2))]
    _, effects = play(state, streamed(ToolCallStart(1, "id", "bash")))
    assert of(Show, effects) == [Show(where="end", activity=Activity("tool", 2, "bash"))]


STATES: list[State] = [
    Idle(1),
    Preparing(1, view("@You:\nhi")),
    Running(1, ("a",), "a"),
]
INPUTS: list[Input] = [
    submit("@You:\nhi"),
    PromptReady(1, PROMPT),
    SecretReady(1),
    Failed(1, DocumentError("x")),
    streamed(TextDelta("x")),
    ToolFinished(1, "z", ToolOutcome(""), view("")),
    Cancelled(view("")),
]


@pytest.mark.parametrize("happened", INPUTS, ids=lambda happened: type(happened).__name__)
@pytest.mark.parametrize("state", [*STATES, "streaming"], ids=lambda state: getattr(type(state), "__name__", state))
def test_no_pair_of_state_and_input_raises(state: State | str, happened: Input) -> None:
    start = streaming() if isinstance(state, str) else state
    after, effects = step(start, happened)
    if not isinstance(start, Idle) and isinstance(after, Idle):
        assert isinstance(effects[-1], End), "whatever ends a turn unlocks the buffer"
