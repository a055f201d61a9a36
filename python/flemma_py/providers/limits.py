"""How much a model may write: an absolute number, or a share of what it can."""

from __future__ import annotations

from typing import Any

from flemma_py.model.language_model import ModelFacts
from flemma_py.model.wire import Notice

FALLBACK = 4_000
"""Tokens, where neither the setting nor the model tells."""
LEAST_SHARE = 1_024


def max_tokens(value: Any, facts: ModelFacts) -> tuple[int, tuple[Notice, ...]]:
    """`max_tokens` as a number of tokens, and what had to be changed in it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 1:
        return _within(int(value), facts)
    share = value.strip().removesuffix("%") if isinstance(value, str) and value.strip().endswith("%") else ""
    if facts.max_output and share.isdecimal():
        least = max(LEAST_SHARE, facts.min_output)
        return min(max(facts.max_output * int(share) // 100, least), facts.max_output), ()
    return max(FALLBACK, facts.min_output), ()


def _within(asked: int, facts: ModelFacts) -> tuple[int, tuple[Notice, ...]]:
    if facts.max_output and asked > facts.max_output:
        return facts.max_output, (_changed("writes at most", asked, facts.max_output, facts),)
    if asked < facts.min_output:
        return facts.min_output, (_changed("needs room for", asked, facts.min_output, facts),)
    return asked, ()


def _changed(does: str, asked: int, taken: int, facts: ModelFacts) -> Notice:
    return Notice(f"{facts.name} {does} {taken:,} tokens, so max_tokens is {taken:,} and not {asked:,}.")
