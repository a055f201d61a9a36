"""Opening and reading one regular file, and nothing else: no pipe, socket, device or folder is ever opened.

The path was judged before, so the file that is opened must be the one that was judged: it is opened from the root
downwards, and no component may have become a link since. Everything here may block, so it runs in a thread.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePath

CHUNK = 1 << 20
_SAFE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)
_REASONS = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist: a part of its path is no folder",
    errno.EACCES: "cannot be read: its permissions do not allow it",
    errno.EPERM: "cannot be read: its permissions do not allow it",
    errno.ELOOP: "is a link that leads back to itself",
    errno.ENAMETOOLONG: "does not exist: the path is too long",
}


class Unreadable(Exception):
    """The file cannot be had. Its text goes on from the file's name, as `Refused.reason` does."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A file as it was at one moment: when one of these differs it is another, or it was changed."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @property
    def text(self) -> str:
        return f"{self.device}:{self.inode}:{self.size}:{self.modified}:{self.changed}"

    @classmethod
    def of(cls, status: os.stat_result) -> Identity:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def real_path(path: str) -> str:
    """`path` with every link followed. Raises `Unreadable`."""
    try:
        return os.path.realpath(path, strict=True)
    except (OSError, ValueError) as error:
        raise Unreadable(reason(error)) from error


def identify(path: str) -> Identity:
    """What stands at the real `path`, without opening it. Raises `Unreadable` where that is no regular file."""
    try:
        status = Path(path).lstat()
    except (OSError, ValueError) as error:
        raise Unreadable(reason(error)) from error
    refuse_others(status.st_mode)
    return Identity.of(status)


def refuse_others(mode: int) -> None:
    """Raise `Unreadable` for everything but a regular file."""
    if not stat.S_ISREG(mode):
        kind = next((words for test, words in _KINDS if test(mode)), "is no ordinary file")
        raise Unreadable(f"{kind}; only ordinary files can be read")


class OpenFile:
    """A regular file, open. Use as a context; raises `Unreadable` where it cannot be opened."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> OpenFile:
        try:
            self._descriptor = _open(self._path)
        except (OSError, ValueError) as error:
            raise Unreadable(reason(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def identity(self) -> Identity:
        status = os.fstat(self._descriptor)
        refuse_others(status.st_mode)
        return Identity.of(status)

    def read(self, most: int) -> bytes:
        """At most `most` more bytes, fewer only at the end of the file. Raises `Unreadable`."""
        found = bytearray()
        try:
            while len(found) < most and (piece := os.read(self._descriptor, min(CHUNK, most - len(found)))):
                found += piece
        except OSError as error:
            raise Unreadable(reason(error)) from error
        return bytes(found)


def _open(path: str) -> int:
    """A descriptor for the file at the real `path`."""
    if not _CAN_WALK:
        return os.open(path, _SAFE)
    folder, name = os.path.split(path)
    at = open_folder(folder)
    try:
        return os.open(name, _SAFE, dir_fd=at)
    finally:
        os.close(at)


_PATH_ONLY: int = getattr(os, "O_PATH", 0)
_CAN_WALK = _PATH_ONLY != 0 and os.open in os.supports_dir_fd


def open_folder(path: str) -> int:
    """A descriptor for the folder at the real `path`, to reach what is in it. Where the system can, each folder on the
    way is opened by itself: one that has been exchanged for a link is refused. Raises `OSError`."""
    if not _CAN_WALK:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    root, *folders = PurePath(path).parts
    at = os.open(root, _PATH_ONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, _PATH_ONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            os.close(at)
            at = below
    except OSError:
        os.close(at)
        raise
    return at


def reason(error: OSError | ValueError) -> str:
    """Why, as a person would say it."""
    if isinstance(error, OSError) and error.errno is not None:
        return _REASONS.get(error.errno) or f"cannot be read: {os.strerror(error.errno)}"
    return "is no path: it holds a character that no path can hold"
