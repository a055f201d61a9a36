"""One chat's way to its files: resolve, judge, read in a thread, keep what was read.

    reader = Reader(folder, home=..., consent=answers, store=store)
    match await reader.read("./notes.md", binary=False): ...

A file is read again only when the file system says that it is another one: its place, size or times differ.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from flemma_py.files import kinds
from flemma_py.files.opening import Identity, OpenFile, Unreadable, identify, real_path
from flemma_py.files.outcome import NeedsConsent, Read, Refused
from flemma_py.files.policy import Consent, find_ground

MEGABYTE = 1_000_000
PATIENCE = 10.0
"""Seconds to wait for a file: a network's file system can hang for ever, and its thread with it."""
SETTLED = 100_000_000
"""Nanoseconds after which a change is sure to show in a file's times. What is younger is not kept."""

_Key = tuple[str, Identity, bool, str | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """The most bytes that are read of a file."""

    text: int = 5 * MEGABYTE
    media: int = 20 * MEGABYTE


class Store:
    """What was read last, up to `most` bytes: shared by the chats of a host, used from threads."""

    def __init__(self, most: int = 64 * MEGABYTE) -> None:
        self._most = most
        self._size = 0
        self._kept: OrderedDict[_Key, Read] = OrderedDict()
        self._lock = Lock()

    def get(self, key: _Key) -> Read | None:
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
            return found

    def put(self, key: _Key, read: Read) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = read
                self._size += len(read.data)
            while self._size > self._most:
                self._size -= len(self._kept.popitem(last=False)[1].data)


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

    def resolve(self, path: str, base: str | None = None) -> str:
        """`path` as it was written, absolute. `base` is the folder it is relative to, if not the chat's."""
        if path == "~" or path.startswith("~/"):
            path = self._home + path[1:]
        # Not normalised: behind a link `..` leads elsewhere than the text of the path says.
        return str(Path(base or self._folder, path))

    async def read(
        self, path: str, *, binary: bool, mime: str | None = None, base: str | None = None
    ) -> Read | Refused:
        """The file, or why not (`NeedsConsent` where the user has to be asked first). With `binary` every file is
        read, and text told as text; without it only text is. `mime` is what somebody says that it is."""
        if mime is not None and not kinds.is_mime(mime):
            return Refused(f"was given the type {mime}, which is no MIME type")
        work = asyncio.to_thread(self._read, self.resolve(path, base), binary, mime)
        try:
            return await asyncio.wait_for(work, PATIENCE)
        except TimeoutError:
            return Refused(f"did not answer within {PATIENCE:.0f} seconds: is its disk there?")

    # ---- in a thread

    def _read(self, path: str, binary: bool, mime: str | None) -> Read | Refused:
        try:
            real = real_path(path)
            identity = identify(real)
            if not find_ground(self._folder, self._home).covers(real):
                allowed = self._consent(real)
                outside = f"lies outside the project and the chat's folder, at {real}, and was not allowed"
                if allowed is None:
                    return NeedsConsent(outside, real)
                if not allowed:
                    return Refused(outside)
            key = (real, identity, binary, mime)
            if kept := self._store.get(key):
                return kept
            read = self._read_twice(real, identity, binary, mime)
            if time.time_ns() - identity.changed > SETTLED:
                self._store.put(key, read)
            return read
        except Unreadable as error:
            return Refused(str(error))

    def _read_twice(self, path: str, identity: Identity, binary: bool, mime: str | None) -> Read:
        """Once more if it was changed meanwhile: an editor writes a file in one go, and then it holds."""
        for _ in range(2):
            with OpenFile(path) as file:
                before = file.identity()
                if (before.device, before.inode) != (identity.device, identity.inode):
                    identity = identify(path)
                    continue
                read = self._load(file, path, before.size, binary, mime)
                if file.identity() == before:
                    return read
        raise Unreadable("was changed while it was read; send again")

    def _load(self, file: OpenFile, path: str, size: int, binary: bool, mime: str | None) -> Read:
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
        digest = hashlib.sha256(data).hexdigest()
        text = kinds.decode(data) if textual or not binary else None
        if text:
            said = kinds.as_text_mime(mime) if mime and textual else kinds.text_mime(path)
            return Read(path, said, text[0].encode("utf-8", "replace"), digest, text[1])
        if (textual and mime) or not binary:
            raise Unreadable(f"is no text, so it cannot be read as {mime or 'text'}")
        return Read(path, mime or media or kinds.binary_mime(path, head), data, digest)


def _too_large(size: int, limit: int) -> str:
    return f"has {size / MEGABYTE:,.1f} MB, and {limit / MEGABYTE:,.0f} MB is the most that is read of such a file"
