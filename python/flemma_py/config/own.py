"""What can be set for one provider alone: the parameters it declares, and the general ones once more.

A provider names a dataclass of `schema.key`s as its `parameters`; the composition root hands all of them to `Layers`.
So one more provider with parameters of its own is one more file, and none of them is known here.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import field, fields, make_dataclass
from typing import Any, get_type_hints

from flemma_py.config.reading import Own
from flemma_py.config.schema import Parameters


def groups(declared: Own, raw: Any) -> dict[str, type]:
    """The groups under `parameters`: one for each of `declared`, and one for each endpoint that `raw`, a table of
    settings, names with a `kind`."""
    found = {name: _group(kind) for name, kind in declared.items()}
    endpoints = raw.get("providers") if isinstance(raw, Mapping) else None
    for name, endpoint in endpoints.items() if isinstance(endpoints, Mapping) else ():
        if isinstance(endpoint, Mapping) and isinstance(kind := endpoint.get("kind"), str):
            found[str(name)] = _group(declared.get(kind, _Nothing))
    return found


class _Nothing:
    """A provider that declares no parameters."""


@functools.cache
def _group(kind: type) -> type:
    """`kind` with every general parameter beside its own, None where nobody sets it for this provider alone."""
    taken = {entry.name for entry in fields(kind)} if kind is not _Nothing else set()
    hints = get_type_hints(Parameters)
    general: list[tuple[str, Any, Any]] = [
        (entry.name, hints[entry.name], field(default=None, metadata=entry.metadata))
        for entry in fields(Parameters)
        if "own" not in entry.metadata and entry.name not in taken
    ]
    return make_dataclass(kind.__name__, general, bases=(kind,), frozen=True)
