"""Which of our entry points third parties have installed: a look at the files, before anything is imported for them.

Most people have installed none, and `importlib.metadata` would cost the first send a twentieth of its time.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from flemma_py.registry import search_path

log = logging.getLogger(__name__)

PROVIDERS = "flemma.providers"
TOOLS = "flemma.tools"
REWRITERS = "flemma.rewriters"


def offered(group: str) -> str:
    """`group`, if a package on the path has entry points in it, else an empty string."""
    return group if any(f"[{group}]" in text for text in _entry_points()) else ""


def _entry_points() -> list[str]:
    found: list[str] = []
    for folder in search_path():
        for file in Path(folder).glob("*-info/entry_points.txt"):
            try:
                found.append(file.read_text("utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                log.warning("%s cannot be read: %s", file, error)
    return found


def is_provider(origin: str, provider: Any) -> bool:
    """Whether what was found under the name `origin` can be entered among the providers."""
    fits = isinstance(getattr(provider, "name", None), str) and isinstance(getattr(provider, "parameters", None), type)
    if not fits:
        log.warning("%r offers a PROVIDER that is none but a %s; it is left out", origin, type(provider).__name__)
    return fits
