"""What a tool is that was called, and how its call stands."""

from __future__ import annotations

from flemma_py.document.query import result_for, use_for
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.spots import Spot, Tool


def tool(chat: Chat, spot: Spot) -> Answer:
    if not isinstance(spot, Tool):
        return None
    use, result = use_for(chat.document, spot.id), result_for(chat.document, spot.id)
    if use is None:
        return [f"No call with the id `{spot.id}` stands in this chat: this result is not sent."]
    name = use.use.name
    about = chat.names.tools.get(name)
    if result is None:
        state = "It has no result yet."
    elif result.result.status is not None:
        state = f"Its result is marked `{result.result.status.value}`."
    else:
        lines = result.result.content.count("\n") + 1 if result.result.content else 0
        state = f"Its result has {lines} line{'' if lines == 1 else 's'}."
    return [f"**{name}**", about or "There is no tool of this name here.", state]


HOVER = tool
