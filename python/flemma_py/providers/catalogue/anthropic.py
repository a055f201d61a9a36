"""Claude models: what they read and write at most, the shortest prefix that is cached, and how they are asked to think.

A dated name is an alias: it is the same model, pinned.
"""

from __future__ import annotations

from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.models.anthropic import (
    ALWAYS,
    ALWAYS_BOUND,
    BETWEEN_TOOLS,
    BUDGET,
    BUDGET_AND_EFFORT,
    BY_ITSELF,
    BY_ITSELF_BOUND,
    EFFORT_ALONE,
    EFFORT_TO_HIGH,
    EFFORT_TO_MAX,
    PLAIN,
    Way,
    facts,
)

_LONG = 1_000_000
_SHORT = 200_000


def _model(name: str, reads: int, writes: int, caches_from: int, way: Way, *aliases: str) -> ModelFacts:
    return facts(name, way, max_input=reads, max_output=writes, cache_minimum=caches_from, aliases=aliases)


CATALOGUE = Catalogue(
    provider="anthropic",
    vendor="anthropic",
    models=(
        _model("claude-fable-5-2", _LONG, 128_000, 512, ALWAYS_BOUND),
        _model("claude-mythos-5-2", _LONG, 128_000, 512, ALWAYS_BOUND),
        _model("claude-fable-5-1", _LONG, 128_000, 512, ALWAYS_BOUND),
        _model("claude-mythos-5-1", _LONG, 128_000, 512, ALWAYS_BOUND),
        _model("claude-fable-5", _LONG, 128_000, 512, ALWAYS),
        _model("claude-mythos-5", _LONG, 128_000, 512, ALWAYS),
        _model("claude-opus-5-5", _LONG, 128_000, 512, ALWAYS_BOUND),
        _model("claude-opus-5", _LONG, 128_000, 512, BY_ITSELF),
        _model("claude-sonnet-5-5", _LONG, 128_000, 512, BETWEEN_TOOLS),
        _model("claude-sonnet-5", _LONG, 128_000, 1_024, BY_ITSELF),
        _model("claude-haiku-5-5", _LONG, 128_000, 512, BY_ITSELF_BOUND),
        _model("claude-opus-4-8", _LONG, 128_000, 1_024, EFFORT_ALONE),
        _model("claude-opus-4-7", _LONG, 128_000, 2_048, EFFORT_ALONE),
        _model("claude-opus-4-6", _LONG, 128_000, 4_096, EFFORT_TO_MAX),
        _model("claude-sonnet-4-6", _LONG, 64_000, 1_024, EFFORT_TO_HIGH),
        _model("claude-opus-4-5", _SHORT, 64_000, 4_096, BUDGET_AND_EFFORT, "claude-opus-4-5-20251101"),
        _model("claude-sonnet-4-5", _SHORT, 64_000, 1_024, BUDGET, "claude-sonnet-4-5-20250929"),
        _model("claude-haiku-4-5", _SHORT, 64_000, 4_096, BUDGET, "claude-haiku-4-5-20251001"),
        _model("claude-opus-4-1", _SHORT, 32_000, 1_024, BUDGET, "claude-opus-4-1-20250805"),
        _model("claude-opus-4-0", _SHORT, 32_000, 1_024, BUDGET, "claude-opus-4-20250514"),
        _model("claude-sonnet-4-0", _SHORT, 64_000, 1_024, BUDGET, "claude-sonnet-4-20250514"),
        _model("claude-3-haiku-20240307", _SHORT, 4_096, 2_048, PLAIN, "claude-3-haiku"),
    ),
)
