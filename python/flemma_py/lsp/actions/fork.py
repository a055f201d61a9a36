"""Go on from a message in a chat of its own, and leave this one as it is."""

from __future__ import annotations

from flemma_py.lsp.action_shapes import command
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.model.document import Role


def fork(chat: Chat, first: int, last: int) -> Answer:
    document = chat.document
    starts = [line for line, message in zip(document.first_lines, document.messages, strict=True) if line <= first]
    if chat.busy or not starts or document.messages[len(starts) - 1].role is Role.SYSTEM:
        return None
    return [command("Fork here: go on from this message in another chat", "fork", "source", line=first)]


ACTIONS = fork
