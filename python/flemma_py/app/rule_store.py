"""The rules that the owner added while at work (`:Flemma tool:allow`): for one chat, for one project, or for all.

They are kept in a file of the owner's own, never in the project: what comes with a project is not the owner's word.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.app.state_file import StateFile, canonical
from flemma_py.errors import SettingsError

if TYPE_CHECKING:
    from flemma_py.approval.rules import Rule, Scope

log = logging.getLogger(__name__)

Table = dict[str, dict[str, list[str]]]
"""The texts of rules by scope and place; the place of those for all is empty."""
EVERYWHERE = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule as it is kept. `place` is the chat's file or the project's root, empty for a rule of all chats."""

    scope: Scope
    place: str
    text: str


class RuleStore:
    """`file` None: rules hold until the host ends. `warn` hears, once, of a file that cannot be read and of a rule in
    it that cannot be understood."""

    def __init__(self, file: Path | None = None, warn: Callable[[str], None] = log.warning) -> None:
        self._file = None if file is None else StateFile(file)
        self._warn = warn
        self._warned: set[str] = set()
        self._passing: Table = {}

    def rules_for(self, chat: str | None, project: str) -> list[Rule]:
        """The rules that hold for the chat at this path (None: it has no file) in this project. Never raises: what
        cannot be read allows nothing."""
        from flemma_py.approval.rules import Scope, read_rules

        try:
            table = self._table()
        except SettingsError as error:
            self._warn_once(f"The rules that you added do not hold: {error.message}")
            return []
        places = {Scope.PROJECT: canonical(project), Scope.USER: EVERYWHERE}
        if chat:
            places[Scope.FILE] = canonical(chat)
        found: list[Rule] = []
        for scope, place in places.items():
            rules, problems = read_rules(table.get(scope.value, {}).get(place, ()), scope)
            found += rules
            for problem in problems:
                self._warn_once(f"A rule that you added does not hold. {problem}")
        return found

    def add(self, scope: Scope, place: str, texts: Iterable[str]) -> None:
        """Keep rules for a scope; `place` as in `Kept`. Raises `SettingsError` where one is no rule, or they cannot be
        kept."""
        from flemma_py.approval.rules import read_rule

        read = [read_rule(text, scope).text for text in texts]
        table = self._table()
        kept = table.setdefault(scope.value, {}).setdefault(canonical(place) if place else EVERYWHERE, [])
        kept[:] = dict.fromkeys([*kept, *read])
        self._keep(table)

    def remove(self, rule: Kept) -> bool:
        """Forget a rule; whether it was there. Raises `SettingsError` where that cannot be kept."""
        table = self._table()
        kept = table.get(rule.scope.value, {}).get(rule.place, [])
        if rule.text not in kept:
            return False
        kept.remove(rule.text)
        self._keep(table)
        return True

    def all(self) -> list[Kept]:
        """Every rule, those for one chat first. Raises `SettingsError` where they cannot be read."""
        from flemma_py.approval.rules import Scope

        table = self._table()
        return [
            Kept(scope, place, text)
            for scope in (Scope.FILE, Scope.PROJECT, Scope.USER)
            for place, texts in sorted(table.get(scope.value, {}).items())
            for text in texts
        ]

    def _table(self) -> Table:
        if self._file is None:
            return self._passing
        table = _tidied(self._file.read())
        if table is None:
            raise SettingsError(f"{self._file.path} is not as it was written: mend it, or remove it.")
        return table

    def _keep(self, table: Table) -> None:
        if self._file is None:
            return
        given = {
            scope: {place: texts for place, texts in sorted(places.items()) if texts} for scope, places in table.items()
        }
        try:
            self._file.write({"rules": given})
        except (OSError, UnicodeError) as error:
            raise SettingsError(f"Rules cannot be kept in {self._file.path} ({error}).") from error

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(message)


def _tidied(value: Any) -> Table | None:
    """What a file says, as a table of its own that may be changed; None where it is no such table."""
    if value is None:
        return {}
    scopes = value.get("rules") if isinstance(value, Mapping) else None
    if not isinstance(scopes, Mapping) or not all(isinstance(places, Mapping) for places in scopes.values()):
        return None
    lists = [texts for places in scopes.values() for texts in places.values()]
    if not all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in lists):
        return None
    return {scope: {place: list(texts) for place, texts in places.items()} for scope, places in scopes.items()}
