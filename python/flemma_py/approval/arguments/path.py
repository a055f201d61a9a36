"""`write(docs/**)`: where the path of a call really leads, links followed, relative to the project."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from flemma_py.approval.call import Call, Place
from flemma_py.approval.guarded import Guard
from flemma_py.approval.paths import matches
from flemma_py.approval.rules import Fit, Granted, Rule
from flemma_py.errors import SettingsError

WRITING = ("write", "edit")
SEARCHING = ("grep", "find", "ls")
"""Without a path they look at the chat's folder."""


class PathArgument:
    """See `Argument`."""

    tools: tuple[str, ...] = ("read", *WRITING, *SEARCHING)

    def read(self, text: str, *, strict: bool) -> object:
        if not text:
            raise SettingsError("the parentheses are empty; the name of the tool alone means every path")
        if any(character < " " for character in text):
            raise SettingsError("a path has no control characters")
        return text

    def allowed(self, rules: Sequence[Rule], call: Call, place: Place) -> Granted:
        path = located(call, place)
        real = path and place.resolved(path)
        if not (path and real):
            return Granted(why=f"where the path of this call leads cannot be told ({call.tool})")
        rule = next(
            (rule for rule in rules if isinstance(rule.pattern, str) and matches(rule.pattern, real, place)), None
        )
        if rule is None:
            return Granted(why=f"no rule allows {call.tool} at {real}")
        if call.tool in WRITING and not place.writable(real):
            return Granted(why=f"tools may not write to {real}")
        return Granted((rule,))

    def fits(self, rule: Rule, call: Call, place: Place) -> Fit:
        path = located(call, place)
        real = path and place.resolved(path)
        if not (path and real):
            return Fit.PERHAPS
        # As it is written, too: what must not be touched may be a link itself.
        forms = (real, posixpath.normpath(path))
        fits = isinstance(rule.pattern, str) and any(
            matches(rule.pattern, each, place, generous=True) for each in forms
        )
        return Fit.YES if fits else Fit.NO

    def guarded(self, call: Call, place: Place) -> str:
        path = located(call, place)
        if path is None or (real := place.resolved(path)) is None:
            return f"where the path of this call leads cannot be told ({call.tool})"
        if name := Guard(place).of(path):
            return f"the call is about {name}"
        # A tool's name alone, as in $standard, means the places that tools may write to.
        return f"tools may not write to {real}" if call.tool in WRITING and not place.writable(real) else ""


ARGUMENT = PathArgument()


def located(call: Call, place: Place) -> str | None:
    """The path of a call from the root, as it is written; None where it has none that is a text."""
    path = call.text("path")
    if path is None and call.tool in SEARCHING and isinstance(call.input, dict) and call.input.get("path") is None:
        path = "."
    if not path or any(character < " " for character in path):
        return None
    return place.absolute(path)
