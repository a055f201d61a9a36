"""The models that Anthropic says it has (`GET /v1/models`), with what it says of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from flemma_py.errors import RequestKind
from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.failures import Vendor, collapsed, refusal


def read_models(vendor: Vendor, body: bytes, known: Callable[[str], ModelFacts]) -> tuple[ModelFacts, ...]:
    """Those of the answer in its order: what `known` says of a name, and over it the limits that the server told.
    Raises `RequestError` where the answer is no list of models."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    match value:
        case {"data": [*entries]}:
            return tuple(_model(entry, known) for entry in entries if _name(entry))
        case _:
            raise refusal(vendor, RequestKind.UNEXPECTED, collapsed(body))


def _name(entry: Any) -> str:
    name = entry.get("id") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""


def _model(entry: dict[str, Any], known: Callable[[str], ModelFacts]) -> ModelFacts:
    facts = known(_name(entry))
    told = {
        field: entry[name]
        for field, name in (("max_input", "max_input_tokens"), ("max_output", "max_tokens"))
        if type(entry.get(name)) is int and entry[name] > 0
    }
    return replace(facts, name=_name(entry), is_known=facts.is_known or bool(told), **told)
