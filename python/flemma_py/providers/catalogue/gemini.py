"""Gemini models on the Gemini API, at the prices of the list."""

from __future__ import annotations

from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.catalogue.vertex import SINCE_2_5, model

CATALOGUE = Catalogue(
    provider="gemini",
    vendor="google",
    models=(
        *SINCE_2_5,
        model("gemini-2.0-flash", "gemini-2.0-flash-001"),
        model("gemini-2.0-flash-lite", "gemini-2.0-flash-lite-001"),
    ),
    output_has_thoughts=False,
)
