"""The data export of ChatGPT: `conversations.json`, or one conversation of it. Each is a tree in `mapping`; what is
imported is the branch that was shown last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flemma_py.importers.chat import Draft, Imported, fenced, prose, thought
from flemma_py.importers.source import Conversation, Format, Source
from flemma_py.model.document import Role, Segment

_SILENT = frozenset({"reasoning_recap", "user_editable_context", "model_editable_context"})
"""Content that ChatGPT itself does not show as said."""


def find(source: Source) -> list[Conversation] | None:
    value = [source.value] if isinstance(source.value, dict) else source.value
    if not isinstance(value, list) or not any(isinstance(each, Mapping) and "mapping" in each for each in value):
        return None
    known = [each for each in value if isinstance(each, Mapping) and isinstance(each.get("mapping"), Mapping)]
    return [Conversation(_about(each), partial(_read, each)) for each in known]


def _about(conversation: Mapping[str, Any]) -> str:
    name = str(conversation.get("title") or "untitled")
    date = _date(conversation.get("update_time") or conversation.get("create_time"))
    return f"{name} ({date})" if date else name


def _date(seconds: Any) -> str:
    try:
        return datetime.fromtimestamp(float(seconds), UTC).strftime("%Y-%m-%d")
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _read(conversation: Mapping[str, Any]) -> Imported:
    draft = Draft()
    for message in _branch(conversation["mapping"], conversation.get("current_node")):
        author = message.get("author")
        role = author.get("role") if isinstance(author, Mapping) else None
        content = message.get("content")
        if not isinstance(content, Mapping) or _is_hidden(message):
            continue
        segments = _segments(draft, content, is_code=message.get("recipient") not in (None, "all"))
        if role == "system":
            draft.instruct("\n\n".join(segment.value for segment in segments if hasattr(segment, "value")))
        elif role == "user":
            draft.say(Role.YOU, segments, join=True)
        elif role == "assistant" or (role == "tool" and content.get("content_type") == "execution_output"):
            draft.say(Role.ASSISTANT, segments, join=True)
        elif segments:
            draft.leave_out("answer of a tool")
    return draft.finish()


def _branch(mapping: Mapping[str, Any], current: Any) -> Iterator[Mapping[str, Any]]:
    """The messages from the root down to the node that was shown last."""
    nodes: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    at = current if current in mapping else _last_leaf(mapping)
    while isinstance(at, str) and at in mapping and at not in seen:
        seen.add(at)
        node = mapping[at]
        if not isinstance(node, Mapping):
            break
        nodes.append(node)
        at = node.get("parent")
    for node in reversed(nodes):
        message = node.get("message")
        if isinstance(message, Mapping):
            yield message


def _last_leaf(mapping: Mapping[str, Any]) -> str | None:
    """Where no node is said to be the current one: the last child of the last child, from the root on."""
    at = next((id for id, node in mapping.items() if isinstance(node, Mapping) and not node.get("parent")), None)
    seen: set[str] = set()
    while at is not None and at not in seen:
        seen.add(at)
        node = mapping.get(at)
        children = node.get("children") if isinstance(node, Mapping) else None
        last = children[-1] if isinstance(children, list) and children else None
        if not isinstance(last, str) or last not in mapping:
            return at
        at = last
    return at


def _is_hidden(message: Mapping[str, Any]) -> bool:
    metadata = message.get("metadata")
    hidden = isinstance(metadata, Mapping) and metadata.get("is_visually_hidden_from_conversation") is True
    return hidden or message.get("weight") == 0


def _segments(draft: Draft, content: Mapping[str, Any], *, is_code: bool) -> list[Segment]:
    kind = content.get("content_type")
    text = content.get("text")
    match kind:
        case "text" | "multimodal_text":
            parts = content.get("parts")
            said = [_part(draft, part) for part in (parts if isinstance(parts, list) else [])]
            texts = [part for part in said if part.strip()]
            return [fenced(part) if is_code else prose(part) for part in texts]
        case "code" | "execution_output" if isinstance(text, str):
            language = content.get("language")
            known = isinstance(language, str) and language.isalnum() and language != "unknown"
            return [fenced(text, str(language) if known else "")] if text.strip() else []
        case "thoughts":
            thoughts = content.get("thoughts")
            texts = [str(each.get("content") or "") for each in thoughts or () if isinstance(each, Mapping)]
            return [thought("\n\n".join(texts))] if any(texts) else []
        case _ if kind not in _SILENT:
            draft.leave_out(str(kind))
    return []


def _part(draft: Draft, part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, Mapping):
        return ""
    if isinstance(text := part.get("text"), str):
        return text
    kind = str(part.get("content_type") or "")
    word = "image" if "image" in kind else "sound" if "audio" in kind else "document"
    draft.leave_out(word)
    return f"[{word}]"


FORMAT = Format("an export of ChatGPT", find)
