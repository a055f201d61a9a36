"""Whose chat is this file? Decided by what is known of it: the id that stands in it, its path, its inode, and what is
said in it, in that order. Never by its times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from flemma_py.journal.fold import Fold
from flemma_py.journal.parts import Binding, Message
from flemma_py.journal.sayings import Saying, common

EMBEDDED = re.compile(r"""^[\s{]*["']?flemma_session["']?\s*[:=]\s*["']?([0-9A-Za-z_-]{1,128})""", re.MULTILINE)
"""The id of a session in a frontmatter of any language."""

Way = Literal["id", "path", "inode"]


@dataclass(frozen=True, slots=True)
class ChatFile:
    """A chat that looks for its session. `path` is its real path, "" as long as it has none; `sid` the id that stands
    in its frontmatter; `sayings` what is said in it."""

    path: str
    dev: int = 0
    ino: int = 0
    sid: str | None = None
    sayings: tuple[Saying, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be the one. `exists`: there is a file where it was last bound; `holds`: and that still has the
    inode it had then."""

    fold: Fold
    exists: bool
    holds: bool

    @property
    def sid(self) -> str:
        return self.fold.sid


@dataclass(frozen=True, slots=True)
class Known:
    """It is this session. `moved`: it was bound elsewhere, so that a new `bind` is due."""

    sid: str
    by: Way
    moved: bool


@dataclass(frozen=True, slots=True)
class Copied:
    """It is a copy of a chat that still is where it was: a session of its own, forked off at the last message that
    both have. `asks`: only what is said in it tells, so the user is asked first."""

    parent: str
    at_mid: str | None
    asks: bool


@dataclass(frozen=True, slots=True)
class Likely:
    """It says what this session says, whose own file is gone: probably moved. The user is asked."""

    sid: str
    shared: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A new session."""


Identity = Known | Copied | Likely | Unknown


def embedded(code: str) -> str | None:
    """The id that stands in a frontmatter."""
    found = EMBEDDED.search(code)
    return found[1] if found else None


def identify(file: ChatFile, candidates: Sequence[Candidate]) -> Identity:
    """Decide. `candidates` are all sessions that have its id, its path or its inode in their last binding, or that
    begin with the same message; a session may be there once only."""
    for find in (_by_id, _by_path, _by_inode):
        if found := find(file, candidates):
            return found
    return _by_sayings(file, candidates)


def _by_id(file: ChatFile, candidates: Sequence[Candidate]) -> Identity | None:
    owner = next((each for each in candidates if file.sid and each.sid == file.sid), None)
    if owner is None:
        return None
    bound = owner.fold.binding
    if bound is None or not file.path or bound.path == file.path:
        return Known(owner.sid, "id", moved=bool(file.path) and bound is None)
    if owner.exists and not _same_inode(file, bound):
        # Two files carry one id: the one where the session lives keeps it.
        own = _by_path(file, [each for each in candidates if each.fold.parent and each.fold.parent.sid == owner.sid])
        return own or _copy(file, owner, asks=False)
    return Known(owner.sid, "id", moved=True)


def _by_path(file: ChatFile, candidates: Sequence[Candidate]) -> Identity | None:
    here = [each for each in candidates if file.path and each.fold.binding and each.fold.binding.path == file.path]
    # Of several the last that was bound here.
    for each in sorted(here, key=lambda each: (each.fold.updated_at, each.sid), reverse=True):
        bound = each.fold.binding
        assert bound is not None
        # Editors that write a file anew give it another inode. But what neither has the inode nor any of the words is
        # another chat, put where this one was.
        if _same_inode(file, bound) or not bound.ino or _may_be_same(file, each.fold):
            return Known(each.sid, "path", moved=not _same_inode(file, bound))
    return None


def _by_inode(file: ChatFile, candidates: Sequence[Candidate]) -> Identity | None:
    """A rename. Inodes are used again when a file is deleted, so its words must speak for it, too."""
    if not file.ino:
        return None
    for each in sorted(candidates, key=lambda each: (each.fold.updated_at, each.sid), reverse=True):
        bound = each.fold.binding
        if bound and bound.path != file.path and _same_inode(file, bound) and not each.holds:
            has_sums = any(message.sha for message in each.fold.said)
            if has_sums and _may_be_same(file, each.fold) and file.sayings:
                return Known(each.sid, "inode", moved=True)
            if not has_sums and each.fold.said and common(each.fold.said, file.sayings):
                return Likely(each.sid, common(each.fold.said, file.sayings))
    return None


def _by_sayings(file: ChatFile, candidates: Sequence[Candidate]) -> Identity:
    """The session with the longest beginning in common; the older one of two."""
    best, most = None, 0
    for each in sorted(candidates, key=lambda each: each.sid):
        if not any(message.sha for message in each.fold.said[:1]):
            continue
        shared = common(each.fold.said, file.sayings)
        if shared > most:
            best, most = each, shared
    if best is None:
        return Unknown()
    if best.exists:
        return _copy(file, best, asks=True)
    return Likely(best.sid, most)


def _copy(file: ChatFile, owner: Candidate, *, asks: bool) -> Copied:
    said: list[Message] = owner.fold.said
    shared = common(said, file.sayings)
    return Copied(owner.sid, said[shared - 1].mid if shared else None, asks)


def _same_inode(file: ChatFile, bound: Binding) -> bool:
    return bool(file.ino) and (file.dev, file.ino) == (bound.dev, bound.ino)


def _may_be_same(file: ChatFile, fold: Fold) -> bool:
    """Whether one of the two says nothing yet, or both say some message."""
    known = {message.sha for message in fold.said if message.sha}
    return not known or not file.sayings or any(saying.sha in known for saying in file.sayings)
