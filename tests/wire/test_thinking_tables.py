"""The `thinking` setting on every wire: the whole table, row by row, through the settings to the body."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import orjson
import pytest
from tests.wire import thinking_tables
from tests.wire.support import user

from flemma_py.app.endpoint import parameters_for
from flemma_py.config import Layer, Layers
from flemma_py.config.presets import placed
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import Provider
from flemma_py.registry import discover

PROVIDERS: dict[str, Provider] = {each.name: each for _, each in discover("flemma_py.providers", "PROVIDER")}
TABLES = [
    importlib.import_module(f"{thinking_tables.__name__}.{found.name}")
    for found in pkgutil.iter_modules(thinking_tables.__path__)
]
CASES = [(table, *row) for table in TABLES for row in table.ROWS]


@pytest.mark.parametrize(
    ("table", "model", "given", "excerpt"),
    CASES,
    ids=[f"{table.PROVIDER} {model} {given}" for table, model, given, _ in CASES],
)
def test_what_is_set_becomes_what_the_wire_wants(
    table: Any, model: str, given: dict[str, Any], excerpt: dict[str, Any]
) -> None:
    provider = PROVIDERS[table.PROVIDER]
    layers, issues = Layers(declared={provider.name: provider.parameters}).with_layer(
        Layer.SETUP, {"parameters": placed(given, provider.name)}
    )
    assert not issues
    parameters = parameters_for(layers.resolve(), provider.name)
    asked = Prompt(model, "", (user("Hello"),), (), parameters, provider.facts(model))
    body = orjson.loads(provider.build_request(asked, "http://127.0.0.1:1").body)
    table.accepts(body)
    assert {key: body[key] for key in table.KEYS if key in body} == excerpt
