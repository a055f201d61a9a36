"""Whether this Python can be Flemma's host: looked at before anything of ours is imported, so only the oldest Python is
asked for here. Looking for a package takes no time; importing them all takes half a second and comes later."""

import sys
from importlib.util import find_spec

OLDEST = (3, 11)
PACKAGES = ("aiohttp", "pydantic", "jinja2", "lupa", "orjson", "platformdirs")


def check() -> None:
    """Raises `ImportError` where Python is too old or lacks a package."""
    if sys.version_info < OLDEST:
        raise ImportError(f"is older than Python {OLDEST[0]}.{OLDEST[1]}")
    for name in PACKAGES:
        if find_spec(name) is None:
            raise ImportError(name=name)


def sentence(error: ImportError) -> str:
    """What a host that cannot serve answers to everything."""
    what = f"lacks the package {error.name}" if error.name else str(error)
    remedy = "run `make develop`, or set vim.g.flemma_python to a Python that has Flemma's packages"
    return f"the Python at {sys.executable} {what}: {remedy}"
