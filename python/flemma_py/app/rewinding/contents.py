"""Contents of files in a session, and what is told of them in its journal."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.errors import SessionError

if TYPE_CHECKING:
    from flemma_py.sessions import Recorder, SessionStore

log = logging.getLogger(__name__)

MOST_OF_FILE = 8 << 20
"""Bytes of one content that is kept."""
MOST_OF_SESSION = 512 << 20
"""Bytes of all contents of one session: what comes then is not kept."""
PATIENCE = 0.25
"""Seconds that the change of a file waits for its record."""


class KeptContents:
    """The contents that one session keeps. All of it may block, so it runs in a thread."""

    def __init__(self, store: SessionStore, sid: str) -> None:
        self.sid = sid
        self._store = store
        self._blobs = store.blobs(sid)
        self._size: int | None = None

    def new_id(self) -> str:
        """For a change, or a run."""
        return self._store.ids()

    def change(self, path: str, old: bytes | None, new: bytes | None) -> dict[str, Any]:
        """What is to be told of a change that is about to be made, as `journal.changes` has it; the contents are kept.
        Never raises: a content that cannot be kept is told as lost."""
        told: dict[str, Any] = {"id": self.new_id(), "path": path}
        if why := self._obstacle(old, new):
            return told | {"lost": why}
        try:
            told |= {"before": self._put(old), "after": self._put(new)}
        except SessionError as error:
            log.warning("what %s held could not be kept: %s", path, error.message)
            return told | {"lost": "unwritten"}
        if old is None:
            folder = Path(path).parent
            missing = sum(not os.path.lexists(each) for each in (folder, *folder.parents))
            return told | ({"folders": missing} if missing else {})
        try:
            return told | {"mode": stat.S_IMODE(os.lstat(path).st_mode)}
        except OSError:
            return told

    def get(self, name: str) -> bytes:
        """Raises `SessionError` where it is not to be had."""
        return self._blobs.get(name)

    def _obstacle(self, *contents: bytes | None) -> str:
        found = [each for each in contents if each is not None]
        if self._store.mirror != "text":
            return "mirror"
        if any(len(each) > MOST_OF_FILE for each in found):
            return "large"
        if any(self._holds_secret(each) for each in found):
            return "secret"
        if self._used() + sum(map(len, found)) > MOST_OF_SESSION:
            return "full"
        return ""

    def _holds_secret(self, content: bytes) -> bool:
        text = content.decode("utf-8", "surrogateescape")
        return self._store.redact(text) != text

    def _put(self, content: bytes | None) -> str | None:
        if content is None:
            return None
        name = self._blobs.put(content)
        self._size = self._used() + len(content)
        return name

    def _used(self) -> int:
        """Bytes that are kept, or a few more."""
        if self._size is None:
            try:
                self._size = sum(each.stat().st_size for each in self._blobs.folder.iterdir())
            except OSError:
                self._size = 0
        return self._size


def told(recorder: Recorder, call: str, tool: str, change: Mapping[str, Any], turn: str | None = None) -> None:
    """Tell the journal of a change, and wait a moment for it to be written. Never raises."""
    quietly(lambda: recorder.tool_started(call, tool, turn=turn, changes=[change]).result(PATIENCE))


def quietly(do: Callable[[], object]) -> None:
    """A journal that fails harms no tool: who wrote it tries again and tells the user."""
    try:
        do()
    except Exception as error:
        log.warning("a tool's change could not be recorded: %r", error)
