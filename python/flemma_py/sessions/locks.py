"""Who may write now, and who works in a session. Both are locks of the system on files that are never taken away: one
that is deleted while somebody holds it lets a second one in. A process that dies leaves no lock behind.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flemma_py.sessions import disk
from flemma_py.sessions.troubles import Leased, Unwritten

LONGEST_WAIT = 5.0
"""Seconds. Locks are held for the time of a write: who waits longer met somebody who was stopped."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02
_LOOKS = 3
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)


class Locks:
    """The lock files of one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def held(self, name: str, seconds: float = LONGEST_WAIT) -> Iterator[None]:
        """Nobody else holds `name` meanwhile, in any process. Raises `Unwritten` after so many seconds, `OSError` where
        there can be no lock: then nothing may be written either."""
        deadline, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while (file := self._take(name)) is None:
            if time.monotonic() >= deadline:
                raise Unwritten(f"{name} has been locked by another process for {seconds:g} seconds.")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        try:
            yield
        finally:
            os.close(file)

    def lease(self, sid: str, about: dict[str, Any]) -> Lease:
        """Work in a session until the lease is closed or the process ends. `about` tells others who does. Raises
        `Leased`, `OSError`."""
        name = f"{sid}.lease"
        for _ in range(_LOOKS):
            if (file := self._take(name)) is not None:
                break
            # It may be somebody who only looks whether it is taken.
            time.sleep(_LONGEST_PAUSE)
        else:
            holder = self.holder(sid)
            who = f"process {holder['pid']}" if holder.get("pid") else "another process"
            raise Leased(f"The session is open elsewhere, in {who}.", holder)
        try:
            os.ftruncate(file, 0)
            os.write(file, json.dumps(about).encode())
        except OSError:
            pass  # What it tells is a courtesy; the lock is what counts.
        return Lease(sid, file)

    def is_leased(self, sid: str) -> bool:
        """Whether somebody works in it, this process included."""
        if not (self.folder / f"{sid}.lease").exists():
            return False
        file = self._take(f"{sid}.lease")
        if file is not None:
            os.close(file)
        return file is None

    def holder(self, sid: str) -> dict[str, Any]:
        """What the last one who took the lease told of itself."""
        try:
            told = json.loads((self.folder / f"{sid}.lease").read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def _take(self, name: str) -> int | None:
        """Open and lock. None where somebody else has it."""
        path = str(self.folder / name)
        try:
            file = os.open(path, _FLAGS, 0o600)
        except FileNotFoundError:
            disk.make_folder(str(self.folder))
            file = os.open(path, _FLAGS, 0o600)
        try:
            if os.fstat(file).st_mode & 0o777 != 0o600:
                os.fchmod(file, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, path):
                return file
        except OSError as error:
            if error.errno not in _TAKEN:
                os.close(file)
                raise
        os.close(file)
        return None


class Lease:
    """Held as long as it is not closed and its process lives."""

    def __init__(self, sid: str, file: int) -> None:
        self.sid = sid
        self._file: int | None = file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _is_at(file: int, path: str) -> bool:
    """Whether the locked file is still the one of that name: somebody may have cleared the folder."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    mine = os.fstat(file)
    return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)
