"""What tells that something came out of its cage: a folder in which every open is seen, a server that counts, and
programs that leave a line."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import struct
import threading
from pathlib import Path

ACCESS, MODIFY, OPEN, CREATE = 0x1, 0x2, 0x20, 0x100
_EVENT = struct.Struct("iIII")

PROGRAMS = ("canary", "touch", "curl", "wget", "nc", "gcloud", "secret-tool", "pass", "uvx", "npx", "git", "xdg-open")
"""What a hostile file might have run; `git` reads configuration that names programs."""


class Watch:
    """Folders in which each open, read, write and new file is noted (inotify; Linux alone has it)."""

    def __init__(self, *folders: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK)
        self._folders = {
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), ACCESS | MODIFY | OPEN | CREATE): folder
            for folder in folders
        }

    def seen(self) -> set[str]:
        """Paths that were touched since the last look."""
        found: set[str] = set()
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._descriptor, 1 << 16):
                at = 0
                while at < len(data):
                    watch, _, _, size = _EVENT.unpack_from(data, at)
                    at += _EVENT.size
                    name = data[at : at + size].rstrip(b"\0").decode(errors="replace")
                    at += size
                    found.add(str(self._folders[watch] / name))
        return found

    def close(self) -> None:
        os.close(self._descriptor)


class ForeignHost:
    """A listening socket on loopback that nobody has any business with."""

    def __init__(self) -> None:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                connection.close()

    def close(self) -> None:
        # `close` alone does not wake the thread.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


def write_programs(folder: Path, log: Path) -> str:
    """Programs that note their call in `log`, and a PATH that has them first."""
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f"#!/bin/sh\necho \"{name} $*\" >>'{log}'\n")
        program.chmod(0o755)
    log.touch()
    return f"{folder}:{os.environ['PATH']}"
