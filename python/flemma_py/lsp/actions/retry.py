"""Ask for the last reply once more."""

from __future__ import annotations

from flemma_py.lsp.action_shapes import command
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.model.document import Document, Role, Text


def retry(chat: Chat, first: int, last: int) -> Answer:
    reply = last_reply(chat.document)
    if chat.busy or reply is None:
        return None
    if first < chat.document.first_lines[reply]:
        return None
    return [command("Ask again: another reply in the place of this one", "retry", "refactor")]


def last_reply(document: Document) -> int | None:
    """The reply that the chat ends with: behind it is at most a prompt that nobody has written in yet."""
    index = len(document.messages) - 1
    if index >= 0 and document.messages[index].role is Role.YOU:
        segments = document.messages[index].segments
        if not all(isinstance(each, Text) and not each.value.strip() for each in segments):
            return None
        index -= 1
    return index if index > 0 and document.messages[index].role is Role.ASSISTANT else None


ACTIONS = retry
