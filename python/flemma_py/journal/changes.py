"""What tools did outside of the chat, as their records tell it: files whose contents are kept, and what nobody can take
back.

In a record a change is a table with an `id` and

    path, before, after       a file and the names under which its contents are kept; null: there was none. `mode` are
                              its permissions, `folders` how many folders were made for it
    path, lost                a file whose contents are not kept, and why not
    git                       what git said differently afterwards: {root, head: [before, after], paths: [[code, path]],
                              more: how many were left out}
    unseen                    anything may have changed, and why nobody could tell what
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flemma_py.journal.parts import Change
from flemma_py.journal.records import count_of, table_of, text_of

RESTORE = "restore"
"""The name under which bringing files back is recorded itself: so it can be taken back as any tool's change."""

Lost = Literal["", "mirror", "large", "full", "secret", "unwritten"]
"""Why contents are not kept: the owner wants none kept, the file is too large, the session keeps too much already, it
holds a key, or it could not be written."""
Unseen = Literal["", "no repository", "slow", "not over"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """`before` and `after` are names of kept contents, None for no file; unless `lost` says why they are not kept.
    `turns` as in `Change`."""

    id: str
    call: str
    tool: str
    turns: int
    path: str
    before: str | None = None
    after: str | None = None
    mode: int | None = None
    folders: int = 0
    lost: str = ""


@dataclass(frozen=True, slots=True)
class OtherChange:
    """A run of what may change anything. `paths`: (code, path) as `git status` has them, of what it says differently
    since; `heads` are the commits before and after, "" for none; `unseen` says why nobody can tell."""

    id: str
    call: str
    tool: str
    turns: int
    root: str = ""
    heads: tuple[str, str] = ("", "")
    paths: tuple[tuple[str, str], ...] = ()
    more: int = 0
    unseen: str = ""

    @property
    def is_seen(self) -> bool:
        """Whether git saw that something changed."""
        return bool(self.paths) or self.heads[0] != self.heads[1]


def read_change(change: Change) -> FileChange | OtherChange | None:
    """What a record's table says; None for nonsense."""
    data, of = change.data, (change.id, change.call, change.tool, change.turns)
    if path := text_of(data, "path"):
        if not path.startswith("/") or "\0" in path:
            return None
        if lost := text_of(data, "lost"):
            return FileChange(*of, path, lost=lost)
        if not _is_name(data, "before") or not _is_name(data, "after"):
            return None
        mode = data.get("mode")
        known = mode & 0o7777 if isinstance(mode, int) and not isinstance(mode, bool) else None
        return FileChange(
            *of, path, text_of(data, "before"), text_of(data, "after"), known, count_of(data, "folders")
        )  # fmt: skip
    if why := text_of(data, "unseen"):
        return OtherChange(*of, unseen=why)
    if "git" in data:
        git = table_of(data, "git")
        return OtherChange(*of, text_of(git, "root") or "", _heads(git), _paths(git), count_of(git, "more"))
    return None


def _is_name(data: Mapping[str, Any], key: str) -> bool:
    return key in data and isinstance(data[key], str | None)


def _heads(git: Mapping[str, Any]) -> tuple[str, str]:
    match git.get("head"):
        case [str(before), str(after)]:
            return before, after
    return "", ""


def _paths(git: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    told = git.get("paths")
    pairs = told if isinstance(told, list) else []
    return tuple((pair[0], pair[1]) for pair in pairs if _is_pair(pair))


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
