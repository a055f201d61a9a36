"""What a model is told of an input that does not fit a schema, and schemas that are none."""

from __future__ import annotations

from typing import Any

import pytest

from flemma_py.tools.lua_schema import input_schema
from flemma_py.tools.validation import refusal, schema_problem

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "query": {"type": "string", "maxLength": 5},
        "mode": {"enum": ["fast", "slow"]},
        "where": {"type": "object", "properties": {"path": {"type": ["string", "null"]}}, "required": ["path"]},
    },
    "required": ["query", "mode"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("input", "told"),
    [
        ({"query": "x", "mode": "fast"}, ""),
        ({"query": "x", "mode": "fast", "where": {"path": None}}, ""),
        ({}, "`query` is missing; `mode` is missing"),
        ({"query": 3, "mode": "fast"}, "`query` must be of type string"),
        ({"query": "x", "mode": "odd"}, "`mode` must be one of 'fast', 'slow'"),
        ({"query": "x", "mode": "fast", "qery": 1}, "there is no field `qery`"),
        ({"query": "x", "mode": "fast", "where": {}}, "`where.path` is missing"),
        ({"query": "x", "mode": "fast", "where": {"path": 1}}, "`where.path` must be of type string or null"),
        ({"query": "much too long", "mode": "fast"}, "`query`: 'much too long' is too long"),
    ],
)
def test_each_fault_is_told_by_its_field(input: dict[str, Any], told: str) -> None:
    fields = "The fields are `query`, `mode`, `where`."
    assert refusal(SCHEMA, input) == (f"Nothing was done: {told}. {fields}" if told else "")


def test_no_more_is_told_than_can_be_read() -> None:
    schema = {"type": "object", "additionalProperties": False}
    told = refusal(schema, {f"field{number}": 1 for number in range(50)})
    assert told.endswith("; and 45 more. It takes no fields.") and len(told) < 500
    assert len(refusal(SCHEMA, {"query": "x" * 100_000, "mode": "fast"})) < 1000


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:9/schema"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/nowhere"}}},
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}},
        {"type": "object", "properties": {"a": {"type": "nothing"}}},
    ],
)
def test_a_schema_that_cannot_be_used_forbids_nothing_and_fetches_nothing(schema: dict[str, Any]) -> None:
    assert refusal(schema, {"a": "x"}) == ""


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (SCHEMA, ""),
        ({"type": "object", "properties": {}}, ""),
        ({"type": "string"}, 'it must have `type = "object"`'),
        ([], 'it must have `type = "object"`'),
        ({"type": "object", "properties": {"a": {"type": "txt"}}}, "properties.a.type: 'txt' is not valid"),
        ({"type": "object", "required": "a"}, "required: 'a' is not of type 'array'"),
    ],
)
def test_a_schema_that_is_none_is_told_with_its_place(schema: Any, told: str) -> None:
    assert schema_problem(schema).startswith(told) and bool(schema_problem(schema)) == bool(told)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (None, {"type": "object", "properties": {}}),
        ([], {"type": "object", "properties": {}}),
        ({"type": "object", "properties": []}, {"type": "object", "properties": {}}),
        (
            {"properties": {"a": [], "b": {"items": [], "enum": {}}}, "required": {}, "allOf": [{"properties": []}]},
            {
                "type": "object",
                "properties": {"a": {}, "b": {"items": {}, "enum": []}},
                "required": [],
                "allOf": [{"properties": {}}],
            },
        ),
        ({"properties": {"a": {"default": []}}}, {"type": "object", "properties": {"a": {"default": []}}}),
    ],
)
def test_empty_tables_of_lua_become_what_their_place_asks_for(given: Any, made: Any) -> None:
    assert input_schema(given) == made
    assert schema_problem(input_schema(given)) == ""
