"""Tools whose names the wire changes, and tools that end themselves in odd ways."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from flemma_py.model.tool import Evaluator, Tool, ToolContext, ToolDefinition, ToolOutcome
from flemma_py.providers.tool_wire import house_name, wire_name
from flemma_py.tools.runner import ToolRunner

CONTEXT = ToolContext("/", 5, cast(Evaluator, None))


def runner(name: str, execute: Any) -> ToolRunner:
    return ToolRunner({name: Tool(ToolDefinition(name, "", {"type": "object"}), execute)})


async def test_a_tool_with_two_underscores_in_its_name_is_found() -> None:
    async def say(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        return ToolOutcome("done")

    outcome = await runner("my__tool", say).run(house_name(wire_name("my__tool")), {}, True, CONTEXT)
    assert outcome == ToolOutcome("done")


async def test_a_tool_that_cancels_itself_is_a_failed_call() -> None:
    async def stop(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        raise asyncio.CancelledError

    outcome = await runner("odd", stop).run("odd", {}, True, CONTEXT)
    assert outcome.is_error
