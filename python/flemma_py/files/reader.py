"""One chat's way to its files: resolve, judge, read in a thread, keep what was read. A `model.reading.Reader`."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from flemma_py.files import kinds
from flemma_py.files.opening import Identity, OpenFile, Unreadable, identify, real_path
from flemma_py.files.policy import Consent, Ground, find_ground
from flemma_py.files.store import MEGABYTE, Store
from flemma_py.model.reading import Entry, Glimpse, Read, Refused, Wanted

PATIENCE = 10.0
"""Seconds to wait for a file: a network's file system can hang for ever, and its thread with it."""
SETTLED = 100_000_000
"""Nanoseconds after which a change is sure to show in a file's times. What is younger is not kept."""
MOST_ENTRIES = 2000
"""Of a folder that somebody looks into; more are no help."""

NO_ANSWER = "no answer"
"""The stamp of a file that did not answer."""

_Asked = TypeVar("_Asked")
_Told = TypeVar("_Told")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes that are read of a file."""

    text: int = 5 * MEGABYTE
    media: int = 20 * MEGABYTE


@dataclass(frozen=True, slots=True)
class _Found:
    """A regular file: where it really is, what it was a moment ago, and whether the chat may have it (None: that is to
    be asked). `stamp` is the text that tells it from any other state of it."""

    path: str
    identity: Identity
    allowed: bool | None
    stamp: str
    is_settled: bool


class Reader:
    """Reads for a chat in `folder` (absolute; where a buffer has no name, the window's working directory). `home` is
    what `~` stands for."""

    def __init__(
        self, folder: str, *, home: str, consent: Consent, store: Store | None = None, limits: Limits | None = None
    ) -> None:
        self._folder = folder
        self._home = home
        self._consent = consent
        self._store = store or Store()
        self._limits = limits or Limits()

    async def read(self, wanted: Wanted) -> Read | Refused:
        """The file, or why not: `Refused.ask` where the user has to be asked first. With `binary` every file is read,
        and text told as text; without it only text is."""
        late = Refused(f"did not answer within {PATIENCE:.0f} seconds: is its disk there?", NO_ANSWER)
        return await _patiently(self._read, wanted, late)

    async def kind(self, path: str) -> str:
        """ "file" for one that would be read at once, "directory" for one whose files would be, else ""."""
        return await _patiently(self._kind, path, "")

    async def glance(self, path: str) -> Glimpse | Refused:
        """What the file is: only its first bytes are read."""
        return await _patiently(self._glance, path, Refused("did not answer", NO_ANSWER))

    async def browse(self, path: str) -> list[Entry]:
        """What is in a folder, as far as its files would be read at once; nothing where it is none."""
        return await _patiently(self._browse, path, [])

    async def stamps(self, wanted: Sequence[Wanted]) -> list[str]:
        """The stamps that `read` would give now."""
        return await _patiently(self._stamps, wanted, [NO_ANSWER] * len(wanted))

    # ---- in a thread

    def _stamps(self, wanted: Sequence[Wanted]) -> list[str]:
        ground = find_ground(self._folder, self._home)
        return [self._stamp(each, ground) for each in wanted]

    def _stamp(self, wanted: Wanted, ground: Ground) -> str:
        try:
            return self._find(wanted.path, wanted.base, ground).stamp
        except Unreadable as error:
            return str(error)

    def _kind(self, path: str) -> str:
        ground = find_ground(self._folder, self._home)
        try:
            real = real_path(self._resolve(path, None))
            if Path(real).is_dir():
                return "directory" if ground.covers(real) else ""
            return "file" if self._find(path, None, ground).allowed else ""
        except Unreadable:
            return ""

    def _glance(self, path: str) -> Glimpse | Refused:
        try:
            found = self._find(path, None, find_ground(self._folder, self._home))
            if not found.allowed:
                reason = f"lies outside the project and the chat's folder, at {found.path}"
                return Refused(reason, found.stamp, found.path)
            with OpenFile(found.path) as file:
                head = file.read(kinds.HEAD)
        except Unreadable as error:
            return Refused(str(error), str(error))
        text = kinds.text_mime(found.path) if kinds.looks_like_text(head) else kinds.binary_mime(found.path, head)
        return Glimpse(found.path, found.identity.size, kinds.media_type(head) or text)

    def _browse(self, path: str) -> list[Entry]:
        ground = find_ground(self._folder, self._home)
        try:
            real = real_path(self._resolve(path, None))
            with os.scandir(real) as found:
                each = list(islice(found, MOST_ENTRIES))
        except (Unreadable, OSError):
            return []
        covered = (entry for entry in each if ground.covers(os.path.realpath(entry.path)))
        return sorted((Entry(entry.name, entry.is_dir()) for entry in covered), key=lambda entry: entry.name)

    def _resolve(self, path: str, base: str | None) -> str:
        if path.startswith("urn:"):
            raise Unreadable("names nothing that is known")
        if path == "~" or path.startswith("~/"):
            path = self._home + path[1:]
        # Not normalised: behind a link `..` leads elsewhere than the text of the path says.
        return str(Path(base or self._folder, path))

    def _find(self, path: str, base: str | None, ground: Ground) -> _Found:
        real = real_path(self._resolve(path, base))
        identity = identify(real)
        allowed = True if ground.covers(real) else self._consent(real)
        age = time.time_ns() - identity.changed
        is_settled = age > SETTLED
        # What has just been changed may be changed again without a trace: its stamp is never the same.
        stamp = f"{identity.text}:{allowed}" if is_settled else f"{identity.text}:{allowed}:{time.monotonic_ns()}"
        return _Found(real, identity, allowed, stamp, is_settled)

    def _read(self, wanted: Wanted) -> Read | Refused:
        try:
            found = self._find(wanted.path, wanted.base, find_ground(self._folder, self._home))
        except Unreadable as error:
            return Refused(str(error), str(error))
        if not found.allowed:
            reason = f"lies outside the project and the chat's folder, at {found.path}, and was not allowed"
            return Refused(reason, found.stamp, found.path if found.allowed is None else None)
        if wanted.mime is not None and not kinds.is_mime(wanted.mime):
            return Refused(f"was given the type {wanted.mime}, which is no MIME type", found.stamp)
        key = (found.path, found.identity, wanted.binary, wanted.mime)
        if kept := self._store.get(key):
            return kept if kept.stamp == found.stamp else replace(kept, stamp=found.stamp)
        try:
            read = self._read_twice(found, wanted)
        except Unreadable as error:
            return Refused(str(error), found.stamp)
        if found.is_settled:
            self._store.put(key, read)
        return read

    def _read_twice(self, found: _Found, wanted: Wanted) -> Read:
        """Once more if it was changed meanwhile: an editor writes a file in one go, and then it holds."""
        for _ in range(2):
            with OpenFile(found.path) as file:
                before = file.identity()
                if (before.device, before.inode) == (found.identity.device, found.identity.inode):
                    read = self._load(file, found, before.size, wanted)
                    if file.identity() == before:
                        return read
                else:
                    found = replace(found, identity=identify(found.path))
        raise Unreadable("was changed while it was read; send again")

    def _load(self, file: OpenFile, found: _Found, size: int, wanted: Wanted) -> Read:
        binary, mime, path = wanted.binary, wanted.mime, found.path
        if size > max(self._limits.media, self._limits.text):
            raise Unreadable(_too_large(size, self._limits.media if binary else self._limits.text))
        head = file.read(kinds.HEAD)
        media = kinds.media_type(head)
        if media and not binary:
            raise Unreadable(f"is {media} and no text; included with `binary = true` it is attached")
        textual = kinds.is_textual(mime) if mime else media is None and kinds.looks_like_text(head)
        limit = self._limits.text if textual or not binary else self._limits.media
        if size > limit:
            raise Unreadable(_too_large(size, limit))
        # One more than allowed: the system's own files say that they are empty, and others grow.
        data = head + file.read(limit + 1 - len(head))
        if len(data) > limit:
            raise Unreadable(_too_large(len(data), limit))
        self._store.put_digest(path, found.stamp, hashlib.sha256(data).hexdigest())
        text = kinds.decode(data) if textual or not binary else None
        if text:
            said = kinds.as_text_mime(mime) if mime and textual else kinds.text_mime(path)
            return Read(path, said, text[0].encode("utf-8", "replace"), found.stamp, note=text[1])
        if (textual and mime) or not binary:
            raise Unreadable(f"is no text, so it cannot be read as {mime or 'text'}")
        return Read(path, mime or media or kinds.binary_mime(path, head), data, found.stamp)


async def _patiently(work: Callable[[_Asked], _Told], asked: _Asked, late: _Told) -> _Told:
    """What `work` gives in a thread, or `late`."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(work, asked), PATIENCE)
    except TimeoutError:
        return late


def _too_large(size: int, limit: int) -> str:
    return f"has {size / MEGABYTE:,.1f} MB, and {limit / MEGABYTE:,.0f} MB is the most that is read of such a file"
