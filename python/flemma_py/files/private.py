"""Writing a file that is its owner's alone, also in a folder that everybody can write to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def write_private(path: Path, data: bytes) -> None:
    """Make or replace the file's content, readable by its owner alone. Raises `OSError`, also where something stands at
    `path` that somebody else could have put there: a link, another's file, one with a second name."""
    descriptor = os.open(path, _FLAGS, 0o600)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
            raise FileExistsError(f"{path} is not a file of ours")
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)
