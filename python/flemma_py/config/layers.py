"""Who set what: four layers of values, and the settings that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Any

from flemma_py.config.own import groups
from flemma_py.config.reading import NOTHING_OWN, Issue, Own, Path, read
from flemma_py.config.schema import Settings


class Layer(IntEnum):
    """Lowest first. `FRONTMATTER` is a file's: it may set only what a file may."""

    DEFAULTS = 10
    SETUP = 20
    RUNTIME = 30
    FRONTMATTER = 40


@dataclass(frozen=True, slots=True)
class Layers:
    """Values by layer and path. A fresh one has the defaults only. `declared` are the groups of parameters that
    providers and kinds of them declare, `own` those that can be set: also those of names that the owner chose."""

    values: Mapping[Layer, Mapping[Path, Any]] = field(default_factory=dict)
    declared: Own = field(default_factory=dict)
    own: Own = field(default_factory=dict)

    def with_layer(self, layer: Layer, raw: Any) -> tuple[Layers, list[Issue]]:
        """These layers with `layer` made anew from `raw` (a nested table as Lua or a file gave it), and what in it was
        passed over."""
        # Names of endpoints are the owner's: no other layer brings groups with it.
        own = groups(self.declared, raw) if layer is Layer.SETUP else self.own or groups(self.declared, {})
        found = list(read(Settings, raw, from_file=layer is Layer.FRONTMATTER, own=own))
        values = dict(entry for entry in found if not isinstance(entry, Issue))
        issues = [entry for entry in found if isinstance(entry, Issue)]
        return replace(self, values={**self.values, layer: values}, own=own), issues

    def with_changes(self, layer: Layer, raw: Any) -> tuple[Layers, list[Issue]]:
        """These layers with what `raw` says put over `layer`: other keys of it keep their values."""
        changed, issues = self.with_layer(layer, raw)
        kept = {**self.values.get(layer, {}), **changed.values[layer]}
        return replace(changed, values={**self.values, layer: kept}), issues

    def resolve(self) -> Settings:
        """The settings: for each key the value of the highest layer that sets it."""
        winners: dict[Path, Any] = {}
        for layer in sorted(self.values):
            winners.update(self.values[layer])
        settings: Settings = _build(Settings, winners, self.own)
        return settings

    def origin(self, path: str | Path) -> Layer:
        """The layer that a key's value comes from: a dotted path, or a tuple where a name has dots of its own."""
        key = tuple(path.split(".")) if isinstance(path, str) else path
        return max((layer for layer, values in self.values.items() if key in values), default=Layer.DEFAULTS)


def _build(kind: type, values: Mapping[Path, Any], own: Own = NOTHING_OWN) -> Any:
    """An instance of `kind`, a dataclass of the schema, with `values` by path in it."""
    below = _by_head(values)
    given: dict[str, Any] = {}
    for entry in fields(kind):
        if entry.metadata.get("own"):
            # A name that the owner took away again in a later setup() may still be in a higher layer.
            given[entry.name] = {name: _build(group, below.get(name, {})) for name, group in own.items()}
            continue
        if entry.name not in below:
            if section := entry.metadata.get("section"):
                given[entry.name] = _build(section, {}, own)
            continue
        inner = below[entry.name]
        if section := entry.metadata.get("section"):
            given[entry.name] = _build(section, inner, own)
        elif section := entry.metadata.get("sections"):
            given[entry.name] = {name: _build(section, each) for name, each in _by_head(inner).items()}
        else:
            given[entry.name] = inner[()]
    return kind(**given)


def _by_head(values: Mapping[Path, Any]) -> dict[str, dict[Path, Any]]:
    heads: dict[str, dict[Path, Any]] = {}
    for path, value in values.items():
        heads.setdefault(path[0], {})[path[1:]] = value
    return heads
