"""Settings: what can be set (`schema`), by whom and in which order (`layers`), and how a wrong word is told
(`spelling`).

A value comes from one of four layers: defaults, `setup()`, changes at run time, a chat's frontmatter. The highest layer
that sets a key wins. A file is not the owner: frontmatter may set only the keys that `schema` marks for it.
"""

from flemma_py.config.layers import Layer, Layers
from flemma_py.config.reading import Issue
from flemma_py.config.schema import Settings

__all__ = ["Issue", "Layer", "Layers", "Settings"]
