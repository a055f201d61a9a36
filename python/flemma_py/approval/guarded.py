"""What no rule is about: files by which a chat, a project or an editor would give itself more rights.

Names are compared as the most forgiving file system would: without case, without characters that it passes over,
without dots and blanks at the end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from flemma_py.approval.call import Place
from flemma_py.approval.stars import fits_parts

NAMES = (".git", ".mcp.json", ".nvim.lua", ".exrc", ".nvimrc", ".lazy.lua", ".envrc")
"""Guarded wherever they are, with all that is below them."""
MOST_TEXTS, MOST_LETTERS = 400, 4096
"""How much of a tool's input is looked at."""
PATTERN = re.compile(r"[*?\[\]{}]")
SHORT = re.compile(r"git~\d+")
"""What Windows makes of .git for old programs."""


class Guard:
    """The guarded of one place, looked up once for one decision: links may change between two."""

    def __init__(self, place: Place) -> None:
        self.place = place
        written = [(each, form) for each in place.guarded for form in (each, place.resolved(each) or each)]
        self.known = [(each, _parts(form)) for each, form in dict.fromkeys(written)]

    def of(self, path: str) -> str:
        """What of the guarded an absolute path is or is below of, as it is written or as its links lead; or nothing."""
        if name := _named(path) or self._placed(path):
            return name
        real = self.place.resolved(path)
        return "" if real is None else _named(real) or self._placed(real)

    def holds(self, real: str) -> str:
        """What a folder holds that must not go with it: the project, the chat's folder, the home or something of the
        guarded; or nothing."""
        parts = _parts(real)
        homes = [(each, _parts(each)) for each in (self.place.project, self.place.folder, self.place.home)]
        return next((each for each, known in (*homes, *self.known) if known[: len(parts)] == parts), "")

    def _placed(self, path: str) -> str:
        parts = _parts(path)
        return next((each for each, known in self.known if parts[: len(known)] == known), "")


def mentioned(place: Place, text: str) -> str:
    """What of the guarded stands in a text that cannot be told apart any further; or nothing."""
    last = (path.rstrip("/").rpartition("/")[2] for path in place.guarded)
    names = {_forgiven(name): name for name in (*NAMES, *last) if name}
    # Quotes and backslashes may stand in a name, and variables may be nothing or any part of it.
    bare = re.sub(r"""['"\\]""", "", _forgiven(text))
    for whole in (_forgiven(text), bare, re.sub(r"\$(?:\w+|\{[^}]*\})", "*", bare)):
        for plain, name in names.items():
            if re.search(rf"(?<![\w.-]){re.escape(plain)}(?![\w.-])", whole):
                return name
        for piece in re.split(r"""[\s/;|&<>()'"]+""", whole):
            if any(sign in piece for sign in "*?[{") and (name := _may_become(piece, names)):
                return name
    return ""


def in_input(place: Place, value: Any) -> str:
    """What of the guarded a text somewhere in the input of a tool may be the path of; or nothing. What such texts mean
    to a tool that others made is not known here."""
    guard = Guard(place)
    waiting, seen = [value], 0
    while waiting:
        each = waiting.pop()
        seen += 1
        if seen > MOST_TEXTS:
            return "more than can be looked at"
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
        elif isinstance(each, str) and each.strip() and len(each) < MOST_LETTERS and "\n" not in each.strip():
            path = each.strip().removeprefix("file://")
            if name := guard.of(place.absolute(path)):
                return name
    return ""


def _may_become(piece: str, names: Mapping[str, str]) -> str:
    """Which name a pattern of the shell's may stand for, with anything from its first sign to its last. One without
    any letter around those, as `*`, is about none."""
    ends = [PATTERN.split(piece, maxsplit=1)[0], PATTERN.split(piece)[-1]]
    about = any(end.strip(".") for end in ends)
    return next((name for plain, name in names.items() if about and fits_parts(ends, plain)), "")


def _named(path: str) -> str:
    for component in re.split(r"[/\\]", path):
        # A stream of NTFS, as in `.git::$INDEX_ALLOCATION`, is the same folder.
        plain = _forgiven(component.partition(":")[0]).rstrip(". ")
        if plain in NAMES or SHORT.fullmatch(plain):
            return ".git" if plain.startswith("git~") else plain
    return ""


def _parts(path: str) -> list[str]:
    found: list[str] = []
    for component in re.split(r"[/\\]", path):
        if component == "..":
            found = found[:-1]
        elif component not in ("", "."):
            found.append(_forgiven(component).rstrip(". "))
    return found


def _forgiven(text: str) -> str:
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if unicodedata.category(each) != "Cf")
