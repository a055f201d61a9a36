"""Budgets as tables: what a request may cost, what is told, what is asked, and what an answer does."""

from __future__ import annotations

import math
import random

import pytest

from flemma_py.accounting.budget import (
    Answer,
    Fund,
    Limit,
    Scope,
    Unknown,
    Worst,
    near,
    near_sentence,
    questions,
    raised_limit,
    unpriced,
    worst_case,
)
from flemma_py.accounting.gauge import tokens_of
from flemma_py.accounting.guess import Received, with_guess
from flemma_py.accounting.request import Prices
from flemma_py.model.stream import TextDelta, ThinkingDelta, ToolCallDelta, ToolCallEnd, ToolCallStart
from flemma_py.model.usage import Usage


def fund(usd: float, spent: float, in_flight: float = 0.0, scope: Scope = "file") -> Fund:
    return Fund(Limit(scope, usd, "k"), spent, in_flight)


def worst(usd: float) -> Worst:
    return Worst(100, 200, 0.0, usd)


# limit, spent, in flight, worst of the request -> what comes of it
CASES: dict[str, tuple[float, float, float, float, str]] = {
    "nothing yet": (1, 0, 0, 0.1, "go"),
    "below four fifths": (1, 0.5, 0.1, 0.1, "go"),
    "four fifths": (1, 0.5, 0.1, 0.2, "near"),
    "the very limit": (1, 0.5, 0.25, 0.25, "near"),
    "dust of floating point": (0.3, 0.1 + 0.1, 0, 0.1, "near"),
    "the worst case is too much": (1, 0.5, 0, 0.51, "over"),
    "what is under way is too much": (1, 0.5, 0.5, 0.01, "over"),
    "all is spent": (1, 1, 0, 0.01, "over"),
    "more than all is spent, and this one is free": (1, 2, 0, 0, "over"),
    "all is spent, and this one is free": (1, 1, 0, 0, "near"),
    "a limit of nothing, and a free model": (0, 0, 0, 0, "go"),
    "a limit of nothing": (0, 0, 0, 0.0001, "over"),
    "no limit any more": (math.inf, 1e9, 1e9, 1e9, "go"),
}


@pytest.mark.parametrize(("usd", "spent", "flying", "may", "comes"), CASES.values(), ids=CASES)
def test_a_request_goes_is_told_of_or_asked_about(
    usd: float, spent: float, flying: float, may: float, comes: str
) -> None:
    funds = [fund(usd, spent, flying)]
    assert bool(near(funds, may)) == (comes == "near")
    assert bool(questions(funds, worst(may))) == (comes == "over")


def test_each_limit_that_is_passed_is_a_question_of_its_own() -> None:
    found = questions([fund(1, 1), fund(9, 1, scope="day"), fund(2, 2, scope="project")], worst(0.5))
    assert [each.text.split(":")[0] for each in found] == ["Budget for this chat", "Budget for this project"]
    assert [label for _, label in found[0].options] == [
        "Send it this once", "Allow $2 in all until Neovim ends", "Stop: send nothing",
    ]  # fmt: skip
    assert found[0].always == Limit("file", 2, "k")
    (day,) = questions([fund(1, 1, scope="day")], worst(0.5))
    assert "until midnight" in day.options[1][1]


def test_the_question_says_what_is_spent_under_way_and_to_come() -> None:
    (asked,) = questions([Fund(Limit("file", 0.5), 0.31, 0.1, estimated=True)], Worst(12_300, 32_000, 0.04, 0.44))
    assert asked.text == (
        "Budget for this chat: ~$0.31 of $0.50 spent, up to $0.10 under way, and this request may cost up to $0.48 "
        "(about 12,300 tokens to read, 32,000 to write at most)."
    )
    assert Fund(Limit("day", 1), 0.5, unpriced=2).amount == "≥ $0.50"
    assert near_sentence(fund(1, 0.7), 0.1).startswith("the budget for this chat is nearly spent: $0.70 of $1 spent")


def test_an_answer_is_the_option_that_was_taken_and_none_means_stop() -> None:
    (asked,) = questions([fund(1, 1)], worst(1))
    assert [asked.answer(choice) for choice in (0, 1, 2, None)] == [
        Answer.ONCE, Answer.ALWAYS, Answer.STOP, Answer.STOP,
    ]  # fmt: skip


def test_what_nobody_knows_is_asked() -> None:
    (asked,) = questions([Unknown(Limit("day", 5, "d"), "the sessions cannot be read.")], worst(0))
    assert "cannot be watched: the sessions cannot be read." in asked.text
    assert asked.always == Limit("day", math.inf, "d")
    model = unpriced("ollama", "llama")
    assert "llama" in model.text and model.always is None and Answer.ALWAYS in [each for each, _ in model.options]
    assert questions([fund(1, 0.9)], None) == () and questions([fund(1, 1.1)], None)


def test_a_raised_limit_lets_the_request_through_and_is_whole_cents() -> None:
    assert raised_limit(0.5, 0.6) == 1.0 and raised_limit(0.5, 3.9) == 4.0 and raised_limit(0, 0.123) == 0.25
    chance = random.Random(8)
    for _ in range(1000):
        usd, wanted = chance.choice([0, chance.uniform(0, 5)]), chance.uniform(0, 50)
        found = raised_limit(usd, wanted)
        assert found >= wanted - 1e-8 and found >= 2 * usd - 1e-8 and round(found * 100) == pytest.approx(found * 100)


def test_the_worst_case_is_the_dearest_input_and_all_of_the_output() -> None:
    found = worst_case(Prices(3, 15, 0.3, 3.75, 6), 1_000_000, 100_000)
    assert (found.input, found.output, found.usd) == (6, 1.5, 7.5)
    assert worst_case(Prices(3, 15), 1_000_000, 0).usd == 3
    assert worst_case(Prices(0, 0), 5, 5).usd == 0


def test_no_order_of_requests_spends_more_than_the_limit_unasked() -> None:
    """Each request reserves its worst case, is looked at, and then costs at most that."""
    for seed in range(200):
        chance, spent, open_ = random.Random(seed), 0.0, list[float]()
        limit = chance.uniform(0, 2)
        for _ in range(50):
            if open_ and chance.random() < 0.5:
                spent += chance.random() * open_.pop(chance.randrange(len(open_)))
                continue
            may = chance.uniform(0, 0.3)
            if not questions([fund(limit, spent, sum(open_))], worst(may)):
                open_.append(may)
            assert spent + sum(open_) <= limit + 1e-6


# ---- what nobody counted


@pytest.mark.parametrize(
    ("usage", "asked", "received", "found", "guessed"),
    [
        (Usage(10, 5), 99, 12, Usage(10, 5), False),
        (Usage(), 99, 400, Usage(99, 100), True),
        (Usage(10, 1), 99, 400, Usage(10, 100), True),
        (Usage(10, 80), 99, 400, Usage(10, 80), False),
        (Usage(10, 10, 70), 99, 400, Usage(10, 10, 70), False),
        (Usage(cache_read=50), 99, 0, Usage(cache_read=50), False),
        (Usage(), 0, 0, Usage(), False),
        (Usage(), 99, 0, Usage(99), True),
    ],
)
def test_a_request_that_was_cut_used_what_was_told_else_about_what_was_seen(
    usage: Usage, asked: int, received: int, found: Usage, guessed: bool
) -> None:
    assert with_guess(usage, asked, received) == (found, guessed)


def test_what_came_is_counted_once_however_a_vendor_sends_it() -> None:
    received = Received()
    received.feed([TextDelta("1234"), ThinkingDelta("56"), ToolCallStart(1, "a", "b"), ToolCallDelta(1, '{"x":1}')])
    received.feed([ToolCallEnd(1, "a", "b", '{"x":1}'), ToolCallEnd(2, "c", "d", "{}")])
    assert received.characters == 4 + 2 + 7 + 2
    assert tokens_of(received.characters) == 4
