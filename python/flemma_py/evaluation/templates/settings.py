"""`flemma.opt` and the `flemma` key: what a frontmatter says about settings, recorded as operations, in its order.

Nothing is checked or applied here but for reading back: the settings' own room does that with what is recorded.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flemma_py.evaluation.templates.failure import SETTING, Failure
from flemma_py.evaluation.templates.formats import plain

ACTIONS = ("set", "append", "remove", "prepend")
MOST = 1000

Operation = tuple[list[str], str, Any, int | None]
"""Path, action, value, and the line of the frontmatter's code, from 0."""


@dataclass
class Settings:
    """`view` are the settings as they hold without this frontmatter. `used`: somebody has read them."""

    view: dict[str, Any]
    operations: list[Operation] = field(default_factory=list)
    is_open: bool = True
    used: bool = False
    _current: dict[str, Any] | None = None

    def record(self, path: Sequence[str], action: str, value: Any, line: int | None) -> None:
        if not self.is_open:
            raise Failure("settings are set by the frontmatter itself, not by what is called later", SETTING)
        if not path or action not in ACTIONS:
            raise Failure("name a setting: flemma.opt.NAME", SETTING)
        if len(self.operations) >= MOST:
            raise Failure(f"the frontmatter sets more than {MOST:,} settings", SETTING)
        try:
            data = plain(value)
        except Failure as failure:
            raise Failure(f"{'.'.join(path)}: {failure.text}", SETTING) from None
        if self._current is None:
            self._current = copy.deepcopy(self.view)
        self.operations.append((list(path), action, data, line))
        _apply(self._current, path, action, copy.deepcopy(data))

    def value(self, path: Sequence[str], derived: Sequence[tuple[str, Any]] = ()) -> Any:
        """The setting as it is after what was recorded, and after `derived` (actions with their values)."""
        self.used = True
        found = _look(self.view if self._current is None else self._current, path)
        if not derived:
            return found
        own = {"": copy.deepcopy(found)}
        for action, value in derived:
            _apply(own, [""], action, value)
        return own[""]


def _look(view: Any, path: Sequence[str]) -> Any:
    for name in path:
        view = view.get(name) if isinstance(view, Mapping) else None
    return view


def _apply(view: dict[str, Any], path: Sequence[str], action: str, value: Any) -> None:
    for name in path[:-1]:
        below = view.get(name)
        if not isinstance(below, dict):
            below = view[name] = {}
        view = below
    if action == "set":
        view[path[-1]] = value
        return
    known = view.get(path[-1])
    items = value if isinstance(value, list) else [value]
    kept = [item for item in (known if isinstance(known, list) else []) if item not in items]
    if action == "append":
        kept += items
    elif action == "prepend":
        kept = [*items, *kept]
    view[path[-1]] = kept


def operations_of(node: Any, code: str) -> Iterator[Operation]:
    """The operations that the value of a `flemma` key stands for. Raises `Failure`."""
    if not isinstance(node, Mapping):
        raise Failure("`flemma` must be a table of settings", SETTING)
    yield from _Walk(code).walk(node, [])


class _Walk:
    """Goes through the tables in the order in which they are written, and looks for their lines in the code."""

    def __init__(self, code: str) -> None:
        self._code = code
        self._at = max(code.find("flemma"), 0)

    def walk(self, node: Mapping[Any, Any], path: list[str]) -> Iterator[Operation]:
        for key, value in node.items():
            name = str(key)
            line = self._line(name)
            if name.startswith("$"):
                action = name[1:]
                if action not in ACTIONS or not path:
                    known = ", ".join(f"${each}" for each in ACTIONS)
                    raise Failure(f"{'.'.join([*path, name])}: there is no such operation; there are {known}", SETTING)
                yield path, action, plain(value), line
            elif isinstance(value, Mapping):
                yield from self.walk(value, [*path, name])
            else:
                yield [*path, name], "set", plain(value), line

    def _line(self, name: str) -> int | None:
        found = re.compile(rf"(?<![\w$]){re.escape(name)}(?!\w)").search(self._code, self._at)
        if found is None:
            return None
        self._at = found.end()
        return self._code.count("\n", 0, found.start())
