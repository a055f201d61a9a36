"""What a Python needs to run the host: looked at before anything is imported, in about a millisecond.

Read by Pythons of any age (the entry, and `:Flemma install`), so nothing here is newer than Python 3.6.
"""

import sys
from importlib.util import find_spec

OLDEST = (3, 11)

NEEDED = (
    "pynvim",
    "aiohttp",
    "pydantic",
    "jinja2",
    "jsonschema",
    "lupa",
    "orjson",
    "platformdirs",
    "genai_prices",
    "google.auth",
    "mcp",
    "puremagic",
    "tree_sitter",
    "tree_sitter_bash",
    "yaml",
)
"""Import names of the packages that `pyproject.toml` asks for."""


def unfit() -> "str | None":
    """Why this Python cannot run the host, as the end of a sentence about it; None where it can."""
    if sys.version_info < OLDEST:
        return "is {}.{}.{}, and 3.11 or newer is needed".format(*sys.version_info[:3])
    missing = [name for name in NEEDED if not _is_there(name)]
    if not missing:
        return None
    return f"lacks the package{'s' if len(missing) > 1 else ''} {', '.join(missing)}"


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # of the package that `name` would be in
        return False
