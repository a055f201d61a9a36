"""The figure of tokens that costs nothing, and money as people read it."""

from __future__ import annotations

import random

import pytest

from flemma_py.accounting.gauge import Gauge, Measured, prompt_tokens, tokens_of
from flemma_py.accounting.money import money
from flemma_py.document.mirror import END, Mirror, Place
from flemma_py.model.prompt import FilePart, Prompt, Speaker, TextPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.tool import ToolDefinition

CLAUDE = ("anthropic", "claude")


def test_what_nobody_counted_is_four_characters_to_a_token() -> None:
    gauge = Gauge()
    assert [gauge.tokens(size, CLAUDE) for size in (0, 1, 4, 5, 4000)] == [0, 1, 1, 2, 1000]
    assert not gauge.is_exact(4, CLAUDE)


def test_what_was_counted_stands_and_changes_are_added_and_taken_away() -> None:
    gauge = Gauge()
    gauge.measure(Measured(1500, 4000, CLAUDE))
    assert gauge.tokens(4000, CLAUDE) == 1500 and gauge.is_exact(4000, CLAUDE)
    assert gauge.tokens(4400, CLAUDE) == 1600 and not gauge.is_exact(4400, CLAUDE)
    assert gauge.tokens(3600, CLAUDE) == 1400
    gauge.measure(Measured(10, 4000, CLAUDE))
    assert gauge.tokens(1, CLAUDE) == 0


def test_another_model_counts_otherwise() -> None:
    gauge = Gauge()
    gauge.measure(Measured(1500, 4000, CLAUDE))
    assert gauge.tokens(4000, ("openai", "gpt")) == 1000
    assert not gauge.is_exact(4000, ("openai", "gpt"))


def test_a_prompt_is_reckoned_with_all_that_is_in_it() -> None:
    tool = ToolDefinition("calculator", "Evaluates.", {"type": "object"})
    parts = (
        TextPart("x" * 40),
        FilePart("a.png", "image/png", b"x"),
        FilePart("a.pdf", "application/pdf", b"x" * 4000),
        FilePart("a.txt", "text/plain", b"x" * 40),
        ToolCallPart("id", "calc", {}, '{"a":1}'),
        ToolResultPart("id", (TextPart("y" * 8),), False),
    )
    alone = prompt_tokens(Prompt("m", "", (Turn(Speaker.USER, parts),)))
    assert alone == 10 + 1600 + 100 + 10 + 3 + 2
    assert prompt_tokens(Prompt("m", "s" * 8, (Turn(Speaker.USER, parts),), (tool,))) == alone + 2 + tokens_of(38)


@pytest.mark.parametrize("seed", range(20))
def test_a_mirror_knows_its_characters_whatever_happens_to_it(seed: int) -> None:
    dice = random.Random(seed)
    mirror = Mirror()
    mirror.replace(["", "Grüße", "😀"], 1)
    for _ in range(60):
        last = len(mirror.lines)
        first = dice.randrange(last + 1)
        words = [dice.choice(["", "a", "ü😀", "word"]) for _ in range(dice.randrange(1, 4))]
        match dice.randrange(3):
            case 0:
                mirror.change(first, dice.randrange(first, last + 1), words, 2)
            case 1:
                row = min(first, last - 1)
                mirror.place(Place(row, END, row, END), words)
            case _:
                row = min(first, last - 1)
                mirror.place(Place(row, 0, row, END), words)
        if not mirror.lines:
            mirror.replace([""], 3)
        assert mirror.characters == sum(len(line) + 1 for line in mirror.lines)


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0, "$0"),
        (-1, "$0"),
        (3, "$3"),
        (15.0, "$15"),
        (1.25, "$1.25"),
        (1.999, "$2"),
        (12.5, "$12.50"),
        (0.5, "$0.50"),
        (0.075, "$0.075"),
        (0.016, "$0.016"),
        (0.01, "$0.01"),
        (0.0004, "$0.0004"),
        (0.0123, "$0.012"),
        (0.00996, "$0.01"),
        (0.00001, "<$0.0001"),
    ],
)
def test_money_has_as_many_decimals_as_say_something(dollars: float, shown: str) -> None:
    assert money(dollars) == shown
