"""OpenAI models: what they read and write at most. How each wants to be asked `models/openai.py` reads off its name.

A dated name is an alias: it is the same model, pinned. Where the vendor tells one size for both, what is read is that
without what may be written.
"""

from __future__ import annotations

from dataclasses import replace

from flemma_py.model.language_model import ModelFacts, Price
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.models.openai import base_name, find_model

_VAST, _LONG, _GPT_5, _O_SERIES, _PLAIN = 922_000, 1_047_576, 272_000, 200_000, 128_000
"""Tokens that a model reads."""


def _model(name: str, reads: int, writes: int, *dates: str, price: Price | None = None) -> ModelFacts:
    facts = find_model(name)
    assert facts is not None, name
    aliases = tuple(f"{name}-{date}" for date in dates)
    return replace(facts, max_input=reads, max_output=writes, aliases=aliases, price=price)


CATALOGUE = Catalogue(
    provider="openai",
    vendor="openai",
    models=(
        _model("gpt-6-astra", _VAST, 128_000),
        _model("gpt-6.1-sol", _VAST, 128_000),
        _model("gpt-6.1-terra", _VAST, 128_000),
        _model("gpt-6-sol", _VAST, 128_000),
        _model("gpt-6-luna", _VAST, 128_000),
        _model("gpt-5.6-sol", _VAST, 128_000),
        _model("gpt-5.6-terra", _VAST, 128_000),
        _model("gpt-5.6-luna", _VAST, 128_000),
        _model("gpt-5.5", _VAST, 128_000, "2026-04-23"),
        _model("gpt-5.5-pro", _VAST, 128_000, "2026-04-23"),
        _model("gpt-5.4", _VAST, 128_000, "2026-03-05"),
        _model("gpt-5.4-pro", _VAST, 128_000),
        _model("gpt-5.4-mini", _GPT_5, 128_000, "2026-03-17"),
        _model("gpt-5.4-nano", _GPT_5, 128_000, "2026-03-17"),
        _model("gpt-5.3-chat-latest", _GPT_5, 128_000),
        _model("gpt-5.3-codex", _GPT_5, 128_000),
        _model("gpt-5.3-codex-spark", 100_000, 32_000, price=(1.75, 14.0, 0.175)),
        _model("gpt-5.2", _GPT_5, 128_000, "2025-12-11"),
        _model("gpt-5.2-chat-latest", _PLAIN, 16_384),
        _model("gpt-5.2-codex", _GPT_5, 128_000),
        _model("gpt-5.2-pro", _GPT_5, 128_000, "2025-12-11"),
        _model("gpt-5.1", _GPT_5, 128_000, "2025-11-13"),
        _model("gpt-5.1-chat-latest", _PLAIN, 16_384),
        _model("gpt-5.1-codex", _GPT_5, 128_000),
        _model("gpt-5.1-codex-max", _GPT_5, 128_000),
        _model("gpt-5.1-codex-mini", _GPT_5, 128_000),
        _model("gpt-5", _GPT_5, 128_000, "2025-08-07"),
        _model("gpt-5-chat-latest", _GPT_5, 128_000),
        _model("gpt-5-codex", _GPT_5, 128_000),
        _model("gpt-5-mini", _GPT_5, 128_000, "2025-08-07"),
        _model("gpt-5-nano", _GPT_5, 128_000, "2025-08-07"),
        _model("gpt-5-pro", _GPT_5, 272_000, "2025-10-06"),
        _model("gpt-5-search-api", _GPT_5, 128_000),
        _model("gpt-4.1", _LONG, 32_768, "2025-04-14"),
        _model("gpt-4.1-mini", _LONG, 32_768, "2025-04-14"),
        _model("gpt-4.1-nano", _LONG, 32_768, "2025-04-14"),
        _model("gpt-4o", _PLAIN, 16_384, "2024-11-20", "2024-08-06"),
        _model("gpt-4o-2024-05-13", _PLAIN, 4_096),
        _model("gpt-4o-mini", _PLAIN, 16_384, "2024-07-18"),
        _model("o1", _O_SERIES, 100_000, "2024-12-17"),
        _model("o1-pro", _O_SERIES, 100_000, "2025-03-19"),
        _model("o3", _O_SERIES, 100_000, "2025-04-16"),
        _model("o3-pro", _O_SERIES, 100_000, "2025-06-10"),
        _model("o3-deep-research", _O_SERIES, 100_000, "2025-06-26"),
        _model("o3-mini", _O_SERIES, 100_000, "2025-01-31"),
        _model("o4-mini", _O_SERIES, 100_000, "2025-04-16"),
        _model("o4-mini-deep-research", _O_SERIES, 100_000, "2025-06-26"),
        _model("gpt-4o-mini-search-preview", _PLAIN, 16_384, "2025-03-11"),
        _model("gpt-4o-search-preview", _PLAIN, 16_384, "2025-03-11"),
        _model("computer-use-preview", _PLAIN, 16_384, "2025-03-11"),
        _model("gpt-4-turbo", _PLAIN, 4_096, "2024-04-09"),
        _model("gpt-4", 8_192, 8_192),
        _model("gpt-4-0613", 8_192, 8_192),
        _model("gpt-3.5-turbo", 16_385, 4_096),
        _model("gpt-3.5-turbo-0125", 16_385, 4_096),
        _model("gpt-3.5-turbo-1106", 16_385, 4_096),
        _model("gpt-3.5-turbo-instruct", 4_096, 4_096),
    ),
)


def known(model: str) -> ModelFacts | None:
    """The facts of a listed model, also under a name that a gateway, a date or fine-tuning made of its own."""
    found = CATALOGUE.find(model) or CATALOGUE.find(base_name(model))
    return found and (found if found.name == model else replace(found, name=model))
