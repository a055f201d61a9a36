"""Kimi models of Moonshot AI."""

from __future__ import annotations

from flemma_py.providers.catalogue import Catalogue, Model

CATALOGUE = Catalogue(
    provider="moonshot",
    vendor="moonshotai",
    models=(
        Model("kimi-k3.1-pro", 1_048_576, None),
        Model("kimi-k3", 1_048_576, None),
        Model("kimi-k2.7-code", 262_144, None),
        Model("kimi-k2.6", 262_144, 65_536),
        Model("kimi-k2.5", 262_144, 65_536),
        Model("kimi-k2-thinking", 262_144, 65_536),
        Model("kimi-k2-thinking-turbo", 262_144, 65_536),
        Model("kimi-k2-0905-preview", 262_144, 65_536),
        Model("kimi-k2-0711-preview", 131_072, 65_536),
        Model("kimi-k2-turbo-preview", 262_144, 65_536),
        Model("moonshot-v1-8k", 8_192, 8_192),
        Model("moonshot-v1-32k", 32_768, 32_768),
        Model("moonshot-v1-128k", 131_072, 131_072),
        Model("moonshot-v1-8k-vision-preview", 8_192, 8_192),
        Model("moonshot-v1-32k-vision-preview", 32_768, 32_768),
        Model("moonshot-v1-128k-vision-preview", 131_072, 131_072),
    ),
)
