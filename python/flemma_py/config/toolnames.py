"""Names of tools in settings: those that there are, and what was meant by another."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.config.spelling import nearest
from flemma_py.config.values import Issue

BUILT_IN = ("bash", "calculator", "calculator_async", "edit", "find", "grep", "ls", "read", "write")
"""Known also where one of them cannot be had."""
_SAID = re.compile(r"\s*(?:allow|ask|deny)\s+(?=\S)")
"""What a rule of approval may begin with."""
LISTS = (("tools", "offered"), ("tools", "auto_approve"))


@dataclass(frozen=True, slots=True)
class ToolNames:
    """`enabled` are those that a model is told of where nobody says which, `known` all of them. Not `complete`: others
    are still to come, and a name that is not known may be one of theirs."""

    enabled: tuple[str, ...]
    known: tuple[str, ...]
    complete: bool = True

    def check(
        self, path: tuple[str, ...], words: Any, members: Mapping[str, Sequence[Any]], line: int | None
    ) -> list[Issue]:
        """An `Issue` for each word of a list of tools which is none, no preset and no rule of one."""
        if path not in LISTS or not isinstance(words, tuple):
            return []
        return [issue for word in words if isinstance(word, str) and (issue := self._check(path, word, members, line))]

    def _check(
        self, path: tuple[str, ...], word: str, members: Mapping[str, Sequence[Any]], line: int | None
    ) -> Issue | None:
        where = ".".join(path)
        name = _SAID.sub("", word).partition("(")[0].strip()
        if name.startswith("$"):
            what, known = "preset", sorted(members)
        else:
            what, known = "tool", sorted({*self.known, *BUILT_IN})
        # A dot makes it a module's name, and servers' tools come when the server does.
        if name in known or "." in name or ":" in name or (what == "tool" and not self.complete):
            return None
        near = nearest(name, known)
        hint = f" Did you mean {near}?" if near else ""
        return Issue(where, f"{where}: there is no {what} {name}.{hint}", near, line, "tool", name)
