"""Autopilot as the machine plays it: what is decided, what runs, what waits for the user, and when it stops."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from tests.pure.test_machine import CALL, PROMPT, of, play, view

from flemma_py.approval.verdict import Decision, Verdict
from flemma_py.conversation.state import (
    Cancelled,
    Decide,
    Decided,
    Deciding,
    Effect,
    End,
    Grant,
    Idle,
    Look,
    Looked,
    Looking,
    Loop,
    Mode,
    Outcome,
    Over,
    Preparing,
    PromptReady,
    Running,
    RunTool,
    SecretReady,
    State,
    Streamed,
    Streaming,
    Submitted,
    Tell,
    ToolFinished,
    View,
    Write,
)
from flemma_py.model.patch import Splice
from flemma_py.model.stream import StopReason, StreamEnd, TextDelta
from flemma_py.model.tool import ToolOutcome

LOOP = Loop()
TWO = CALL.format("a") + "\n" + CALL.format("b").split("@Assistant:\n")[1]
YES = Decision(Verdict.APPROVE, "the rule calculator allows it")
ASK = Decision(Verdict.ASK, "no rule is about calculator")
NO = Decision(Verdict.DENY, "the rule deny calculator refuses it")


def block(id: str, status: str = "", content: str = "") -> str:
    suffix = f" ({status})" if status else ""
    return f"**Tool Result:** `{id}`{suffix}\n\n```\n{content}{chr(10) if content else ''}```\n"


def below(calls: str, *blocks: str) -> str:
    return f"{calls}\n@You:\n\n" + "\n".join(blocks)


def press(
    text: str,
    *,
    loop: Loop | None = LOOP,
    mode: Mode = Mode.HYBRID,
    line: int = 0,
    said: str = "",
    granted: str = "",
) -> Submitted:
    return Submitted(mode, view(text), line, None, loop, said, frozenset(granted))


def after(text: str, effects: list[Effect]) -> str:
    lines = text.split("\n")
    for write in of(Write, effects):
        for edit in write.edits:
            assert isinstance(edit, Splice)
            lines[edit.first : edit.last] = edit.lines
    return "\n".join(lines)


def settled(
    text: str, decisions: Mapping[str, Decision], loop: Loop | None = LOOP, granted: str = ""
) -> tuple[State, list[Effect], str]:
    """What becomes of a chat with calls, after a press: the state, the effects and the text."""
    state, effects = play(Idle(), press(text, loop=loop, granted=granted), Decided(1, decisions))
    return state, effects, after(text, effects)


def headers(text: str) -> list[str]:
    return [line.removeprefix("**Tool Result:** ") for line in text.split("\n") if "Tool Result" in line]


def test_what_is_allowed_runs_and_what_is_not_waits() -> None:
    state, effects, text = settled(TWO, {"a": YES, "b": ASK})
    assert isinstance(state, Running)
    assert state.unfinished == ("a",)
    assert [run.call.id for run in of(RunTool, effects)] == ["a"]
    assert headers(text) == ["`a` (approved)", "`b` (pending)"]
    state, effects = play(state, ToolFinished(1, "a", ToolOutcome("42"), view(text)))
    assert isinstance(state, Idle)
    assert state.paused == Loop()
    assert headers(after(text, effects)) == ["`a`", "`b` (pending)"]
    (told,) = of(Tell, effects)
    assert "no rule is about calculator" in told.message
    end = effects[-1]
    assert isinstance(end, End)
    assert after(text, effects).split("\n")[end.line or 0] == "**Tool Result:** `b` (pending)"


def test_when_nothing_waits_it_goes_on_by_itself_until_a_reply_calls_nothing() -> None:
    state, _, text = settled(TWO, {"a": YES, "b": YES})
    state, effects = play(state, ToolFinished(1, "b", ToolOutcome("2"), view(text)))
    text = after(text, effects)
    state, effects = play(state, ToolFinished(1, "a", ToolOutcome("1"), view(text)))
    assert isinstance(state, Preparing)
    assert state.turn == 2
    assert not of(End, effects)
    state, _ = play(state, PromptReady(2, PROMPT), SecretReady(2))
    state, effects = play(state, Streamed(2, (TextDelta("Done."), StreamEnd(StopReason.DONE))))
    assert isinstance(state, Looking)
    assert of(Over, effects)
    assert of(Look, effects)
    state, effects = play(state, Looked(2, view(f"{text}\n@Assistant:\nDone.\n"), True))
    assert isinstance(state, Idle)
    assert effects == [End(Outcome.COMPLETED)]


def test_a_reply_that_calls_something_is_decided_about() -> None:
    state, effects = play(Looking(4, Loop(rounds=2)), Looked(4, view(TWO), True))
    assert isinstance(state, Deciding)
    assert state.loop == Loop(rounds=3)
    (asked,) = of(Decide, effects)
    assert [use.id for use in asked.uses] == ["a", "b"]


def test_it_stops_where_it_was_turned_off_and_at_its_limit() -> None:
    state, effects = play(Looking(4, Loop()), Looked(4, view(TWO), False))
    assert state == Idle(4)
    state, effects = play(Looking(4, Loop(rounds=100)), Looked(4, view(TWO), True))
    assert state == Idle(4)
    (told,) = of(Tell, effects)
    assert "max_turns" in told.message


def test_older_calls_do_not_make_it_go_on() -> None:
    text = CALL.format("a") + "\n@You:\nnever mind\n\n@Assistant:\nWell.\n"
    assert play(Looking(1, Loop()), Looked(1, view(text), True))[0] == Idle(1)


def test_a_denied_call_is_a_result_that_names_the_rule() -> None:
    state, _, text = settled(TWO, {"a": NO, "b": NO})
    assert isinstance(state, Preparing)
    assert headers(text) == ["`a` (error)", "`b` (error)"]
    assert "denied by a policy: the rule deny calculator refuses it" in text


def test_a_rule_denies_a_press_too_and_the_user_sees_it_before_the_model() -> None:
    state, effects, text = settled(CALL.format("a"), {"a": NO}, loop=None)
    assert isinstance(state, Idle)
    assert headers(text) == ["`a` (error)"]
    assert of(Tell, effects)
    state, effects, text = settled(CALL.format("a"), {"a": ASK}, loop=None)
    assert isinstance(state, Running)


@pytest.mark.parametrize(
    ("status", "content", "result"),
    [
        ("rejected", "", "The user rejected this call."),
        ("rejected", "use sed", "use sed"),
        ("denied", "", "A rule of the user's denied this call."),
        ("aborted", "", "This call was cut off: it may have run, in part or as a whole."),
    ],
)
def test_what_the_user_said_goes_to_the_model(status: str, content: str, result: str) -> None:
    state, effects, text = settled(below(CALL.format("a"), block("a", status, content)), {})
    assert isinstance(state, Preparing)
    assert not of(RunTool, effects)
    assert headers(text) == ["`a` (error)"]
    assert result in text


def test_text_in_a_pending_block_is_the_result() -> None:
    state, _, text = settled(below(CALL.format("a"), block("a", "pending", "typed by hand")), {})
    assert isinstance(state, Preparing)
    assert headers(text) == ["`a`"]
    assert "typed by hand" in text


def test_an_approved_block_with_text_is_never_run() -> None:
    marked = below(CALL.format("a"), block("a", "approved", "42"))
    state, effects, text = settled(marked, {"a": YES}, granted="a")
    assert isinstance(state, Idle)
    assert text == marked
    assert not of(RunTool, effects)


def test_an_approval_that_came_with_the_text_counts_for_nothing() -> None:
    marked = below(CALL.format("a"), block("a", "approved"))
    state, effects = play(Idle(), press(marked))
    assert [use.id for asked in of(Decide, effects) for use in asked.uses] == ["a"]
    state, effects = play(state, Decided(1, {"a": ASK}))
    assert isinstance(state, Idle)
    assert not of(RunTool, effects)


def test_an_approval_of_the_users_own_runs() -> None:
    marked = below(CALL.format("a"), block("a", "approved"))
    for loop in (LOOP, None):
        assert isinstance(settled(marked, {"a": ASK}, loop, "a")[0], Running)
        # What the owner's rules deny, no word of theirs approves.
        assert not of(RunTool, settled(marked, {"a": NO}, loop, "a")[1])


@pytest.mark.parametrize("loop", [LOOP, None])
def test_what_may_have_run_is_not_run_again_whatever_the_rules_say(loop: Loop | None) -> None:
    marked = below(TWO, block("a", "approved"))
    state, effects, text = settled(marked, {"a": YES, "b": YES}, loop)
    assert isinstance(state, Running)
    assert [run.call.id for run in of(RunTool, effects)] == ["b"]
    state, effects = play(state, ToolFinished(1, "b", ToolOutcome("42"), view(text)))
    assert isinstance(state, Idle)
    (told,) = of(Tell, effects)
    assert "may have run already" in told.message
    state, effects, _ = settled(after(text, effects), {"a": YES}, loop)
    assert isinstance(state, Idle)
    assert not of(RunTool, effects)


@pytest.mark.parametrize("status", ["approved", "aborted"])
def test_what_may_have_run_asks_before_it_runs_by_hand(status: str) -> None:
    marked = press(below(CALL.format("a"), block("a", status)), mode=Mode.EXECUTE, line=4)
    state, effects = play(Idle(), marked)
    assert [type(effect) for effect in effects] == [Tell, End]
    state, effects = play(state, marked)
    assert isinstance(state, Deciding)


def test_of_two_calls_with_one_id_only_the_first_is_decided_about() -> None:
    second = CALL.format("a").partition("@Assistant:")[2].replace("{}", '{"x": 1}')
    _, effects = play(Idle(), press(CALL.format("a") + second))
    (asked,) = of(Decide, effects)
    assert [use.input for use in asked.uses] == [{}]


def test_approving_and_rejecting_write_the_users_word_and_run_nothing() -> None:
    text = below(CALL.format("a"), block("a", "pending"))
    line = text.split("\n").index("**Tool Result:** `a` (pending)")
    state, effects = play(Idle(paused=Loop()), press(text, mode=Mode.APPROVE, line=line))
    assert headers(after(text, effects)) == ["`a` (approved)"]
    assert Grant("a") in effects
    assert isinstance(state, Idle)
    assert state.paused == Loop()
    state, effects = play(Idle(), press(text, mode=Mode.REJECT, line=line, said="no\nnever"))
    assert headers(after(text, effects)) == ["`a` (rejected)"]
    assert "no\nnever" in after(text, effects)
    assert not of(Grant, effects)


def test_there_is_nothing_to_say_about_a_call_that_has_its_result() -> None:
    text = below(CALL.format("a"), block("a", "", "42"))
    _, effects = play(Idle(), press(text, mode=Mode.APPROVE, line=4))
    assert [type(effect) for effect in effects] == [Tell, End]


def test_a_call_run_by_hand_takes_a_paused_autopilot_along() -> None:
    text = below(CALL.format("a"), block("a", "pending"))
    state, _ = play(Idle(3, paused=Loop(rounds=2)), press(text, mode=Mode.EXECUTE, line=4), Decided(4, {"a": ASK}))
    assert isinstance(state, Running)
    state, _ = play(state, ToolFinished(4, "a", ToolOutcome("42"), view(text)))
    assert isinstance(state, Preparing)
    assert state.loop == Loop(rounds=2)
    # From rest it is just a run.
    state, _ = play(Idle(3), press(text, mode=Mode.EXECUTE, line=4), Decided(4, {"a": ASK}))
    state, _ = play(state, ToolFinished(4, "a", ToolOutcome("42"), view(text)))
    assert state == Idle(4)


@pytest.mark.parametrize("state", [Deciding(2, view(TWO), Loop()), Looking(2, Loop())])
def test_cancelling_ends_it(state: State) -> None:
    after_, effects = play(state, Cancelled(view(TWO)))
    assert isinstance(after_, Idle)
    assert after_.paused is None
    assert effects[-1] == End(Outcome.CANCELLED)
    assert play(after_, Decided(2, {"a": YES}), Looked(2, view(TWO), True))[0] == after_


def test_a_reply_at_its_limit_of_tokens_stops_it() -> None:
    state, _ = play(Idle(), press("@You:\nhi"), PromptReady(1, PROMPT), SecretReady(1))
    assert isinstance(state, Streaming)
    state, effects = play(state, Streamed(1, (TextDelta("So"), StreamEnd(StopReason.MAX_TOKENS))))
    assert isinstance(state, Idle)
    assert of(Tell, effects)


def test_ten_thousand_calls_are_placed_in_one_edit() -> None:
    many = [f"call_{number}" for number in range(10_000)]
    text = "@You:\nhi\n\n@Assistant:\n" + "".join(CALL.format(id).split("@Assistant:\n")[1] for id in many)
    state, effects, written = settled(text, dict.fromkeys(many, ASK))
    assert isinstance(state, Idle)
    (write,) = of(Write, effects)
    assert len(write.edits) == 1
    assert headers(written) == [f"`{id}` (pending)" for id in many]
    # And once more, now that each has its block.
    state, effects, again = settled(written, dict.fromkeys(many, YES))
    assert isinstance(state, Running)
    assert headers(again) == [f"`{id}` (approved)" for id in many]


def test_the_view_is_what_the_edits_make() -> None:
    marked = below(TWO, block("a", "rejected", "one\ntwo"), block("b", "denied", "three"))
    state, _, text = settled(marked, {})
    assert isinstance(state, Preparing)
    assert state.view == View(view(text).document, tuple(text.split("\n")))
