"""The calculator as a model meets it: through the runner, with a real worker behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from flemma_py.evaluation.client import Evaluation
from flemma_py.model.tool import ToolContext, ToolOutcome
from flemma_py.tools.runner import ToolRunner, find_tools


@pytest.fixture
async def evaluation() -> AsyncIterator[Evaluation]:
    evaluation = Evaluation(time_limit=0.5)
    yield evaluation
    await evaluation.close()


async def calculate(evaluation: Evaluation, input: dict[str, Any]) -> ToolOutcome:
    context = ToolContext(directory="/", timeout=10.0, evaluator=evaluation)
    return await ToolRunner(find_tools()).run("calculator", input, True, context)


async def test_an_expression_gives_its_value(evaluation: Evaluation) -> None:
    assert await calculate(evaluation, {"expression": "math.sqrt(16) + 3 ^ 2"}) == ToolOutcome("13")


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("2 +* 3", "invalid expression: "),
        ("os.exit()", "evaluation failed: "),
        ("(function() while true do end end)()", "took longer than 0.5 s"),
        ("(function() local s = 'x' while true do s = s .. s end end)()", "memory limit"),
    ],
)
async def test_what_cannot_be_evaluated_is_an_error_for_the_model(
    evaluation: Evaluation, expression: str, told: str
) -> None:
    outcome = await calculate(evaluation, {"expression": expression})
    assert outcome.is_error
    assert told in outcome.output


@pytest.mark.parametrize(
    ("input", "told"),
    [
        ({}, "`expression` is missing: send a string"),
        ({"expression": None}, "`expression` is missing: send a string"),
        ({"expression": 3}, "`expression` is of type int: send a string"),
        ({"expression": ["1"]}, "`expression` is of type list: send a string"),
        ({"expression": " \n"}, "`expression` is empty"),
        ({"expr": "1", "digits": 3}, "Unknown field 'digits', 'expr': send only `expression`"),
    ],
)
async def test_wrong_input_is_answered_with_what_to_mend(
    evaluation: Evaluation, input: dict[str, Any], told: str
) -> None:
    outcome = await calculate(evaluation, input)
    assert outcome.is_error
    assert told in outcome.output


def test_the_schema_asks_for_exactly_one_string() -> None:
    schema = find_tools()["calculator"].definition.input_schema
    assert schema["properties"].keys() == {"expression"}
    assert schema["required"] == ["expression"]
    assert schema["additionalProperties"] is False
