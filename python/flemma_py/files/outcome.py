"""What becomes of a wish to read a file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Read:
    """The file's content. `path` is the real one, with every link followed. Text (`mime` begins with `text/`) is UTF-8,
    whatever it was in the file; everything else is as it stands there. `digest` is that of the file's bytes; `note` is
    something about the reading that the user should know, a sentence without the file's name."""

    path: str
    mime: str
    data: bytes
    digest: str
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The file is not read. `reason` goes on from the file's name: "does not exist"."""

    reason: str


@dataclass(frozen=True, slots=True)
class NeedsConsent(Refused):
    """The file at the real `path` lies elsewhere: it is read once the user has agreed."""

    path: str
