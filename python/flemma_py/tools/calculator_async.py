"""The calculator, with a pause before it answers: to look at calls that take their time. Off unless a chat asks for
it."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.tools import calculator
from flemma_py.tools.inputs import parsed, schema, tool_input

if TYPE_CHECKING:
    from pydantic import BaseModel

DELAY = 1000
LONGEST_DELAY = 600_000
"""Milliseconds."""

DEFINITION = ToolDefinition(
    name="calculator_async",
    description=(
        "Evaluates one Lua 5.1 expression with the `math` library, as `calculator` does, and answers after a delay. "
        "For trying out calls that take their time."
    ),
    input_schema=schema(
        expression={"type": "string", "description": "A Lua expression, e.g. `(17 + 4) * math.pi`."},
        delay={"type": ["integer", "null"], "description": f"Milliseconds before it answers; null: {DELAY}."},
    ),
)


@cache
def input_model() -> type[BaseModel]:
    """What the model may send."""
    from typing import Annotated

    from pydantic import Field, create_model

    return create_model(
        "CalculatorAsyncInput",
        __base__=tool_input(),
        expression=Annotated[str, Field(min_length=1)],
        delay=(Annotated[int, Field(ge=0, le=LONGEST_DELAY)] | None, None),
    )


async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
    """Wait `input["delay"]` milliseconds, then evaluate `input["expression"]`."""
    asked = await parsed(input_model, input)
    await asyncio.sleep((DELAY if asked.delay is None else asked.delay) / 1000)
    return await calculator.execute({"expression": asked.expression}, context)


TOOL = Tool(DEFINITION, execute, enabled=False, detail=calculator.detail, changes="nothing")
