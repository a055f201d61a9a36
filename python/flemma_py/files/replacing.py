"""Putting a new content in a file's place, all at once: whoever opens it finds the old one or the new one whole.

The new content is written beside the file, brought to the disk and renamed over it. Mode, owner and extended attributes
are the old one's. Of a file with several names (hard links) only this name gets the new content. Where another file
cannot take the old one's place (its owner cannot be kept, or something is mounted there) the old one is written over.
Everything here may block, so it runs in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flemma_py.files.opening import Identity, open_folder, refuse_others

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


class Changed(Exception):
    """The file is not what it was when it was looked at."""


class HalfWritten(Exception):
    """The old file had to be written over, and that failed. The new content is whole at `beside`."""

    def __init__(self, beside: str) -> None:
        super().__init__(beside)
        self.beside = beside


def replace(path: str, data: bytes, expected: Identity | None) -> Identity:
    """Make `data` the content of the file at the real `path`, and make its folder if need be. `expected` is what was
    found there before, None for nothing. Raises `Changed` where something else stands there by now, `Unreadable` where
    that is no regular file, `HalfWritten`, and `OSError` where it cannot be written: then all is as it was."""
    folder, name = os.path.split(path)
    if expected is None:
        Path(folder).mkdir(parents=True, exist_ok=True)
    with _opened(folder) as at, ExitStack() as cleaning:
        old = _look(name, at)
        if (Identity.of(old) if old else None) != expected:
            raise Changed
        # Its name is short, as that of the file may already be as long as a name can be.
        beside = f".flemma-{secrets.token_hex(6)}"
        descriptor = os.open(beside, _NEW, 0o666 if old is None else 0o600, dir_fd=at)
        cleaning.callback(_remove, beside, at)
        try:
            _fill(descriptor, data)
            can_follow = old is None or _take_after(descriptor, old, name, at)
        finally:
            os.close(descriptor)
        if old is None:
            _take_free_place(beside, name, at)
        elif not (can_follow and _renamed(beside, name, at)):
            _write_over(name, data, at, cleaning, str(Path(folder, beside)))
        # Now, as taking the second name away changes what the file is.
        cleaning.close()
        with contextlib.suppress(OSError):  # Some file systems know no fsync of folders.
            _sync_folder(at)
        if (new := _look(name, at)) is None:
            raise Changed
        return Identity.of(new)


def remove(path: str, expected: Identity) -> None:
    """Take away the file at the real `path`, which was `expected` when it was looked at. Raises as `replace`."""
    folder, name = os.path.split(path)
    with _opened(folder) as at:
        old = _look(name, at)
        if old is None or Identity.of(old) != expected:
            raise Changed
        os.unlink(name, dir_fd=at)
        with contextlib.suppress(OSError):
            _sync_folder(at)


@contextmanager
def _opened(folder: str) -> Iterator[int]:
    at = open_folder(folder)
    try:
        yield at
    finally:
        os.close(at)


def _look(name: str, at: int) -> os.stat_result | None:
    try:
        status = os.stat(name, dir_fd=at, follow_symlinks=False)
    except FileNotFoundError:
        return None
    refuse_others(status.st_mode)
    return status


def _fill(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)


def _take_after(descriptor: int, old: os.stat_result, name: str, at: int) -> bool:
    """Give the new file what the old one has beside its content. False where it cannot have its owner."""
    new = os.fstat(descriptor)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(descriptor, old.st_uid, old.st_gid)
        except OSError:
            return False
    _copy_attributes(descriptor, name, at)
    # After the owner, as a change of that takes the set-user-id bit away.
    os.fchmod(descriptor, stat.S_IMODE(old.st_mode))
    return True


def _copy_attributes(descriptor: int, name: str, at: int) -> None:
    """Extended attributes: access lists, labels. What the system does not let us set is its own."""
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        try:
            for attribute in os.listxattr(old):
                with contextlib.suppress(OSError):
                    os.setxattr(descriptor, attribute, os.getxattr(old, attribute))
        finally:
            os.close(old)


def _take_free_place(beside: str, name: str, at: int) -> None:
    """A link fails where a file has come up in the meantime; a rename would put it away."""
    try:
        os.link(beside, name, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    except FileExistsError as error:
        raise Changed from error
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if _look(name, at) is not None:
            raise Changed from error
        os.rename(beside, name, src_dir_fd=at, dst_dir_fd=at)


def _renamed(beside: str, name: str, at: int) -> bool:
    """Put the new file in the old one's place. False where no other file can stand there: something is mounted."""
    try:
        os.rename(beside, name, src_dir_fd=at, dst_dir_fd=at)
    except OSError as error:
        if error.errno in (errno.EBUSY, errno.EXDEV):
            return False
        raise
    return True


def _write_over(name: str, data: bytes, at: int, cleaning: ExitStack, beside: str) -> None:
    """Write `data` into the file that is there. Opening it changes nothing; from then on the copy beside it is kept
    until it is done."""
    descriptor = os.open(name, _OLD, dir_fd=at)
    try:
        _fill(descriptor, data)
        os.ftruncate(descriptor, len(data))
        os.fsync(descriptor)
    except OSError as error:
        cleaning.pop_all()
        raise HalfWritten(beside) from error
    finally:
        os.close(descriptor)


def _sync_folder(at: int) -> None:
    # What only points to a folder cannot be synced.
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=at)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(name: str, at: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=at)
