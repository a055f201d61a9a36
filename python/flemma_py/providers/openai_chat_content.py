"""A user's text and files as content of a Chat Completions message; what the wire cannot carry becomes words."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})


def user_content(parts: Iterable[Part], *, send_files: bool) -> str | list[dict[str, Any]]:
    """One text where there is only text, else a list of parts. Empty where there is nothing to say."""
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, FilePart):
            found.append(_file(part, send_files=send_files))
        elif isinstance(part, TextPart):
            found.append({"type": "text", "text": part.text})
    if all(each["type"] == "text" for each in found):
        return "\n\n".join(text for each in found if (text := each["text"].rstrip()))
    return found


def as_text(part: TextPart | FilePart) -> str:
    """A part of a tool's result, which is text on this wire."""
    if isinstance(part, TextPart):
        return part.text
    return part.data.decode("utf-8", "replace") if _is_text(part) else f"[binary file: {part.name} ({part.mime})]"


def _file(part: FilePart, *, send_files: bool) -> dict[str, Any]:
    if part.mime in _IMAGES:
        return {"type": "image_url", "image_url": {"url": _data_url(part)}}
    if part.mime == "application/pdf" and send_files:
        name = PurePosixPath(part.name).name or "document.pdf"
        return {"type": "file", "file": {"filename": name, "file_data": _data_url(part)}}
    return {"type": "text", "text": as_text(part)}


def _is_text(part: FilePart) -> bool:
    return part.mime.startswith("text/") or part.mime in _TEXT_LIKE or part.mime.endswith(("+json", "+xml"))


def _data_url(part: FilePart) -> str:
    return f"data:{part.mime};base64,{base64.b64encode(part.data).decode('ascii')}"
