"""Inputs of tools that are not ours, looked at before they run: what does not fit the schema is told field by field.

The library that knows JSON Schema is loaded when the first such tool runs, in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flemma_py.model.tool import Tool, ToolContext, ToolOutcome

log = logging.getLogger(__name__)

MOST_FAULTS = 5
LONGEST_FAULT = 300


def validated(tool: Tool) -> Tool:
    """The tool, which is run only with an input that fits its schema."""

    async def execute(input: dict[str, Any], context: ToolContext) -> ToolOutcome:
        told = await asyncio.to_thread(refusal, tool.definition.input_schema, input)
        return ToolOutcome(told, is_error=True) if told else await tool.execute(input, context)

    return replace(tool, execute=execute)


def refusal(schema: dict[str, Any], input: dict[str, Any]) -> str:
    """What the model is told of an input that does not fit; empty where it does. A schema that cannot be used, which
    whoever made the tool must mend, forbids nothing."""
    try:
        found = list(_Faults(schema).of(input))
    # A reference that leads nowhere, a pattern that is none, a type that does not exist: each has its exception.
    except Exception:
        log.warning("an input could not be compared with its schema, and is taken as it is", exc_info=True)
        return ""
    if not found:
        return ""
    more = f"; and {len(found) - MOST_FAULTS} more" if len(found) > MOST_FAULTS else ""
    fields = schema.get("properties") or {}
    known = f"The fields are {', '.join(f'`{name}`' for name in fields)}." if fields else "It takes no fields."
    return f"Nothing was done: {'; '.join(found[:MOST_FAULTS])}{more}. {known}"


def schema_problem(schema: Any) -> str:
    """Why this is no JSON Schema of an object; empty where it is one."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(schema, dict) or schema.get("type") != "object":
        return 'it must have `type = "object"`'
    try:
        fault = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    except Exception as error:
        return f"it cannot be read ({type(error).__name__})"
    if fault is None:
        return ""
    where = ".".join(map(str, fault.absolute_path))
    return f"{where or 'at its top'}: {fault.message[:LONGEST_FAULT]}"


class _Faults:
    """What is wrong with an input, in words."""

    def __init__(self, schema: dict[str, Any]) -> None:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import validator_for
        from referencing import Registry

        kind = validator_for(schema, default=Draft202012Validator)
        # A registry of its own: the library's would fetch what a schema refers to.
        self._validator = kind(schema, registry=Registry())

    def of(self, input: Mapping[str, Any]) -> Iterable[str]:
        errors = sorted(self._validator.iter_errors(input), key=lambda error: [str(each) for each in error.path])
        for error in errors:
            yield from self._told(error)

    def _told(self, error: Any) -> Iterable[str]:
        where = ".".join(map(str, error.absolute_path))
        inside = f"{where}." if where else ""
        match error.validator:
            case "required":
                missing = [name for name in error.validator_value if name not in error.instance]
                # One error for each: the name stands in the message alone.
                named = [name for name in missing if repr(name) in error.message[: len(repr(name)) + 1]]
                yield f"`{inside}{(named or missing)[0]}` is missing"
            case "additionalProperties" if error.validator_value is False:
                unknown = [name for name in error.instance if name not in error.schema.get("properties", {})]
                yield from (f"there is no field `{inside}{str(name)[:60]}`" for name in unknown)
            case "type":
                wanted = error.validator_value
                kinds = wanted if isinstance(wanted, str) else " or ".join(map(str, wanted))
                yield f"`{where}` must be of type {kinds}" if where else f"it must be of type {kinds}"
            case "enum":
                allowed = ", ".join(map(repr, error.validator_value))
                yield f"`{where}` must be one of {allowed[:LONGEST_FAULT]}"
            case _:
                yield f"`{where or 'input'}`: {error.message[:LONGEST_FAULT]}"
