"""Arithmetic that a model should not do in its head: one Lua expression, evaluated in the worker process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.errors import EvaluationError
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools.paths import printable

DEFINITION = ToolDefinition(
    name="calculator",
    description=(
        "Evaluates one Lua 5.1 expression and returns its value as text. Only the `math` library is available, "
        "e.g. `math.sqrt(2) * 10^3`. Use it for every calculation that must be exact."
    ),
    input_schema={
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "A Lua expression, e.g. `(17 + 4) * math.pi`."}},
        "required": ["expression"],
        "additionalProperties": False,
    },
)


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Evaluate `input["expression"]`. Whatever is wrong with it is for the model to read and mend."""
    if fault := find_fault(input):
        return ToolOutcome(fault, is_error=True)
    try:
        return ToolOutcome(await context.evaluator.evaluate("calculator", input["expression"]))
    except EvaluationError as error:
        return ToolOutcome(error.message, is_error=True)


def find_fault(input: dict[str, Any]) -> str | None:
    """What is wrong with the input, or None."""
    if unknown := sorted(input.keys() - {"expression"}):
        return f"Unknown field {', '.join(map(repr, unknown))}: send only `expression`, a string."
    expression = input.get("expression")
    if not isinstance(expression, str):
        found = "missing" if expression is None else f"of type {type(expression).__name__}"
        return f"`expression` is {found}: send a string such as `2 * 3`."
    if not expression.strip():
        return "`expression` is empty: send a Lua expression such as `2 * 3`."
    return None


def detail(input: Mapping[str, Any]) -> str:
    """The expression."""
    return printable(str(input.get("expression") or ""))


TOOL = Tool(DEFINITION, execute, detail=detail, changes="nothing")
