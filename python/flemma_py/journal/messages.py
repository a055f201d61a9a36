"""Messages as the objects of JSON that programs exchange, and as a journal keeps them.

A message has a `role` and a `content`: a text, or blocks of which those of the type `text` have one, those of the type
`tool_use` a tool's name and `input`, those of the type `tool_result` an `output`. It comes back as it was given,
whatever else is in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flemma_py.errors import SessionError
from flemma_py.journal.discretion import redacted
from flemma_py.journal.parts import Message as Kept
from flemma_py.journal.records import Entry
from flemma_py.journal.sayings import Saying, Scribe

Message = dict[str, Any]
Fetch = Callable[[str], str]
"""The text that is kept under a name. Raises `SessionError`."""


def normal(message: Mapping[str, Any]) -> Message:
    """A message as JSON has it, and a copy. Raises `SessionError` where it is none."""
    try:
        copy = json.loads(json.dumps(message, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionError(f"A message could not be recorded, as it is no JSON: {error}.") from error
    if not isinstance(copy, dict) or not isinstance(copy.get("role"), str) or not copy["role"]:
        raise SessionError("A message could not be recorded: it needs a role, and content.")
    return copy


def said(role: str, text: str) -> Message:
    """A message that only says something."""
    return {"role": role, "content": [{"type": "text", "text": text}]}


def blocks(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What it consists of; a text is one block."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, Sequence):
        return []
    return [
        {"type": "text", "text": each} if isinstance(each, str) else each
        for each in content
        if isinstance(each, str | Mapping)
    ]


def text_in(message: Mapping[str, Any]) -> str:
    """What it says, without tools and thoughts."""
    texts = [each.get("text") for each in blocks(message) if each.get("type", "text") == "text"]
    return "\n".join(each for each in texts if isinstance(each, str) and each)


def has_words(message: Mapping[str, Any]) -> bool:
    """Whether a user says something in it."""
    return message.get("role") == "user" and bool(text_in(message).strip())


def saying_of(message: Message) -> Saying:
    """What a journal compares and searches it by. A message that only brings results is a tool's, whatever its role."""
    results = [each for each in blocks(message) if each.get("type") == "tool_result"]
    text = text_in(message)
    if results and not text:
        name = next((each["tool_name"] for each in results if isinstance(each.get("tool_name"), str)), None)
        outputs = (each.get("output", each.get("content")) for each in results)
        joined = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in outputs if each)
        return Saying("tool", joined, name or None, not any(each.get("is_error") is True for each in results))
    return Saying(message["role"], text)


def entry_of(message: Message, scribe: Scribe) -> Entry:
    """The record of a message, and of how it is put together, where its words do not tell. May keep large texts."""
    saying = saying_of(message)
    made = scribe.message(saying)
    if scribe.mirror != "text" or message == said(saying.role, saying.text):
        return made
    if message == {"role": saying.role, "content": saying.text}:
        return Entry(made.type, {**made.data, "form": "short"})
    return Entry(made.type, {**made.data, **body(message, scribe)})


def body(value: Any, scribe: Scribe) -> dict[str, Any]:
    """Any JSON as it may be kept: {body}, or {body_blob} where it is large."""
    text = json.dumps(redacted(value, scribe.redact))
    kept = scribe.keep(text)
    return {"body_blob": kept["blob"]} if "blob" in kept else {"body": json.loads(text)}


def body_in(data: Mapping[str, Any], fetch: Fetch) -> Any:
    """What `body` kept; None where it kept nothing. Raises `SessionError`."""
    blob = data.get("body_blob")
    if not isinstance(blob, str):
        return data.get("body")
    try:
        return json.loads(fetch(blob))
    except ValueError:
        return None


def message_of(kept: Kept, data: Mapping[str, Any], fetch: Fetch) -> Message:
    """The message that a record keeps, with no content where the mirror keeps none. Raises `SessionError`."""
    if isinstance(whole := body_in(data, fetch), dict):
        return whole
    text = fetch(kept.blob) if kept.blob else kept.text
    if kept.role == "tool":
        result: Message = {"type": "tool_result", "tool_name": kept.name or "", "output": kept.head or ""}
        return {"role": "tool", "content": [result | ({"is_error": True} if kept.ok is False else {})]}
    if text is None:
        return {"role": kept.role, "content": []}
    return {"role": kept.role, "content": text} if data.get("form") == "short" else said(kept.role, text)
