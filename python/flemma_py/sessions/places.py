"""Where things are. `state` holds what cannot be made again, so it is what to back up; `cache` may go at any time.

state/<sid>/journal.jsonl        the truth
state/<sid>/blobs/<sha256>       large texts, by their content
state/<sid>/content.txt          what is said in it, made from the journal
state/trash/<sid>-<ms>/          what was deleted
state/retired.jsonl              what deleted sessions had spent
state/locks/                     never deleted
cache/index.db                   made from the journals
cache/sessions.mpack             the list of them, made from the index, for an editor without a host
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flemma_py.sessions.ids import checked, is_name
from flemma_py.sessions.troubles import BadName, NoSuchSession

JOURNAL = "journal.jsonl"
CONTENT = "content.txt"
SNAPSHOT = "sessions.mpack"
OURS = frozenset({"trash", "locks"})
RETIRED = "~retired"
"""Stands for the sessions that are gone, where a sum needs one. No session can be called so."""


@dataclass(frozen=True, slots=True)
class Places:
    state: Path
    cache: Path

    def folder(self, sid: str) -> Path:
        """A session's folder. Raises `BadName`."""
        if checked(sid) in OURS:
            raise BadName(f"{sid!r} is not the id of a session: the store itself uses that name.")
        return self.state / sid

    def journal(self, sid: str) -> Path:
        return self.retired if sid == RETIRED else self.folder(sid) / JOURNAL

    def blobs(self, sid: str) -> Path:
        return self.folder(sid) / "blobs"

    def content(self, sid: str) -> Path:
        return self.folder(sid) / CONTENT

    @property
    def snapshot(self) -> Path:
        return self.cache / SNAPSHOT

    @property
    def retired(self) -> Path:
        return self.state / "retired.jsonl"

    @property
    def trash(self) -> Path:
        return self.state / "trash"

    @property
    def locks(self) -> Path:
        return self.state / "locks"

    def sids(self) -> Iterator[str]:
        """Ids of all sessions, in no order. Links are none. Raises `OSError`: then nobody knows which there are."""
        try:
            entries = os.scandir(self.state)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.name not in OURS and is_name(entry.name) and entry.is_dir(follow_symlinks=False):
                    yield entry.name

    def exists(self, sid: str) -> bool:
        try:
            return stat.S_ISDIR(os.lstat(self.folder(sid)).st_mode)
        except FileNotFoundError:
            return False

    def trashed(self, sid: str) -> list[Path]:
        """Folders in the trash that were this session's, the latest first."""
        name = re.compile(rf"{re.escape(checked(sid))}-(\d+)")
        found = [(int(match[1]), path) for path in self.trash.glob("*") if (match := name.fullmatch(path.name))]
        return [path for _, path in sorted(found, reverse=True)]

    def complete(self, start: str) -> str:
        """The one session whose id begins so. Raises `NoSuchSession`, `BadName`."""
        if self.exists(start):
            return start
        found = [sid for sid in self.sids() if sid.upper().startswith(start.upper())]
        if not found:
            raise NoSuchSession(f"There is no session {start}. :Flemma session:list shows all.")
        if len(found) > 1:
            raise NoSuchSession(f"{len(found)} sessions begin with {start}: give some more of the id.")
        return found[0]


def own_folders() -> tuple[Path, Path]:
    """(sessions, cache) where Neovim's `stdpath()` has them, as far as the environment tells."""
    app = os.environ.get("NVIM_APPNAME") or "nvim"
    if os.name == "nt":
        local = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        state, cache = local / f"{app}-data", Path(os.environ.get("TEMP") or local / "Temp") / app
    else:
        state = _base("XDG_STATE_HOME", ".local/state") / app
        cache = _base("XDG_CACHE_HOME", ".cache") / app
    return state / "flemma" / "sessions", cache / "flemma"


def _base(name: str, otherwise: str) -> Path:
    given = os.environ.get(name, "")
    return Path(given) if Path(given).is_absolute() else Path.home() / otherwise
