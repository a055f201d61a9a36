"""What a setting is for, which form it has, and what it is without this chat."""

from __future__ import annotations

from flemma_py.lsp import settings
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.places import key_at
from flemma_py.lsp.spots import Front, Spot


def setting(chat: Chat, spot: Spot) -> Answer:
    front = chat.document.frontmatter
    if not isinstance(spot, Front) or front is None:
        return None
    found = key_at(front.language, front.code, spot.offset)
    if found is None:
        return None
    path, layers = found[0], chat.names.layers
    named = settings.alone(path, layers) or settings.find(path, layers)
    match named:
        case settings.Setting():
            return settings.about(named, layers)
        case settings.Table() if path:
            names = [f"`{name}`" for name, _, _ in settings.members(named, layers)]
            return [f"**{'.'.join(named.path)}**: a table of settings", ", ".join(names)]
        case _:
            return [f"`{'.'.join(path)}` is not a setting."] if path else None


HOVER = setting
