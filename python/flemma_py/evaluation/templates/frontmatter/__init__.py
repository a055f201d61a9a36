"""One module per language in which frontmatter can be written: its `parse(code)` gives the variables, as plain data.

`parse` raises `FrontmatterError` with the place in the code. Installed packages add more as entry points of the group
`flemma.frontmatter`, whose value is such a function; one that has the name of a language here takes its place. Lua is
not here: it is run, not parsed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from flemma_py.registry import discover

GROUP = "flemma.frontmatter"


@cache
def known_parsers() -> dict[str, Callable[[str], Any]]:
    """The parsers by language."""
    return {name.lower(): parse for name, parse in discover(__name__, "parse", entry_points=GROUP)}
