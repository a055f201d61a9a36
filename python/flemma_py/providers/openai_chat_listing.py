"""The models that a server says it has (`GET …/models`), and what it says of each under the names of its maker.

Sizes and prices are told by few, each in its own words: vLLM, llama.cpp, LM Studio, OpenRouter, LiteLLM, Groq and
Moonshot are known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from flemma_py.errors import RequestKind
from flemma_py.model.language_model import NO_THINKING, ModelFacts, Price
from flemma_py.providers.failures import Vendor, collapsed, read_refusal, refusal, vendor_words

_MILLION = 1_000_000
_INPUT = (
    # What is loaded is what a request can use; what the model was made for comes last.
    ("loaded_context_length",), ("max_model_len",), ("meta", "n_ctx"), ("max_input_tokens",), ("context_length",),
    ("context_window",), ("max_context_length",), ("top_provider", "context_length"), ("meta", "n_ctx_train"),
)  # fmt: skip
_OUTPUT = (("top_provider", "max_completion_tokens"), ("max_completion_tokens",), ("max_output_tokens",))
_PRICES = (
    (("pricing", "prompt"), ("pricing", "completion"), ("pricing", "input_cache_read")),
    (("input_cost_per_token",), ("output_cost_per_token",), ("cache_read_input_token_cost",)),
)
"""USD for one token: read, written, read from a cache."""

Path = tuple[str, ...]


def read_models(vendor: Vendor, body: bytes, known: Callable[[str], ModelFacts]) -> tuple[ModelFacts, ...]:
    """Those of the answer in its order, each once: what `known` says of a name, and over it what the server told.
    Raises `RequestError` where the answer is no list of models."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = None
    # A server without any model may say null.
    entries = value.get("data") or [] if isinstance(value, dict) and "data" in value else value
    if not isinstance(entries, list):
        if any(vendor_words(value)):
            raise read_refusal(vendor, None, {}, body)
        raise refusal(vendor, RequestKind.UNEXPECTED, collapsed(body))
    found = {name: _model(name, entry, known) for name, entry in _named(entries)}
    return tuple(found.values())


def _named(entries: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in entries:
        if isinstance(entry, dict) and isinstance(name := entry.get("id"), str) and name:
            yield name, entry


def _model(name: str, entry: dict[str, Any], known: Callable[[str], ModelFacts]) -> ModelFacts:
    facts = known(name)
    told: dict[str, Any] = {
        "max_input": _tokens(entry, _INPUT),
        "max_output": _tokens(entry, _OUTPUT),
        "price": _price(entry),
        "thinking": None if _may_think(entry) else NO_THINKING,
    }
    told = {field: value for field, value in told.items() if value is not None}
    return replace(facts, name=name, is_known=facts.is_known or bool(told), **told)


def _may_think(entry: dict[str, Any]) -> bool:
    """False where the server lists all that a model can be asked, and thinking is not among it."""
    listed = entry.get("supported_parameters")
    return not isinstance(listed, list) or not listed or any(str(name).startswith("reasoning") for name in listed)


def _tokens(entry: dict[str, Any], paths: tuple[Path, ...]) -> int | None:
    values = (_at(entry, path) for path in paths)
    return next((value for value in values if type(value) is int and value > 0), None)


def _price(entry: dict[str, Any]) -> Price | None:
    for paths in _PRICES:
        read, written, cached = (_rate(_at(entry, path)) for path in paths)
        if read is not None and written is not None:
            return read, written, cached
    return None


def _rate(value: Any) -> float | None:
    """USD for a million tokens; a price below nothing says that it depends."""
    try:
        rate = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return round(rate * _MILLION, 9) if 0 <= rate < _MILLION else None


def _at(entry: Any, path: Path) -> Any:
    for key in path:
        entry = entry.get(key) if isinstance(entry, dict) else None
    return entry
