"""The system calls of sessions. All that is written goes through here, so that one place keeps the promises: files are
their owner's alone, an append is there whole or not at all, and what is called durable has reached the disk.

Everything here may block and raises `OSError`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK = 1 << 20

_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder(path: str) -> bool:
    """Make a folder that is its owner's alone, and those above it. True where it was not there."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "is no folder", path) from None
        return False
    except FileNotFoundError:
        make_folder(os.path.dirname(path))
        # Another may have made it in between.
        return make_folder(path)
    # A umask may have taken more than was asked for.
    os.chmod(path, 0o700)
    sync_folder(os.path.dirname(path))
    return True


def append(path: str, data: bytes, *, first: bytes = b"", durable: bool) -> None:
    """Add `data`, whole lines, at the end of a file; `first` goes before it where the file is new or empty. Whoever
    calls holds the file's lock. Raises `OSError`: then the file is as it was before, as far as the system lets us."""
    with _opened(path, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        size = status.st_size
        if size == 0:
            os.fchmod(file, 0o600)
            data = first + data
            durable = durable or bool(first)
        elif os.pread(file, 1, size - 1) != b"\n":
            # Somebody's write was cut short; what is written now must not grow together with it.
            data = b"\n" + data
        try:
            _write(file, data)
            if durable:
                _sync(file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, size)
            raise
    if durable and size == 0:
        sync_folder(os.path.dirname(path))


def write_once(path: str, data: bytes) -> None:
    """Write a file whose name says what it holds: made beside it, brought to the disk, renamed. One that is there
    stays."""
    if os.path.exists(path):
        return
    beside = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.new"
    try:
        with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
            os.fchmod(file, 0o600)
            _write(file, data)
            _sync(file)
        os.rename(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    sync_folder(os.path.dirname(path))


def replace(path: str, data: bytes, mtime_ns: int | None = None) -> None:
    """Put a file that can be made again in place of another, or of none: whole at any moment, and not brought to the
    disk. `mtime_ns`: the moment that it is to be of."""
    beside = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.new"
    try:
        with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as file:
            os.fchmod(file, 0o600)
            _write(file, data)
        if mtime_ns is not None:
            os.utime(beside, ns=(mtime_ns, mtime_ns))
        os.rename(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise


def move_folder(old: str, new: str) -> None:
    """Rename a folder, and have that on the disk. Raises `FileExistsError` where `new` is not empty."""
    try:
        os.rename(old, new)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(errno.EEXIST, "is there already", new) from error
        raise
    for folder in {os.path.dirname(old), os.path.dirname(new)}:
        sync_folder(folder)


def rename(old: str, new: str) -> None:
    """Give a file another name. What loses that by a power loss is found under the old one."""
    os.rename(old, new)


def unlink(path: str) -> None:
    os.unlink(path)


def remove_tree(path: str) -> None:
    """Take a folder away with all that is in it. Links are taken away, never followed."""
    with os.scandir(path) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                remove_tree(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(path)


def read_chunks(path: str, offset: int = 0) -> Iterator[bytes]:
    """What a file holds from `offset` on. Raises `OSError` rather than end early."""
    with _opened(path, os.O_RDONLY) as file:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        while chunk := os.pread(file, CHUNK, offset):
            yield chunk
            offset += len(chunk)


class Open:
    """A file that stays the same one, whatever its name becomes meanwhile."""

    def __init__(self, file: int) -> None:
        self._file = file
        self.size = os.fstat(file).st_size

    def at(self, start: int, size: int) -> bytes:
        """Fewer bytes where the file has no more."""
        found = b""
        while len(found) < size and (chunk := os.pread(self._file, min(size - len(found), CHUNK), start + len(found))):
            found += chunk
        return found


@contextmanager
def reading(path: str) -> Iterator[Open]:
    """Read a regular file here and there."""
    with _opened(path, os.O_RDONLY) as file:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", path)
        yield Open(file)


def read_at(path: str, start: int, size: int) -> bytes:
    with _opened(path, os.O_RDONLY) as file:
        return os.pread(file, size, start)


@contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    file = os.open(path, flags | _SAFE, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _write(file: int, data: bytes) -> None:
    """All of it: a disk that is nearly full takes a part and does not complain before the next try."""
    rest = memoryview(data)
    while rest:
        written = os.write(file, rest)
        if not written:
            raise OSError(errno.EIO, "nothing was written")
        rest = rest[written:]


def _sync(file: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # macOS, where an fsync does not reach the disk's own cache.
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fdatasync(file)


def sync_folder(path: str) -> None:
    """Have the names in a folder on the disk. Some file systems know no such thing: their names are safe or not."""
    try:
        file = os.open(path, _FOLDER & ~os.O_NOFOLLOW)
    except PermissionError:
        return
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(file)
