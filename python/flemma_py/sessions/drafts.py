"""Replies on their way, on the disk: `<session>/drafts/<turn>.jsonl`, as long as the chat's own file has not got them.

A draft is written every few hundredths of a second by whoever calls `write`, and once more when the editor is gone.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from flemma_py.journal.drafts import Draft, read, written
from flemma_py.model.stream import StreamEvent
from flemma_py.sessions import disk
from flemma_py.sessions.ids import is_name

log = logging.getLogger(__name__)

FOLDER = "drafts"


class DraftFile:
    """The draft of one reply, in the session's `folder`. Safe to be used by several threads; an error of the disk ends
    it without a word but one in the log: the chat itself goes on."""

    def __init__(
        self,
        folder: Path,
        turn: str,
        asked: str | None,
        redact: Callable[[str], str] = str,
        messages: int | None = None,
    ) -> None:
        self.turn = turn
        self.path = folder / FOLDER / f"{turn}.jsonl"
        self._asked = asked
        self._messages = messages
        self._redact = redact
        self._lock = threading.Lock()
        self._pending: list[StreamEvent] = []
        self._begun = self._over = False

    def add(self, events: Sequence[StreamEvent]) -> bool:
        """Remember what came. True where it was the first that waits to be written."""
        with self._lock:
            first = not self._pending
            self._pending += events
            return first and not self._over

    def write(self) -> None:
        """Bring to the disk what is remembered. May block; raises nothing."""
        with self._lock:
            events, self._pending = self._pending, []
            if self._over or not (rows := written(events)):
                return
            lines = [json.dumps(self._clean(row)) for row in rows]
            head = json.dumps({"v": 1, "turn": self.turn, "asked": self._asked, "messages": self._messages})
            try:
                if not self._begun:
                    disk.make_folder(str(self.path.parent))
                    self._begun = True
                disk.append(
                    str(self.path), ("\n".join(lines) + "\n").encode(), first=f"{head}\n".encode(), durable=False
                )
            except OSError as error:
                log.warning("what comes of a reply cannot be kept in %s: %s", self.path, error)
                self._over = True

    def _clean(self, row: list[object]) -> list[object]:
        return [row[0], self._redact(row[1])] if row[0] in ("text", "thinking") and isinstance(row[1], str) else row

    def drop(self) -> None:
        """It is not needed any more. May block; raises nothing."""
        with self._lock:
            self._over, self._pending = True, []
        drop(self.path)


def left(folder: Path) -> list[tuple[Path, Draft]]:
    """The drafts in a session's folder, the oldest first, with their files. Those that nobody can read are left where
    they are. Raises nothing."""
    found: list[tuple[Path, Draft]] = []
    try:
        paths = sorted(path for path in (folder / FOLDER).iterdir() if is_name(path.stem) and path.suffix == ".jsonl")
    except OSError:
        return []
    for path in paths:
        with suppress(OSError):
            if draft := _read(path.read_bytes()):
                found.append((path, draft))
    return found


def _read(data: bytes) -> Draft | None:
    values = []
    for line in data.split(b"\n"):
        try:
            values.append(json.loads(line))
        except ValueError:
            continue  # The end of a file whose writer was killed.
    head = values[0] if values and isinstance(values[0], dict) else None
    return read(head, (each for each in values[1:] if isinstance(each, list))) if head else None


def drop(path: Path) -> None:
    """Take a draft away. May block; raises nothing."""
    try:
        path.unlink()
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("%s could not be taken away: %s", path, error)
