"""What no rule is about: files by which a chat, a project or an editor would give itself more rights.

Names are compared as the most forgiving file system would: without case, without characters that it passes over,
without dots and blanks at the end.
"""

from __future__ import annotations

import re
import unicodedata

from flemma_py.approval.call import Place

NAMES = (".git", ".mcp.json", ".nvim.lua", ".exrc", ".nvimrc", ".envrc")
"""Guarded wherever they are, with all that is below them."""
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
    whole = _forgiven(text)
    last = [path.rstrip("/").rpartition("/")[2] for path in place.guarded]
    for name in (*NAMES, *last):
        if name and re.search(rf"(?<![\w.-]){re.escape(_forgiven(name))}(?![\w.-])", whole):
            return name
    return ""


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
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in plain if unicodedata.category(each) != "Cf")
