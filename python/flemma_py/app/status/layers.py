"""Which layer of the settings a value comes from, in words."""

from __future__ import annotations

from flemma_py.app.services import Services
from flemma_py.config.layers import Layer

_WORDS = {
    Layer.DEFAULTS: "default",
    Layer.SETUP: "setup",
    Layer.RUNTIME: "switched at run time",
    Layer.FRONTMATTER: "frontmatter",
}


def origin(services: Services, *path: str) -> str:
    """Where the value at `path` comes from."""
    return _WORDS[services.layers.origin(path)]
