"""A tool: what the model is told of it, what runs, and what comes of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ToolDefinition:
    """What the model is told. `input_schema` is JSON Schema of an object."""

    name: str
    description: str
    input_schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What came of a run: the text for the result block, and whether it is an error that the model should read."""

    output: str
    is_error: bool = False


class Evaluator(Protocol):
    """The evaluation worker as a tool sees it (see `evaluation/`)."""

    async def evaluate(self, dialect: str, code: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Where a run happens. `directory` is the chat's folder (the working directory for an unnamed buffer);
    `timeout` is in seconds."""

    directory: str
    timeout: float
    evaluator: Evaluator


Execute = Callable[[dict[str, Any], ToolContext], Awaitable[ToolOutcome]]
"""Runs a tool. Cancelling the awaiting task must end the run; wrong input is an outcome with `is_error`."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One entry of the registry: each module of `tools/` that holds a tool names it `TOOL`."""

    definition: ToolDefinition
    execute: Execute
    enabled: bool = True
    timeout: float | None = None
    """Seconds that a run has, where they are not the general ones."""
