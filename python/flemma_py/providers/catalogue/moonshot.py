"""Kimi models of Moonshot AI: which of them think, and whether they can be told not to."""

from __future__ import annotations

from typing import Any

from flemma_py.model.language_model import NO_THINKING, ModelFacts, ThinkingFacts, ThinkingForm
from flemma_py.providers.catalogue import Catalogue

FIXED_SAMPLING = "fixed_sampling"
"""The trait of models that refuse to be told how to choose words: temperature, top_p and penalties are their own."""

_GRADED = ThinkingFacts(
    ThinkingForm.EFFORT,
    by_itself=True,
    always=True,
    efforts={"minimal": "low", "low": "low", "medium": "high", "high": "high", "max": "max"},
)
_FORCED = ThinkingFacts(ThinkingForm.SWITCH, by_itself=True, always=True)
_OPTIONAL = ThinkingFacts(ThinkingForm.SWITCH, by_itself=True)

_LONG, _PLAIN, _OLD = 1_048_576, 262_144, 131_072


def _thinker(name: str, thinking: ThinkingFacts, *, max_input: int = _PLAIN) -> ModelFacts:
    graded = thinking is _GRADED
    return ModelFacts(
        name,
        max_input,
        131_072 if graded else 65_536,
        # Thoughts are part of what is written: with less room there is often no answer.
        min_output=0 if graded else 16_000,
        thinking=thinking,
        traits={FIXED_SAMPLING: True},
    )


def _plain(name: str, max_input: int, max_output: int | None = None, **more: Any) -> ModelFacts:
    return ModelFacts(name, max_input, max_output or max_input, thinking=NO_THINKING, **more)


CATALOGUE = Catalogue(
    provider="moonshot",
    vendor="moonshotai",
    models=(
        _thinker("kimi-k3.1-pro", _GRADED, max_input=_LONG),
        _thinker("kimi-k3.1-pro-highspeed", _GRADED, max_input=_LONG),
        _thinker("kimi-k3", _GRADED, max_input=_LONG),
        _thinker("kimi-k2.7-code", _FORCED),
        _thinker("kimi-k2.7-code-highspeed", _FORCED),
        _thinker("kimi-k2.6", _OPTIONAL),
        _thinker("kimi-k2.5", _OPTIONAL),
        _thinker("kimi-k2-thinking", _FORCED),
        _thinker("kimi-k2-thinking-turbo", _FORCED),
        _plain("kimi-k2-0905-preview", _PLAIN, 65_536),
        _plain("kimi-k2-0711-preview", _OLD, 65_536),
        _plain("kimi-k2-turbo-preview", _PLAIN, 65_536),
        _plain("moonshot-v1-8k", 8_192),
        _plain("moonshot-v1-32k", 32_768),
        _plain("moonshot-v1-128k", _OLD),
        _plain("moonshot-v1-8k-vision-preview", 8_192),
        _plain("moonshot-v1-32k-vision-preview", 32_768),
        _plain("moonshot-v1-128k-vision-preview", _OLD),
    ),
)
