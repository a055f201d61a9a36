"""What was read last, so that a file is read again only when the file system says that it is another one."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from flemma_py.files.opening import Identity
from flemma_py.model.reading import Read

MEGABYTE = 1_000_000

Key = tuple[str, Identity, bool, str | None]
"""The real path, the file that was there, whether it was read as it is, and the type that was said."""


class Store:
    """Contents, up to `most` bytes, and the digests of many more: shared by the chats of a host, used from threads."""

    def __init__(self, most: int = 64 * MEGABYTE, digests: int = 10_000) -> None:
        self._most, self._most_digests = most, digests
        self._size = 0
        self._kept: OrderedDict[Key, Read] = OrderedDict()
        self._digests: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> Read | None:
        with self._lock:
            if found := self._kept.get(key):
                self._kept.move_to_end(key)
            return found

    def put(self, key: Key, read: Read) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = read
                self._size += len(read.data)
            while self._size > self._most:
                self._size -= len(self._kept.popitem(last=False)[1].data)

    def put_digest(self, path: str, stamp: str, digest: str) -> None:
        with self._lock:
            self._digests[path, stamp] = digest
            while len(self._digests) > self._most_digests:
                self._digests.popitem(last=False)

    def digest(self, path: str, stamp: str) -> str:
        """The digest of what the file at the real `path` held when it had this stamp. The stamp itself where that was
        never read or is forgotten: equal ones mean equal contents all the same."""
        with self._lock:
            return self._digests.get((path, stamp), stamp)
