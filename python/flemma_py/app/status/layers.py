"""Which layer of the settings a value comes from, in words."""

from __future__ import annotations

from flemma_py.config.layers import Layer, Layers

_WORDS = {
    Layer.DEFAULTS: "default",
    Layer.SETUP: "setup",
    Layer.RUNTIME: "switched at run time",
    Layer.FRONTMATTER: "frontmatter",
}


def origin(layers: Layers, *path: str) -> str:
    """Where the value at `path` comes from."""
    return _WORDS[layers.origin(path)]
