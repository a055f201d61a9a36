"""Kimi models of Moonshot AI."""

from __future__ import annotations

from flemma_py.model.language_model import ModelFacts
from flemma_py.providers.catalogue import Catalogue

CATALOGUE = Catalogue(
    provider="moonshot",
    vendor="moonshotai",
    models=(
        ModelFacts("kimi-k3.1-pro", 1_048_576, None),
        ModelFacts("kimi-k3", 1_048_576, None),
        ModelFacts("kimi-k2.7-code", 262_144, None),
        ModelFacts("kimi-k2.6", 262_144, 65_536),
        ModelFacts("kimi-k2.5", 262_144, 65_536),
        ModelFacts("kimi-k2-thinking", 262_144, 65_536),
        ModelFacts("kimi-k2-thinking-turbo", 262_144, 65_536),
        ModelFacts("kimi-k2-0905-preview", 262_144, 65_536),
        ModelFacts("kimi-k2-0711-preview", 131_072, 65_536),
        ModelFacts("kimi-k2-turbo-preview", 262_144, 65_536),
        ModelFacts("moonshot-v1-8k", 8_192, 8_192),
        ModelFacts("moonshot-v1-32k", 32_768, 32_768),
        ModelFacts("moonshot-v1-128k", 131_072, 131_072),
        ModelFacts("moonshot-v1-8k-vision-preview", 8_192, 8_192),
        ModelFacts("moonshot-v1-32k-vision-preview", 32_768, 32_768),
        ModelFacts("moonshot-v1-128k-vision-preview", 131_072, 131_072),
    ),
)
