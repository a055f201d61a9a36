"""Patterns of paths: `docs/**`, `~/notes/*.md`, `/etc/hosts`. They are compared with real paths only, so that a link
leads out of them. Rules that refuse are compared with the path as it is written, too. `**` is any number of folders
and what is in them: `docs/**` is the folder, too."""

from __future__ import annotations

import posixpath

from flemma_py.approval.call import Place
from flemma_py.approval.stars import fits_folders, fits_parts


def pattern_path(pattern: str, project: str, home: str) -> str:
    """A pattern from the root on. Relative ones are the project's; a / at the end means all that is below."""
    if pattern.endswith("/"):
        pattern += "**"
    whole = home + pattern[1:] if pattern == "~" or pattern.startswith("~/") else posixpath.join(project, pattern)
    return posixpath.normpath(whole)


def matches(pattern: str, path: str, place: Place, *, generous: bool = False) -> bool:
    """Whether a path fits a pattern. `generous`: also by another case of its letters, and below the links of
    the project itself, as a rule that refuses should."""
    roots = [(place.resolved(place.project) or place.project, place.resolved(place.home) or place.home)]
    if generous:
        roots.append((place.project, place.home))
    names = _names(path, generous)
    return any(fits_folders(_names(pattern_path(pattern, *root), generous), names, _name_fits) for root in roots)


def _names(path: str, generous: bool) -> list[str]:
    return (path.casefold() if generous else path).strip("/").split("/") if path.strip("/") else []


def _name_fits(pattern: str, name: str) -> bool:
    """`*` is anything and `?` one character within a name. All others stand for themselves, brackets, too."""
    return fits_parts(pattern.split("*"), name, joker="?")
