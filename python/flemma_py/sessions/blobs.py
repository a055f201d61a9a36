"""Large texts of a session, each in a file that is named by the sum of what it holds: written once, never changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flemma_py.sessions import disk
from flemma_py.sessions.troubles import Unreadable, Unwritten, reason

MOST_INLINE = 64 << 10
"""Bytes of a text that stand in the journal itself."""
_NAME = re.compile(r"[0-9a-f]{64}")


class Blobs:
    """The folder of one session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, text: str) -> Mapping[str, Any]:
        """Where the text is now: {text} if it is short, else {blob}, which is on the disk. Raises `Unwritten`."""
        raw = text.encode("utf-8", "surrogatepass")
        return {"text": text} if len(raw) <= MOST_INLINE else {"blob": self.put(raw)}

    def put(self, raw: bytes) -> str:
        """Keep bytes under the name that is returned. Raises `Unwritten`."""
        name = hashlib.sha256(raw).hexdigest()
        try:
            disk.make_folder(str(self.folder))
            disk.write_once(str(self.folder / name), raw)
        except OSError as error:
            raise Unwritten(f"{self.folder / name} could not be written: {reason(error)}.") from error
        return name

    def get(self, name: str) -> bytes:
        """What is kept under a name. Raises `Unreadable`, also where it is not what its name says."""
        if not _NAME.fullmatch(name):
            raise Unreadable(f"{name[:70]!r} is not the name of a kept text.")
        path = self.folder / name
        try:
            raw = b"".join(disk.read_chunks(str(path)))
        except OSError as error:
            raise Unreadable(f"{path} could not be read: {reason(error)}.") from error
        if hashlib.sha256(raw).hexdigest() != name:
            raise Unreadable(f"{path} is damaged: its content is not what its name says.")
        return raw

    def text(self, name: str) -> str:
        return self.get(name).decode("utf-8", "surrogatepass")
