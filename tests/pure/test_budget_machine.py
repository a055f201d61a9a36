"""What the machine makes of a budget: nothing leaves before it was looked at and every question answered."""

from __future__ import annotations

import itertools

import pytest
from tests.pure.test_machine import PROMPT, of, play, submit

from flemma_py.accounting.budget import STOP, Answer, Limit, Question
from flemma_py.conversation.machine import step
from flemma_py.conversation.spending import Agree, Answered, Ask, Weigh, Weighed
from flemma_py.conversation.state import (
    Cancelled,
    End,
    Idle,
    Input,
    Loop,
    Outcome,
    Preparing,
    PromptReady,
    SecretReady,
    StartStream,
    State,
    StopStream,
    Streaming,
    Tell,
    flight,
)

FILE = Question("file?", ((Answer.ONCE, "once"), (Answer.ALWAYS, "more"), STOP), Limit("file", 2))
DAY = Question("day?", ((Answer.ONCE, "once"), STOP), Limit("day", 2))
LIMITED = PromptReady(1, PROMPT, is_limited=True)


def asking(*questions: Question) -> State:
    state, _ = play(Idle(), submit("@You:\nhi"), LIMITED, SecretReady(1), Weighed(1, questions))
    return state


@pytest.mark.parametrize("order", list(itertools.permutations((LIMITED, SecretReady(1)))))
def test_nothing_leaves_before_it_was_weighed(order: tuple[Input, Input]) -> None:
    state, _ = play(Idle(), submit("@You:\nhi"), *order)
    assert isinstance(state, Preparing)
    state, effects = step(state, Weighed(1))
    assert isinstance(state, Streaming) and of(StartStream, effects)


def test_a_limit_has_it_weighed_and_the_key_may_come_last() -> None:
    state, effects = play(Idle(), submit("@You:\nhi"), LIMITED)
    assert of(Weigh, effects) == [Weigh(1, PROMPT)]
    state, effects = play(state, Weighed(1))
    assert isinstance(state, Preparing) and effects == []
    assert isinstance(step(state, SecretReady(1))[0], Streaming)


def test_questions_are_asked_one_after_the_other() -> None:
    state, effects = play(Idle(), submit("@You:\nhi"), LIMITED, SecretReady(1), Weighed(1, (FILE, DAY)))
    assert of(Ask, effects) == [Ask(1, FILE)] and not of(StartStream, effects)
    state, first = step(state, Answered(1, FILE, Answer.ONCE))
    assert of(Ask, first) == [Ask(1, DAY)]
    state, second = step(state, Answered(1, DAY, Answer.ONCE))
    assert isinstance(state, Streaming) and of(StartStream, second)


def test_what_is_agreed_to_is_remembered_before_it_leaves() -> None:
    _, effects = step(asking(FILE), Answered(1, FILE, Answer.ALWAYS))
    kinds = [type(effect) for effect in effects]
    assert kinds.index(Agree) < kinds.index(StartStream)


@pytest.mark.parametrize("questions", [(FILE,), (FILE, DAY)])
def test_stop_ends_the_turn_and_unlocks(questions: tuple[Question, ...]) -> None:
    state, effects = step(asking(*questions), Answered(1, FILE, Answer.STOP))
    assert isinstance(state, Idle) and effects[-1] == End(Outcome.CANCELLED)
    assert {StopStream, Tell} <= {type(effect) for effect in effects} and not of(StartStream, effects)


def test_the_user_may_stop_instead_of_answering_and_late_answers_count_for_nothing() -> None:
    state = asking(FILE)
    assert isinstance(state, Preparing)
    idle, effects = step(state, Cancelled(state.view))
    assert isinstance(idle, Idle) and effects[-1] == End(Outcome.CANCELLED)
    assert step(idle, Answered(1, FILE, Answer.ONCE)) == (idle, ())
    again, _ = play(idle, submit("@You:\nhi"), PromptReady(2, PROMPT, is_limited=True), SecretReady(2))
    for late in (Answered(1, FILE, Answer.ONCE), Weighed(1), Answered(2, DAY, Answer.ONCE)):
        assert step(again, late) == (again, ())


def test_an_answer_to_another_question_counts_for_nothing() -> None:
    state = asking(FILE, DAY)
    assert step(state, Answered(1, DAY, Answer.ONCE)) == (state, ())
    assert step(state, Weighed(1)) == (state, ())


def test_autopilot_is_paused_while_it_asks_and_after_a_stop() -> None:
    state = asking(FILE)
    assert isinstance(state, Preparing) and flight(state) is None
    flying = Preparing(1, state.view, PROMPT, has_key=True, loop=Loop(3), questions=(FILE,))
    assert flight(flying) == ("paused", 3, 100)
    gone, _ = step(flying, Answered(1, FILE, Answer.ONCE))
    assert flight(gone) == ("sending", 3, 100)
    stopped, _ = step(flying, Answered(1, FILE, Answer.STOP))
    assert flight(stopped) == ("paused", 3, 100)
