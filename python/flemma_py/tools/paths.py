"""Paths as a model writes them: where they lead, what of them is out of bounds, how they are shown."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path, PurePath

from flemma_py.errors import ToolError
from flemma_py.files.opening import Unreadable, real_path

_PROCESSES = re.compile(r"/proc(?:/(?:\d+|self|thread-self)(?:/|$)|$)")


def absolute(path: str, folder: str) -> str:
    """Where `path` leads: from `folder` on if it is relative, `~` is the home folder. Not normalised: behind a link
    `..` leads elsewhere than the text says."""
    if path == "~" or path.startswith("~/"):
        path = str(Path("~").expanduser()) + path[1:]
    return os.path.join(folder, path)  # noqa: PTH118 (a Path would drop a slash at the end)


def existing(path: str, folder: str) -> str:
    """The real path of something that is there. Raises `ToolError`."""
    try:
        real = real_path(absolute(path, folder))
    except Unreadable as error:
        hint = near_miss(path, folder) if isinstance(error.__cause__, FileNotFoundError) else ""
        raise ToolError(f"{path} {error}.{hint}") from error
    refuse_processes(real)
    return real


def refuse_processes(real: str) -> None:
    """Raise `ToolError` for what the system tells of processes: their environments hold keys, ours above all."""
    if _PROCESSES.match(real):
        raise ToolError(f"{real} tells of processes and is no file: use `bash` for that.")


def near_miss(path: str, folder: str) -> str:
    """A sentence with names that are much like the last part of a path that leads nowhere, or an empty text."""
    wanted = PurePath(absolute(path, folder))
    try:
        names = [each.name for each in Path(wanted.parent).iterdir()]
    except (OSError, ValueError):
        return ""
    by_small = {name.lower(): name for name in names}
    close = difflib.get_close_matches(wanted.name.lower(), by_small, n=3, cutoff=0.7)
    found = [str(PurePath(path).with_name(by_small[name])) for name in close if PurePath(path).name]
    return f" Did you mean {' or '.join(map(printable, found))}?" if found else ""


def shown(path: str, base: str) -> str:
    """An absolute path as a person would write it: from `base` on where it lies below it."""
    try:
        return printable(str(PurePath(path).relative_to(base)))
    except ValueError:
        return printable(path)


def printable(name: str) -> str:
    """A name in one line of proper UTF-8: what is none is shown as U+FFFD, control characters as escapes."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
