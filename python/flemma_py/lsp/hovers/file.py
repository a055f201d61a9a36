"""What a file is that the chat names: its size, its type, where it really lies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.questions import Glance
from flemma_py.lsp.spots import File, Spot
from flemma_py.model.reading import Glimpse, Refused


def file(chat: Chat, spot: Spot) -> Answer:
    return Glance(spot.paths, partial(_told, spot)) if isinstance(spot, File) else None


def _told(spot: File, found: Glimpse | Refused) -> Sequence[str]:
    if isinstance(found, Refused):
        return [f"`{spot.paths[0]}` {found.reason}."]
    mime = spot.mime or found.mime
    said = f" (its content looks like {found.mime})" if spot.mime and spot.mime != found.mime else ""
    return [f"**{mime}**, {size(found.size)}{said}", f"`{found.path}`"]


def size(count: int) -> str:
    """Bytes as a person says them."""
    if count < 1000:
        return f"{count} bytes"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if count < 1000 * scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1e9:.1f} GB"


HOVER = file
