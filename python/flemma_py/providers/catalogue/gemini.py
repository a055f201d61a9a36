"""Gemini models on the Gemini API: those of Vertex AI, at the prices of the list."""

from __future__ import annotations

from dataclasses import replace

from flemma_py.providers.catalogue import Catalogue
from flemma_py.providers.catalogue.vertex import CATALOGUE as VERTEX

CATALOGUE = Catalogue(
    provider="gemini",
    vendor="google",
    models=tuple(replace(facts, price=None) for facts in VERTEX.models),
    output_has_thoughts=False,
)
