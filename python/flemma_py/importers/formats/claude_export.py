"""The data export of Claude: `conversations.json`, or one conversation of it. Messages are in `chat_messages`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flemma_py.importers.chat import Draft, Imported, fenced, prose
from flemma_py.importers.content import allowed, read_content
from flemma_py.importers.literal import Misread, offset_of
from flemma_py.importers.source import Conversation, Format, Source
from flemma_py.model.document import Role, Segment, ToolUse

_SENDERS = {"human": Role.YOU, "assistant": Role.ASSISTANT}


def find(source: Source) -> list[Conversation] | None:
    value = [source.value] if isinstance(source.value, dict) else source.value
    if not isinstance(value, list) or not any(isinstance(each, Mapping) and "chat_messages" in each for each in value):
        return None
    known = [each for each in value if isinstance(each, Mapping) and isinstance(each.get("chat_messages"), list)]
    return [Conversation(_about(each), partial(_read, each)) for each in known]


def _about(conversation: Mapping[str, Any]) -> str:
    name = str(conversation.get("name") or "untitled")
    date = str(conversation.get("updated_at") or conversation.get("created_at") or "")[:10]
    count = f"{len(conversation['chat_messages'])} messages"
    return f"{name} ({date}, {count})" if date else f"{name} ({count})"


def _read(conversation: Mapping[str, Any]) -> Imported:
    draft = Draft()
    for number, message in enumerate(conversation["chat_messages"]):
        place = f"chat_messages[{number}]"
        sender = message.get("sender") if isinstance(message, Mapping) else None
        if not isinstance(sender, str) or sender not in _SENDERS:
            raise Misread(f"{place} has no sender that a chat knows", offset_of(message) or offset_of(conversation))
        side = _SENDERS[sender]
        draft.say(side, [*_attachments(draft, message), *_content(draft, message, side, place)], join=True)
    return draft.finish()


def _content(draft: Draft, message: Mapping[str, Any], side: Role, place: str) -> list[Segment]:
    """What was said. Calls of Claude's own tools were answered within the message: both are shown as text."""
    blocks = message.get("content") or message.get("text")
    shown: list[Segment] = []
    for segment in read_content(draft, blocks, f"{place}.content", message):
        if isinstance(segment, ToolUse):
            shown += allowed(Role.YOU, [segment])
        else:
            shown += allowed(side, [segment])
    return shown


def _attachments(draft: Draft, message: Mapping[str, Any]) -> list[Segment]:
    found: list[Segment] = []
    for attachment in message.get("attachments") or ():
        if isinstance(attachment, Mapping) and isinstance(attachment.get("extracted_content"), str):
            name = attachment.get("file_name")
            found += [prose(f"{name}:")] if isinstance(name, str) and name else []
            found.append(fenced(attachment["extracted_content"]))
    for file in message.get("files") or ():
        name = file.get("file_name") if isinstance(file, Mapping) else None
        found.append(prose(f"[document: {name}]" if name else "[document]"))
        draft.leave_out("document")
    return found


FORMAT = Format("an export of Claude", find)
