"""What is asked about: a call, and the place in which it would run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and what the model wrote for it: not checked yet, and perhaps no object at all."""

    tool: str
    input: Any

    def text(self, field: str) -> str | None:
        """A field of the input that is a text; None where there is none."""
        value = self.input.get(field) if isinstance(self.input, Mapping) else None
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls run. Paths are absolute.

    `project` is what rules are relative to, `folder` the chat's, which the paths of calls are relative to, `home` what
    `~` is. `real` follows the links of an absolute path as far as it exists, and may raise OSError; `writable` says
    whether tools may write to a real path. `guarded` are files and folders that no rule is about, beside those known
    by name: the chat, settings and tools of the project, the trust store, the sessions. `shell` is the program that
    runs commands, `shell_folder` where it starts (empty: `folder`).
    """

    project: str
    folder: str
    home: str
    real: Callable[[str], str]
    writable: Callable[[str], bool]
    guarded: tuple[str, ...] = ()
    shell: str = "bash"
    shell_folder: str = ""

    def absolute(self, path: str, base: str = "") -> str:
        """`path` as it is written, from the root. `~` is the home, as it is for the tools."""
        if path == "~" or path.startswith("~/"):
            return self.home + path[1:]
        return (PurePath(base or self.folder) / path).as_posix()

    def resolved(self, path: str) -> str | None:
        """An absolute path with its links followed, or None where that cannot be told."""
        if "\0" in path or not (path.startswith("/") or PurePath(path).is_absolute()):
            return None
        try:
            found = PurePath(self.real(path))
        except (OSError, ValueError):
            return None
        return found.as_posix() if found.is_absolute() else None
