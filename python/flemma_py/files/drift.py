"""Notices that a file is not what it was when it was last sent: a model that was shown an older state ought to be told,
and the cached beginning of a request ends there."""

from __future__ import annotations

from collections.abc import Mapping

from flemma_py.files.store import Store


class Drift:
    """The files of one chat as they were sent last, by their digests: a file that was only touched has not changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, str] = {}

    def notice(self, files: Mapping[str, str]) -> list[str]:
        """Those of `files` (real path to stamp: all that one request carries) that have changed since they were last
        seen here, in their order. A file that is seen for the first time has not changed; a change is told once."""
        seen = {path: self._store.digest(path, stamp) for path, stamp in files.items()}
        changed = [path for path, digest in seen.items() if self._known.get(path, digest) != digest]
        self._known |= seen
        return changed
