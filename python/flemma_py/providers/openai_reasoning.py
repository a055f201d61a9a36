"""Reasoning items in the buffer and back: the signature of a thought is the whole item, which only the vendor can read.

A chat may be anybody's, so of an item only the fields that the wire has for thoughts go back out.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

NAME = "openai"
"""Whose signature it is, in the tag of a thinking block."""

Item = dict[str, Any]

_TEXTS = {"summary": "summary_text", "content": "reasoning_text"}


def sign(item: Item) -> str:
    """A reasoning item as a signature: base64 of its JSON."""
    return base64.b64encode(orjson.dumps(item)).decode("ascii")


def read_signature(signature: str) -> Item | None:
    """The reasoning item of a signature as the wire takes it back. None where it is none."""
    try:
        item = orjson.loads(base64.b64decode(signature, validate=True))
    except (binascii.Error, ValueError):
        return None
    return replayed(item) if isinstance(item, dict) else None


def replayed(item: Item) -> Item | None:
    """A reasoning item as the wire takes it back. None where it is of no use there: the vendor keeps nothing for us, so
    an item must hold its thoughts itself."""
    id, encrypted = _string(item, "id"), _string(item, "encrypted_content")
    summary, content = texts_of(item, "summary"), texts_of(item, "content")
    if item.get("type") != "reasoning" or not id or not (encrypted or content):
        return None
    found: Item = {"type": "reasoning", "id": id, "summary": _parts("summary", summary)}
    if content:
        found["content"] = _parts("content", content)
    if encrypted:
        found["encrypted_content"] = encrypted
    return found


def texts_of(item: Item, field: str) -> list[str]:
    """The texts of an item's `summary` or `content`."""
    parts = item.get(field)
    return [
        text
        for part in (parts if isinstance(parts, list) else ())
        if isinstance(part, dict) and part.get("type") == _TEXTS[field] and isinstance(text := part.get("text"), str)
    ]


def _parts(field: str, texts: list[str]) -> list[Item]:
    return [{"type": _TEXTS[field], "text": text} for text in texts]


def _string(item: Item, field: str) -> str:
    value = item.get(field)
    return value if isinstance(value, str) else ""
