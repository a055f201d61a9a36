"""What is open in Neovim, for tools that write files."""

from __future__ import annotations

import asyncio
import logging

from flemma_py.edge.bridge import Bridge
from flemma_py.errors import EditorError

log = logging.getLogger(__name__)

DEADLINE = 1.0
"""Seconds that a write waits for the editor's word; a half-typed command keeps it from answering."""


class BridgedBuffers:
    """See `model.tool.Buffers`."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def is_unsaved(self, path: str, *, unanswered: bool = False) -> bool:
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self._bridge.call("unsaved", {"path": path})
        except (TimeoutError, EditorError) as error:
            log.warning("the editor did not say whether a file has unsaved changes: %r", error)
            return unanswered
        return bool(answer.get("unsaved"))

    def changed(self, path: str) -> None:
        self._bridge.tell("file_changed", {"path": path})
