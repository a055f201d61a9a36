"""Claude models. What they can write at most is what `models/anthropic.py` reads off their names."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.models.anthropic import find_model

_LONG = 1_000_000
_PLAIN = 200_000


def _model(name: str, max_input: int) -> ModelFacts:
    facts = find_model(name)
    assert facts is not None, name
    return replace(facts, max_input=max_input)


CATALOGUE = Catalogue(
    provider="anthropic",
    vendor="anthropic",
    models=(
        _model("claude-fable-5-2", _LONG),
        _model("claude-mythos-5-2", _LONG),
        _model("claude-fable-5-1", _LONG),
        _model("claude-fable-5", _LONG),
        _model("claude-opus-5-5", _LONG),
        _model("claude-opus-5", _LONG),
        _model("claude-sonnet-5-5", _LONG),
        _model("claude-sonnet-5", _LONG),
        _model("claude-haiku-5-5", _LONG),
        _model("claude-opus-4-8", _LONG),
        _model("claude-opus-4-7", _LONG),
        _model("claude-opus-4-6", _LONG),
        _model("claude-sonnet-4-6", _LONG),
        _model("claude-opus-4-5", _PLAIN),
        _model("claude-opus-4-5-20251101", _PLAIN),
        _model("claude-sonnet-4-5", _PLAIN),
        _model("claude-sonnet-4-5-20250929", _PLAIN),
        _model("claude-haiku-4-5", _PLAIN),
        _model("claude-haiku-4-5-20251001", _PLAIN),
        _model("claude-opus-4-1", _PLAIN),
        _model("claude-opus-4-1-20250805", _PLAIN),
    ),
)
