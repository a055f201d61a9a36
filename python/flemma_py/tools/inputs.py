"""What a model sends to a tool, looked at before anything is done: each fault is told by its field.

A tool has a plain JSON Schema, which is sent with every request, and a pydantic model of the same, which is made when
the tool runs first: no start and no first request waits for pydantic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from flemma_py.errors import ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel

LABEL = {"type": "string", "description": "What this is for, in a few words; the user reads it."}
MOST_FAULTS = 5
LONGEST_PATTERN = 2000


def schema(**properties: dict[str, Any]) -> dict[str, Any]:
    """JSON Schema of an object in the strict form: every field is required, and what may be left out may be null."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


async def parsed(make: Callable[[], type[BaseModel]], input: dict[str, Any]) -> Any:
    """The input as an instance of the model that `make` gives. Raises `ToolError` that tells the model what to mend."""
    # Loaded in a thread: no stream has to wait for it.
    model = await asyncio.to_thread(make)
    try:
        return model.model_validate(input)
    except ValueError as error:
        raise ToolError(explain(error, list(model.model_fields))) from error


def explain(error: ValueError, fields: list[str]) -> str:
    """What is wrong with an input, field by field."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return f"The input cannot be used: {error}."
    found = [_fault(fault) for fault in error.errors(include_url=False, include_input=False)]
    told = "; ".join(found[:MOST_FAULTS])
    more = f"; and {len(found) - MOST_FAULTS} more" if len(found) > MOST_FAULTS else ""
    return f"Nothing was done: {told}{more}. The fields are {', '.join(f'`{field}`' for field in fields)}."


def _fault(fault: Any) -> str:
    field = ".".join(map(str, fault["loc"]))[:100]
    match fault["type"]:
        case "missing":
            return f"`{field}` is missing"
        case "extra_forbidden":
            return f"there is no field `{field}`"
        case "value_error":
            return f"`{field}`: {fault['msg'].removeprefix('Value error, ')}"
        case _:
            return f"`{field}`: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def path_text(text: str) -> str:
    """A path that can be one. Raises `ValueError`."""
    if not text.strip():
        raise ValueError("it is empty: send a path such as `src/main.py`")
    if "\0" in text:
        raise ValueError("it holds a NUL character, which no path can")
    return text


@cache
def tool_input() -> type[BaseModel]:
    """What the inputs of built-in tools have in common: no unknown fields, no types made fit, and a label, which is for
    the user alone and so may be missing."""
    from pydantic import BaseModel, ConfigDict

    class ToolInput(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

        label: str | None = None

    return ToolInput


def content_text(text: str) -> str:
    """A text that can be written to a file. Raises `ValueError`."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"its character {error.start} is half of a surrogate pair, which UTF-8 cannot write"
        ) from error
    return text


def pattern_text(text: str) -> str:
    """A pattern that programs can be given. Raises `ValueError`."""
    if not text:
        raise ValueError("it is empty: send a pattern")
    if "\0" in text:
        raise ValueError("it holds a NUL character, which no pattern can")
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"it has {len(text):,} characters, and {LONGEST_PATTERN:,} is the most")
    return text
