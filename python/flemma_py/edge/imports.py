"""Texts that are to become chats: they come in slices and go back in slices, so that neither side is held up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flemma_py.app.importing import import_text
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import ImportSlice
from flemma_py.errors import EditorError, ImportFailure

if TYPE_CHECKING:
    from flemma_py.importers.conversion import Choice, Converted

log = logging.getLogger(__name__)

SLICE = 500_000
"""Characters of one message to Neovim: a few milliseconds of its main loop."""
OWN_ERROR = "The import met an error of Flemma's own; see the log. The buffer is as it was."


class Imports:
    """The imports under way, by buffer: a new one of a buffer takes the place of the old."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._slices: dict[int, tuple[int, list[str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, piece: ImportSlice, folder: str) -> None:
        """The next slice of a text. After the last one it is converted; `folder` is for the debug file if the temporary
        folder does not take it."""
        run, slices = self._slices.get(piece.buf, (piece.run, []))
        if run != piece.run:
            slices = []
        slices.append(piece.text)
        self._slices[piece.buf] = (piece.run, slices)
        if not piece.more:
            del self._slices[piece.buf]
            task = self._bridge.loop.create_task(
                self._import(piece.buf, piece.run, "".join(slices), piece.pick, folder), name=f"import {piece.buf}"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _import(self, buf: int, run: int, text: str, pick: int | None, folder: str) -> None:
        try:
            outcome = await import_text(text, pick, [Path(folder)])
            answers = _answers(outcome)
        except ImportFailure as failure:
            answers = iter([{"problem": failure.message}])
        except Exception:
            log.exception("an import failed")
            answers = iter([{"problem": OWN_ERROR}])
        try:
            for answer in answers:
                reply = await self._bridge.call("imported", {"buf": buf, "run": run, **answer})
                if isinstance(reply, dict) and reply.get("gone"):
                    return
        except EditorError:
            log.exception("the import of buffer %d could not be handed over", buf)


def _answers(outcome: Converted | Choice) -> Iterator[dict[str, Any]]:
    """What Neovim is told: the conversations to choose from, or the lines and then a notice."""
    from flemma_py.importers.conversion import Choice  # loaded with the first import

    if isinstance(outcome, Choice):
        yield {"items": list(outcome.items)}
        return
    yield from ({"lines": piece} for piece in _sliced(outcome.lines))
    yield {"notice": outcome.notice}


def _sliced(lines: Sequence[str]) -> Iterator[list[str]]:
    """`lines` in pieces of about `SLICE` characters."""
    piece: list[str] = []
    size = 0
    for line in lines:
        piece.append(line)
        size += len(line) + 1
        if size >= SLICE:
            yield piece
            piece, size = [], 0
    yield piece
