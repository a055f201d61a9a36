"""Who set what: four layers of values, and the settings that come of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from flemma_py.config.group import default_of, entries
from flemma_py.config.lists import ListChange, expander
from flemma_py.config.own import groups
from flemma_py.config.reading import NOTHING_OWN, Change, Issue, Own, Path, read
from flemma_py.config.renamed import current
from flemma_py.config.schema import Settings
from flemma_py.config.toolnames import ToolNames
from flemma_py.model.setting_ops import SettingOp


class Layer(IntEnum):
    """Lowest first. `FRONTMATTER` is a file's: see `frontmatter.py` for what that may set."""

    DEFAULTS = 10
    SETUP = 20
    RUNTIME = 30
    FRONTMATTER = 40


Values = Mapping[Path, Any]
"""What one layer says, by path: values, and a `ListChange` for a list."""

OFFERED: Path = ("tools", "offered")


@dataclass(frozen=True, slots=True)
class Layers:
    """Values by layer and path. A fresh one has the defaults only. `declared` are the tables of parameters that
    providers and kinds of them declare, `own` those that can be set: also those of names that the owner chose.
    `members`: what `$standard` and its like stand for in a list. `tools` None: which there are is not known yet."""

    values: Mapping[Layer, Values] = field(default_factory=dict)
    declared: Own = field(default_factory=dict)
    own: Own = field(default_factory=dict)
    members: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    tools: ToolNames | None = None

    def with_layer(self, layer: Layer, raw: Any) -> tuple[Layers, list[Issue]]:
        """These layers with `layer` made anew from `raw` (a nested table as Lua or a file gave it), and what is to be
        said of it. Not for frontmatter, which `frontmatter.py` looks at first."""
        assert layer is not Layer.FRONTMATTER
        # Names of endpoints are the owner's: no other layer brings tables with it.
        own = groups(self.declared, raw) if layer is Layer.SETUP else self.own or groups(self.declared, {})
        emptied = replace(self, own=own, values={**self.values, layer: {}})
        return emptied.with_changes(layer, raw)

    def with_changes(self, layer: Layer, raw: Any) -> tuple[Layers, list[Issue]]:
        """These layers with what `raw` says put over `layer`: other keys of it keep their values."""
        layers = self.with_own()
        found = list(read(SettingOp((), "set", raw, None), layers.own))
        changes = [change for change in found if isinstance(change, Change)]
        issues = [issue for issue in found if isinstance(issue, Issue)]
        issues += [issue for change in changes for issue in layers.check_names(change)]
        return layers.changed(layer, changes), issues

    def with_own(self) -> Layers:
        """These layers with the tables that are declared, where setup() has said nothing yet."""
        return self if self.own else replace(self, own=groups(self.declared, {}))

    def changed(self, layer: Layer, changes: Iterable[Change]) -> Layers:
        """These layers with changes put over `layer`, in their order."""
        values = dict(self.values.get(layer, {}))
        for change in changes:
            put(values, change)
        return replace(self, values={**self.values, layer: values})

    def check_names(self, change: Change) -> list[Issue]:
        """What is to be said of names of tools in a list of them."""
        return self.tools.check(change.path, change.value, self.members, change.line) if self.tools else []

    def resolve(self) -> Settings:
        """The settings: for each key the value of the highest layer that sets it, for a list what all made of it."""
        winners: dict[Path, Any] = {}
        lists: dict[Path, None] = {("tools", "auto_approve"): None}
        for layer in sorted(self.values):
            for path, value in self.values[layer].items():
                if isinstance(value, ListChange):
                    lists[path] = None
                else:
                    winners[path] = value
        winners |= {path: words for path in lists if (words := self.words(path)) is not None}
        settings: Settings = _build(Settings, winners, self.own)
        return settings

    def words(self, path: Path) -> tuple[Any, ...] | None:
        """What all layers made of a list; None where that is its default and nobody said anything."""
        default, changes = self._default(path), self._changes(path)
        if default is None and not any(change.steps for _, change in changes):
            return None
        expand = expander(self.members)
        words = default = expand(self.tools.enabled if self.tools and path == OFFERED else default or ())
        for _, change in changes:
            words = change.apply(words, default, expand)
        return words

    def origin(self, path: str | Path) -> Layer:
        """The layer that a key's value comes from, of a list the last that changed it. A dotted path, or a tuple where
        a name has dots of its own; old names are good."""
        return max(self.contributors(path), default=Layer.DEFAULTS)

    def contributors(self, path: str | Path) -> tuple[Layer, ...]:
        """The layers that a key's value comes from, lowest first: of a list each that changed it after the last one
        that set it; what removes a word that is not there changes nothing."""
        key = current(tuple(path.split(".")) if isinstance(path, str) else path)
        plain = [layer for layer in sorted(self.values) if key in self.values[layer]]
        changes = self._changes(key)
        if not changes:
            return tuple(plain[-1:])
        expand, default = expander(self.members), self._default(key)
        words = default = expand(self.tools.enabled if self.tools and key == OFFERED else default or ())
        found: list[Layer] = []
        for layer, change in changes:
            before, words = words, change.apply(words, default, expand)
            if change.steps and change.steps[0][0] == "set":
                found = [layer]
            elif before != words:
                found.append(layer)
        return tuple(found)

    def _changes(self, path: Path) -> list[tuple[Layer, ListChange]]:
        found = [(layer, self.values[layer].get(path)) for layer in sorted(self.values)]
        return [(layer, change) for layer, change in found if isinstance(change, ListChange)]

    def _default(self, path: Path) -> tuple[Any, ...] | None:
        kind: Any = Settings
        for name in path[:-1]:
            entry = entries(kind).get(name)
            kind = entry.metadata.get("section") if entry else None
            if kind is None:
                return ()
        found: tuple[Any, ...] | None = default_of(entries(kind)[path[-1]])
        return found


def put(values: dict[Path, Any], change: Change) -> None:
    """Let `change` come after what a layer said so far."""
    if change.entry is None:
        for path in [path for path in values if path[: len(change.path)] == change.path]:
            del values[path]
    elif change.entry.metadata["listing"]:
        values[change.path] = values.get(change.path, ListChange()).then(change.action, change.value)
    else:
        values[change.path] = change.value


LOOKS = frozenset(("editing", "highlights", "line_highlights", "ruler", "signs", "turns", "ui"))
"""Tables of settings that the editor reads by itself: `lua/flemma/settings.lua`."""


def own_looks(layers: Layers) -> dict[str, Any]:
    """What a chat's frontmatter says of its looks, as nested tables."""
    looks: dict[str, Any] = {}
    for path, value in layers.values.get(Layer.FRONTMATTER, {}).items():
        if path[0] not in LOOKS or value is None:
            continue
        table = looks
        for name in path[:-1]:
            table = table.setdefault(name, {})
        table[path[-1]] = value
    return looks


def _build(kind: type, values: Values, own: Own = NOTHING_OWN) -> Any:
    """An instance of `kind`, a table of the schema, with `values` by path in it."""
    below = _by_head(values)
    given: dict[str, Any] = {}
    for name, entry in entries(kind).items():
        if entry.metadata.get("own"):
            # A name that the owner took away again in a later setup() may still be in a higher layer.
            given[name] = {each: _build(table, below.get(each, {})) for each, table in own.items()}
            continue
        if section := entry.metadata.get("section"):
            given[name] = _build(section, below.get(name, {}), own)
        elif name in below:
            inner = below[name]
            if section := entry.metadata.get("sections"):
                given[name] = {each: _build(section, its) for each, its in _by_head(inner).items()}
            else:
                given[name] = inner[()]
    return kind(**given)


def _by_head(values: Values) -> dict[str, dict[Path, Any]]:
    heads: dict[str, dict[Path, Any]] = {}
    for path, value in values.items():
        heads.setdefault(path[0], {})[path[1:]] = value
    return heads
