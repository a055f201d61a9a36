"""Gemini models on Vertex AI, which counts thoughts beside the output; limits and thinking are read off their names.
Its price for Gemini 2.0 is not that of the Gemini API, which the price list has."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.model.language_model import ModelFacts, Price
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.models.gemini import find_model


def model(name: str, *aliases: str, max_input: int | None = None, price: Price | None = None) -> ModelFacts:
    """A Gemini model with what its name does not tell."""
    facts = find_model(name)
    assert facts is not None, name
    return replace(facts, aliases=aliases, max_input=max_input or facts.max_input, price=price)


_ROUND = 1_000_000

SINCE_2_5 = (
    model("gemini-4-argon"),
    model("gemini-3.8-flash", max_input=_ROUND),
    model("gemini-3.7-flash", max_input=_ROUND),
    model("gemini-3.6-flash", max_input=_ROUND),
    model("gemini-3.5-flash"),
    model("gemini-3.5-flash-lite", max_input=_ROUND),
    model("gemini-3.1-pro-preview"),
    model("gemini-3.1-flash-lite-preview", "gemini-3.1-flash-lite"),
    model("gemini-3-flash-preview"),
    model("gemini-2.5-pro"),
    model("gemini-2.5-flash"),
    model("gemini-2.5-flash-lite"),
)
"""What Vertex AI and the Gemini API both have, at the same price."""

CATALOGUE = Catalogue(
    provider="vertex",
    vendor="google",
    models=(
        *SINCE_2_5,
        model("gemini-2.0-flash", "gemini-2.0-flash-001", price=(0.15, 0.6, None)),
        model("gemini-2.0-flash-lite", "gemini-2.0-flash-lite-001"),
    ),
    output_has_thoughts=False,
)
