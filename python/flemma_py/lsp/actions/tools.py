"""Approve, reject, run or preview the tool call at the cursor."""

from __future__ import annotations

from flemma_py.document.query import message_at, tool_at, unresolved_uses
from flemma_py.lsp.action_shapes import command
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.model.document import Role


def tools(chat: Chat, first: int, last: int) -> Answer:
    if chat.busy:
        return [command("Stop this tool call", "stop", "source", line=first)] if _is_at_call(chat, first) else None
    id = tool_at(chat.document, first) if _is_at_call(chat, first) else None
    waiting = next((each for each in unresolved_uses(chat.document) if each.use.id == id and not each.aborted), None)
    if waiting is None:
        return None
    name = waiting.use.name
    return [
        command(f"Run this call of {name}", "run", "quickfix", line=first),
        command(f"Approve this call of {name}, for the send key to run", "approve", "quickfix", line=first),
        command(f"Reject this call of {name}", "reject", "quickfix", line=first),
        command("Allow such calls from now on, by a rule", "allow", "source"),
        command(f"Show what this call of {name} would do", "preview", "source", line=first),
    ]


def _is_at_call(chat: Chat, line: int) -> bool:
    """Whether the line is one of a message that has calls or results."""
    index = message_at(chat.document, line)
    return index is not None and (
        tool_at(chat.document, line) is not None and chat.document.messages[index].role is not Role.SYSTEM
    )


ACTIONS = tools
