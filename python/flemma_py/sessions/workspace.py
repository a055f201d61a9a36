"""Which project a session belongs to, as a path."""

from __future__ import annotations

import os
from pathlib import Path


def normalize_workspace_path(path: str) -> str:
    """The path with its links resolved, absolute and clean; "" stays so."""
    path = path.strip()
    return os.path.realpath(path) if path and "\0" not in path else ""


def current_workspace_path() -> str:
    """The folder that this process works in; "" where that is gone."""
    try:
        return normalize_workspace_path(str(Path.cwd()))
    except FileNotFoundError:
        return ""


current, normalize = current_workspace_path, normalize_workspace_path
