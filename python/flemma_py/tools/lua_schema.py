"""Schemas that were Lua tables: an empty table is neither an object nor a list there, and becomes what its place asks
for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TABLES_OF_SCHEMAS = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
SCHEMAS = {
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
}
LISTS_OF_SCHEMAS = {"allOf", "anyOf", "oneOf", "prefixItems"}
LISTS = {"enum", "examples", "required"}
TABLES = {"dependentRequired", "$vocabulary"}


def input_schema(given: Any) -> Any:
    """The schema of an input. None, or an empty table: an object without fields."""
    schema = as_schema(given if given is not None else {})
    if isinstance(schema, dict):
        schema.setdefault("type", "object")
        if schema["type"] == "object":
            schema.setdefault("properties", {})
    return schema


def as_schema(given: Any) -> Any:
    """One schema, and all that are in it."""
    if given == [] or given == {}:
        return {}
    if not isinstance(given, Mapping):
        return given
    return {str(name): _value(str(name), value) for name, value in given.items()}


def _value(name: str, value: Any) -> Any:
    is_empty = value == [] or value == {}
    if name in TABLES_OF_SCHEMAS and (is_empty or isinstance(value, Mapping)):
        return {} if is_empty else {str(each): as_schema(schema) for each, schema in value.items()}
    if name in SCHEMAS:
        return [as_schema(each) for each in value] if isinstance(value, list) and value else as_schema(value)
    if name in LISTS_OF_SCHEMAS and isinstance(value, list):
        return [as_schema(each) for each in value]
    if is_empty and name in LISTS | LISTS_OF_SCHEMAS:
        return []
    return {} if is_empty and name in TABLES else value
