"""What templates ask of the world: files. Who may read what is decided by whoever implements `Reader`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file as a template names it: absolute, `~/…`, relative to the folder `base`, or a `urn:`. Without `binary` it
    must be text. `mime` is what the template says that it is. Without a `base`: relative to the chat's folder."""

    path: str
    base: str | None
    binary: bool
    mime: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A file's content. `path` is absolute (or the `urn:`); text is UTF-8. `stamp` is any text that changes when
    reading again might give something else. `literal`: text that is no template, whatever it looks like. `note` is
    something about the reading that the user should know, a sentence without the file's name."""

    path: str
    mime: str
    data: bytes
    stamp: str
    literal: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The file is not read. `reason` goes on from the file's name: "does not exist"; `stamp` as in `Read`. `ask` is
    the path of a file that would be read if the user agreed."""

    reason: str
    stamp: str
    ask: str | None = None


class Reader(Protocol):
    """How a chat reads files. It decides what may be read, bounds sizes and kinds, and never blocks the loop."""

    async def read(self, wanted: Wanted) -> Read | Refused: ...

    async def kind(self, path: str) -> str:
        """What is at the absolute `path`: "file" (it can be read), "directory", or "" for everything else."""

    async def stamps(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """The stamps that `read` would give now: of many files, in one go."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a file is, told from its first bytes: real `path`, `size` in bytes, `mime`."""

    path: str
    size: int
    mime: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder that a chat may have."""

    name: str
    is_folder: bool
