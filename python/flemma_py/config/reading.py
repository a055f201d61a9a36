"""From what somebody wrote to single settings: what is wrong becomes an `Issue`, its siblings still apply.

A table of settings is walked along the schema; a table of a chat's frontmatter and `flemma.opt` say the same with
operations. Old and short names lead to the setting itself. None (Lua's `vim.NIL`) sets a key back to its default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, replace
from typing import Any, get_args

from flemma_py.config.group import entries
from flemma_py.config.renamed import OLD, SHORT, Path
from flemma_py.config.schema import Parameters, Settings
from flemma_py.config.spelling import nearest
from flemma_py.config.values import Issue, checked, listed
from flemma_py.model.setting_ops import Action, SettingOp

__all__ = ["NOTHING_OWN", "Change", "Issue", "Own", "Path", "read"]

Own = Mapping[str, type]
"""Tables of settings that providers declare, by name."""
NOTHING_OWN: Own = {}
ACTIONS: Mapping[str, Action] = {f"${action}": action for action in get_args(Action)}


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one setting. `entry` None: all that the same layer said below `path` is to be forgotten. `value`
    is a tuple where the setting is a list, or None for what it is by default."""

    path: Path
    action: Action
    value: Any
    line: int | None = None
    entry: Field[Any] | None = None


def read(op: SettingOp, own: Own = NOTHING_OWN) -> Iterator[Change | Issue]:
    """Yield what `op` says of single settings, in its order, and an `Issue` for each part that is wrong. A whole table
    of settings is set at the path ()."""
    for found in _Walk(own).at(Settings, (), op.path, op, alone=""):
        yield replace(found, line=op.line)


@dataclass(frozen=True, slots=True)
class _Walk:
    own: Own

    def at(self, kind: type, here: Path, rest: Path, op: SettingOp, *, alone: str) -> Iterator[Change | Issue]:
        """What `op` says of what is at `rest` in the table `kind`, which is at `here`."""
        if not rest:
            if here == op.path and kind in self.own.values() and op.action == "set":
                yield Change(here, "set", None)
            yield from self._table(kind, here, op, alone)
            return
        name, below = rest[0], rest[1:]
        path, known = (*here, name), entries(kind)
        if name in self.own and "own" in known:
            yield from self.at(self.own[name], path, below, op, alone="")
        elif name not in known or "own" in known[name].metadata:
            yield from self._elsewhere(kind, path, below, op)
        elif inner := known[name].metadata.get("section"):
            yield from self.at(inner, path, below, op, alone=known[name].metadata["alone"])
        elif inner := known[name].metadata.get("sections"):
            yield from self._named(inner, path, below, op)
        else:
            for word in reversed(below):
                op = replace(op, value={word: op.value})
            yield from self._setting(kind, name, path, op)

    def _elsewhere(self, kind: type, path: Path, below: Path, op: SettingOp) -> Iterator[Change | Issue]:
        """A name that the table has not: another one of a setting, or none."""
        if new := OLD.get(path):
            where = ".".join(path)
            message = f"{where} is called {'.'.join(new)} by now; the old name holds, too."
            yield Issue(where, message, ".".join(new), trouble="renamed")
        elif path in SHORT:
            new = SHORT[path]
        elif len(path) == 1 and (path[0] in self.own or path[0] in entries(Parameters)) and path[0] != "own":
            new = ("parameters", *path)
        else:
            yield _unknown(path, nearest(path[-1], self._names(kind, path)))
            return
        moved = replace(op, path=(*new, *below) if op.path == (*path, *below) else op.path)
        yield from self.at(Settings, (), (*new, *below), moved, alone="")

    def _names(self, kind: type, path: Path) -> list[str]:
        """What can stand in the place of `path`, short names too."""
        known, at_root = [*entries(kind)], len(path) == 1
        if at_root:
            known += entries(Parameters)
        return [name for name in (*known, *(self.own if at_root or "own" in known else ())) if name != "own"]

    def _named(self, kind: type, here: Path, rest: Path, op: SettingOp) -> Iterator[Change | Issue]:
        """Tables of one kind, each under a name of the owner's choice."""
        if rest:
            yield from self.at(kind, (*here, rest[0]), rest[1:], op, alone="")
        elif isinstance(op.value, Mapping) and op.action == "set":
            for name, value in op.value.items():
                yield from self._table(kind, (*here, str(name)), replace(op, value=value), "")
        elif op.value != []:
            where = ".".join(here)
            yield Issue(where, f"{where} must be a table of named tables.")

    def _table(self, kind: type, here: Path, op: SettingOp, alone: str) -> Iterator[Change | Issue]:
        is_empty = op.value in ([], {}) and not isinstance(op.value, tuple)
        means_list = alone and entries(kind)[alone].metadata["listing"]
        if op.action != "set" or (means_list and (op.value == [] or (is_empty and here == op.path))):
            # An empty list says that there are to be none; an empty table says nothing.
            if alone:
                yield from self._setting(kind, alone, (*here, alone), op)
            else:
                yield _no_list(here)
        elif isinstance(op.value, Mapping):
            yield from self._members(kind, here, op, alone)
        elif not is_empty:
            if alone:
                yield from self._setting(kind, alone, (*here, alone), op)
            else:
                where = ".".join(here)
                yield Issue(where, f"{where or 'settings'} must be a table of settings.")

    def _members(self, kind: type, here: Path, op: SettingOp, alone: str) -> Iterator[Change | Issue]:
        words = [value for name, value in op.value.items() if alone and str(name).isdecimal()]
        if words:
            yield from self._setting(kind, alone, (*here, alone), replace(op, value=words))
        # A table has no order: what stands under a new name is meant where an old one is there, too.
        for name, value in sorted(op.value.items(), key=lambda item: (*here, str(item[0])) not in OLD):
            inner = replace(op, value=value)
            if str(name).startswith("$") and here:
                yield from self._operated(kind, here, alone, str(name), inner)
            elif not (words and str(name).isdecimal()):
                yield from self.at(kind, here, (str(name),), inner, alone="")

    def _operated(self, kind: type, here: Path, alone: str, operator: str, op: SettingOp) -> Iterator[Change | Issue]:
        if operator not in ACTIONS:
            yield _no_operator(here, operator)
        elif not alone:
            yield _no_list(here)
        else:
            action = ACTIONS[operator]
            yield from self._setting(kind, alone, (*here, alone), replace(op, action=action))

    def _setting(self, kind: type, name: str, path: Path, op: SettingOp) -> Iterator[Change | Issue]:
        entry, where = entries(kind)[name], ".".join(path)
        if isinstance(op.value, Mapping) and any(str(word).startswith("$") for word in op.value) and name != "presets":
            for operator, value in op.value.items():
                if action := ACTIONS.get(str(operator)):
                    yield from self._setting(kind, name, path, replace(op, action=action, value=value))
                else:
                    yield _no_operator(path, str(operator))
            return
        if not entry.metadata["listing"]:
            if op.action != "set":
                yield _no_list(path)
                return
            value = checked(kind, name, op.value, where)
        elif op.value is None:
            value = None if op.action == "set" else ()
        else:
            alone = op.action != "set" or entry.metadata["single"]
            value = listed(kind, name, op.value, where, alone=alone)
        yield value if isinstance(value, Issue) else Change(path, op.action, value, entry=entry)


def _unknown(path: Path, suggestion: str | None) -> Issue:
    where = ".".join(path)
    hint = f" Did you mean {'.'.join((*path[:-1], suggestion))}?" if suggestion else ""
    return Issue(where, f"{where} is not a setting.{hint}", suggestion, trouble="unknown")


def _no_list(path: Path) -> Issue:
    where = ".".join(path)
    return Issue(where, f"{where or 'settings'} is no list: nothing can be appended to it, prepended or removed.")


def _no_operator(path: Path, operator: str) -> Issue:
    where, near = ".".join(path), nearest(operator, ACTIONS)
    hint = f": did you mean {near}?" if near else f" (there are {', '.join(ACTIONS)})."
    return Issue(where, f"{where} has no operator {operator}{hint}", near, trouble="unknown")
