"""Gemini models on Vertex AI, which counts thoughts beside the output. Its price for Gemini 2.0 is not that of the
Gemini API, which the price list has."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.model.language_model import ModelFacts, Price
from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.models.gemini import find_model


def model(
    name: str, max_input: int = 1_048_576, *, price: Price | None = None, aliases: tuple[str, ...] = ()
) -> ModelFacts:
    """What the name tells, and what it does not."""
    facts = find_model(name)
    assert facts is not None, name
    return replace(facts, max_input=max_input, price=price, aliases=aliases)


_TODAY = (
    model("gemini-4-argon"),
    model("gemini-3.8-flash", 1_000_000),
    model("gemini-3.7-flash", 1_000_000),
    model("gemini-3.6-flash", 1_000_000),
    model("gemini-3.5-flash", 1_000_000),
    model("gemini-3.5-flash-lite", 1_000_000),
    model("gemini-3.1-pro-preview"),
    model("gemini-3.1-flash-lite-preview"),
    model("gemini-3-flash-preview"),
    model("gemini-2.5-pro"),
    model("gemini-2.5-flash"),
    model("gemini-2.5-flash-lite"),
)

CATALOGUE = Catalogue(
    provider="vertex",
    vendor="google",
    models=(
        *_TODAY,
        model("gemini-2.0-flash", price=(0.15, 0.6, None), aliases=("gemini-2.0-flash-001",)),
        model("gemini-2.0-flash-lite", aliases=("gemini-2.0-flash-lite-001",)),
    ),
    output_has_thoughts=False,
)
