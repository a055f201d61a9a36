"""Gemini models on Vertex AI, which counts thoughts beside the output. Its price for Gemini 2.0 is not that of the
Gemini API, which the price list has."""

from __future__ import annotations

from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.catalogue import Catalogue

CATALOGUE = Catalogue(
    provider="vertex",
    vendor="google",
    models=(
        ModelFacts("gemini-4-argon", 1_048_576, None),
        ModelFacts("gemini-3.8-flash", 1_000_000, None),
        ModelFacts("gemini-3.7-flash", 1_000_000, None),
        ModelFacts("gemini-3.6-flash", 1_000_000, None),
        ModelFacts("gemini-3.5-flash", 1_000_000, None),
        ModelFacts("gemini-3.5-flash-lite", 1_000_000, None),
        ModelFacts("gemini-3.1-pro-preview", 1_048_576, 65_536),
        ModelFacts("gemini-3.1-flash-lite-preview", 1_048_576, 65_536),
        ModelFacts("gemini-3-flash-preview", 1_048_576, 65_536),
        ModelFacts("gemini-2.5-pro", 1_048_576, 65_536),
        ModelFacts("gemini-2.5-flash", 1_048_576, 65_536),
        ModelFacts("gemini-2.5-flash-lite", 1_048_576, 65_536),
        ModelFacts("gemini-2.0-flash", 1_048_576, 8_192, price=(0.15, 0.6, None)),
        ModelFacts("gemini-2.0-flash-001", 1_048_576, 8_192, price=(0.15, 0.6, None)),
        ModelFacts("gemini-2.0-flash-lite", 1_048_576, 8_192),
        ModelFacts("gemini-2.0-flash-lite-001", 1_048_576, 8_192),
    ),
    output_has_thoughts=False,
)
