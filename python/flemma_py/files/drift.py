"""Notices that a file is not what it was when it was last sent: a model that was shown an older state ought to be told,
and the cached beginning of a request ends there."""

from __future__ import annotations

from collections.abc import Iterable

from flemma_py.files.outcome import Read


class Drift:
    """The files of one chat as they were sent last, by their digests."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def notice(self, files: Iterable[Read]) -> list[str]:
        """The real paths of those `files` (all that one request carries) that have changed since they were last seen
        here, in their order. A file that is seen for the first time has not changed; a change is told once."""
        seen = {file.path: file.digest for file in files}
        changed = [path for path, digest in seen.items() if self._known.get(path, digest) != digest]
        self._known |= seen
        return changed
