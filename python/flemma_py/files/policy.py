"""Which files a chat may have unasked: those of its project and of its own folder. All others are asked about, once.

Only real paths are judged, links followed: a link out of the project leads out of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

MARKERS = (".git", ".hg", ".jj", ".svn")
"""A folder that holds one of these is a project's root."""

Consent = Callable[[str], bool | None]
"""What the user said about the real path: yes, no, or None where they have not been asked."""


class Answers:
    """What the user said about files, as long as the host lives. A `Consent`."""

    def __init__(self) -> None:
        self._answers: dict[str, bool] = {}

    def __call__(self, path: str) -> bool | None:
        return self._answers.get(path)

    def remember(self, path: str, *, allowed: bool) -> None:
        self._answers[path] = allowed


@dataclass(frozen=True, slots=True)
class Ground:
    """The folders whose files a chat may have: its own, and its project's root where it is in one. Real paths."""

    folders: tuple[PurePath, ...]
    home: PurePath

    def covers(self, path: str) -> bool:
        return any(self._covers(folder, PurePath(path)) for folder in self.folders)

    def _covers(self, folder: PurePath, path: PurePath) -> bool:
        if not path.is_relative_to(folder):
            return False
        if not self.home.is_relative_to(folder):
            return True
        # A chat in the home folder, or above it, must not have its keys and histories, nor another's home.
        inside = path.relative_to(folder).parts
        return not any(part.startswith(".") for part in inside) and (folder == self.home or len(inside) == 1)


def find_ground(folder: str, home: str) -> Ground:
    """The ground of a chat in `folder`. Looks at the file system."""
    own, real_home = Path(os.path.realpath(folder)), Path(os.path.realpath(home))
    root = next((each for each in (own, *own.parents) if any(os.path.lexists(each / name) for name in MARKERS)), own)
    if real_home.is_relative_to(root):
        # Dotfiles under version control make no project of a whole home.
        root = own
    return Ground(tuple(dict.fromkeys((own, root))), real_home)
