"""The folder is the registry: one more provider or tool is one more file, and no list names them."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

log = logging.getLogger(__name__)


def discover(package: str, attribute: str, *, entry_points: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (module name, value) for each module of `package` that has `attribute`, in alphabetical order, then for
    each entry point of the group `entry_points` that third parties installed.

    Modules whose names begin with an underscore are passed over. Raises what a broken module raises: a built-in that
    cannot be imported is a fault of ours and must not be hidden. What a third party's raises goes to the log, and the
    entry point is passed over.
    """
    folder = importlib.import_module(package)
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda module: module.name):
        if module.name.startswith("_"):
            continue
        value = getattr(importlib.import_module(f"{package}.{module.name}"), attribute, None)
        if value is not None:
            yield module.name, value
    if entry_points:
        yield from installed(entry_points)


def search_path() -> list[str]:
    """Where third parties install. Not the working directory, which Python writes as an empty entry: what a cloned
    repository holds was not installed by anybody."""
    return [folder for folder in dict.fromkeys(sys.path) if PurePath(folder).is_absolute()]


def installed(group: str, broken: Callable[[str], None] | None = None) -> Iterator[tuple[str, Any]]:
    """Yield (name, value) for each entry point of the group that third parties installed. `broken` is told, in a
    sentence, of one that cannot be loaded; the log has the rest."""
    # Importing this costs more than all our modules.
    metadata = importlib.import_module("importlib.metadata")
    seen: set[str] = set()
    for distribution in metadata.distributions(path=search_path()):
        try:
            entries = tuple(distribution.entry_points.select(group=group))
            # Of two versions the first one on the path is the one that is imported.
            if not entries or (name := distribution.name) in seen:
                continue
            seen.add(name)
        except Exception:
            log.exception("the entry points of an installed package cannot be read")
            continue
        for entry in entries:
            try:
                value = entry.load()
            # SystemExit too: a library that thinks it is a program must not take the host along.
            except (Exception, SystemExit) as error:
                log.exception("the entry point %s of %s cannot be loaded; it is left out", entry.name, group)
                if broken is not None:
                    broken(f"{entry.name} of the package {name} cannot be loaded ({type(error).__name__}: {error})")
                continue
            yield entry.name, value
