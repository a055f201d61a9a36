"""One file, read whole and looked at as text: what it held, and how it wrote that down, so that it can be written back
in the same way. Everything here may block, so it runs in a thread."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flemma_py.files.opening import Identity, OpenFile, Unreadable, identify

MOST = 32 << 20
"""Bytes that are read of one file."""
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file at the real path `path` held when it was `identity`."""

    path: str
    identity: Identity
    data: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def load(path: str, most: int = MOST) -> Contents:
    """Read the regular file at the real `path`; once more if it was changed meanwhile. Raises `Unreadable`."""
    for _ in range(2):
        # Looked at first: to open a device may already do something.
        identify(path)
        with OpenFile(path) as file:
            identity = file.identity()
            if identity.size > most:
                raise Unreadable(too_large(identity.size, most))
            # One more than allowed: the system's own files say that they are empty, and others grow.
            data = file.read(most + 1)
            if len(data) > most:
                raise Unreadable(too_large(len(data), most))
            if file.identity() == identity:
                return Contents(path, identity, data)
    raise Unreadable("was changed while it was read")


def too_large(size: int, most: int) -> str:
    return f"has {size / (1 << 20):,.1f} MB, and {most >> 20} MB is the most that is read of one file"


@dataclass(frozen=True, slots=True)
class Form:
    """How a file writes its text: whether a byte order mark stands in front, and what ends most of its lines."""

    has_bom: bool = False
    newline: str = "\n"

    def encode(self, text: str) -> bytes:
        """The bytes of `text`, whose line ends are the ones that are wanted."""
        return (BOM if self.has_bom else b"") + text.encode("utf-8")


def as_text(data: bytes) -> tuple[str, Form]:
    """The text of a file that is UTF-8, with its line ends as they are. Raises `Unreadable` for all else."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("is UTF-16 and no UTF-8")
    if b"\0" in data:
        raise Unreadable("is no text: it holds NUL bytes")
    has_bom = data.startswith(BOM)
    try:
        text = data[len(BOM) if has_bom else 0 :].decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 (its byte {error.start} is no part of it)") from error
    return text, Form(has_bom, newline_of(text))


def newline_of(text: str) -> str:
    """The line end that most lines have."""
    wide = text.count("\r\n")
    return "\r\n" if wide > text.count("\n") - wide else "\n"
