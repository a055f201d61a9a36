"""What git says of a folder, asked in a way that runs nothing of what the repository names: it is data, and tools write
into it. Everything here blocks, for a bounded time.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

MOST_PATHS = 2000
"""Paths that are looked at one by one."""
_HARMLESS = (
    "--no-optional-locks",
    *(word for setting in (
        "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "protocol.allow=never",
        "submodule.recurse=false", "core.askPass=", "credential.helper=",
    ) for word in ("-c", setting)),
)  # fmt: skip
"""A repository may name programs that watch it, hooks and helpers."""
_STATUS = ("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--untracked-files=normal",
           "--ignore-submodules=all")  # fmt: skip
_FILTERS = ("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
_LET_THROUGH = ("PATH", "HOME", "XDG_CONFIG_HOME", "LANG", "TMPDIR")


class Slow(Exception):
    """Git took longer than it was given."""


@dataclass(frozen=True, slots=True)
class Status:
    """A repository at one moment: `head` is its commit, "" before the first; `paths` tell of each file that is not as
    in that commit its code (two letters, as `git status --short`) and a stamp of what it is. `is_whole` is false where
    there were more than one looks at."""

    root: str
    head: str
    paths: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Difference:
    """What is told differently by two looks: (code, path), the code as it is now, two blanks for what is no more."""

    heads: tuple[str, str]
    paths: tuple[tuple[str, str], ...]


def find(folder: str) -> str | None:
    """The root of the repository that a folder lies in; None for none."""
    place = Path(folder)
    return next((str(each) for each in (place, *place.parents) if os.path.lexists(each / ".git")), None)


def look(root: str, seconds: float, environ: Mapping[str, str]) -> Status | None:
    """The repository's status; None where git is not there or will not tell. Raises `Slow` after so many seconds."""
    until = monotonic() + seconds
    environment = {name: environ[name] for name in _LET_THROUGH if name in environ}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}

    def ask(*words: str) -> tuple[int, bytes]:
        try:
            done = subprocess.run(
                ("git", *_HARMLESS, *words), cwd=root, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=max(until - monotonic(), 0.001), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise Slow(root) from error
        except (OSError, ValueError):
            return -1, b""
        return done.returncode, done.stdout

    code, named = ask(*_FILTERS)
    if code not in (0, 1):
        return None
    # A filter is a program, too: without it files that it made may count as changed, before as after.
    names = [name for name in _texts(named) if name]
    off = [word for name in names for word in ("-c", f"{name}={'false' if name.endswith('.required') else ''}")]
    code, told = ask(*off, *_STATUS)
    return read(root, told) if code == 0 else None


def read(root: str, told: bytes) -> Status:
    """What `git status --porcelain=v2 --branch -z` told."""
    head = ""
    paths: dict[str, tuple[str, str]] = {}
    whole = True
    for line in _texts(told):
        kind, _, rest = line.partition(" ")
        if kind == "#" and rest.startswith("branch.oid "):
            head = rest.removeprefix("branch.oid ").replace("(initial)", "")
        elif kind in ("1", "u", "?"):
            if len(paths) == MOST_PATHS:
                whole = False
                break
            # Fields before the path: XY sub mH mI mW hH hI; of an unmerged one: XY sub m1 m2 m3 mW h1 h2 h3.
            code, path = ("??", rest) if kind == "?" else _fields(rest, 7 if kind == "1" else 9)
            paths[path] = code.replace(".", " "), _stamp(root, path)
    return Status(root, head, paths, whole)


def _fields(rest: str, count: int) -> tuple[str, str]:
    parts = rest.split(" ", count)
    return parts[0], parts[-1]


def _stamp(root: str, path: str) -> str:
    """What tells a file from any later state of it: one that was changed before is listed all the same afterwards."""
    try:
        status = os.lstat(os.path.join(root, path))  # noqa: PTH118 (a slash at the end says that it is a folder)
    except (OSError, ValueError):
        return ""
    # A folder that git does not know is listed as one: what goes on deeper inside does not show.
    size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
    return f"{status.st_ino}:{size}:{status.st_mtime_ns}:{status.st_mode}"


def difference(before: Status, after: Status) -> Difference:
    """What the second look tells differently."""
    found = [(code, path) for path, (code, stamp) in after.paths.items() if before.paths.get(path) != (code, stamp)]
    if before.is_whole and after.is_whole:
        found += [("  ", path) for path in before.paths.keys() - after.paths.keys()]
    return Difference((before.head, after.head), tuple(sorted(found, key=lambda each: each[1])))


def _texts(data: bytes) -> Sequence[str]:
    return data.decode("utf-8", "surrogateescape").split("\0")
