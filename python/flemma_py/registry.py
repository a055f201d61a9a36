"""The folder is the registry: one more provider or tool is one more file, and no list names them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any


def discover(package: str, attribute: str, *, entry_points: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (module name, value) for each module of `package` that has `attribute`, in alphabetical order, then for
    each entry point of the group `entry_points` that third parties installed.

    Modules whose names begin with an underscore are passed over. Raises what a broken module raises: a built-in that
    cannot be imported is a fault of ours and must not be hidden.
    """
    folder = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda module: module.name):
        if module.name.startswith("_"):
            continue
        value = getattr(importlib.import_module(f"{package}.{module.name}"), attribute, None)
        if value is not None:
            yield module.name, value
    if entry_points:
        # Importing this costs more than all the modules above.
        metadata = importlib.import_module("importlib.metadata")
        for entry in metadata.entry_points(group=entry_points):
            yield entry.name, entry.load()
