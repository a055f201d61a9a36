"""A user's text and files as content of a Chat Completions message; what the wire cannot carry becomes words."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ToolResultPart, Turn
from flemma_py.model.wire import Notice

_IMAGES = {name: name for name in ("image/jpeg", "image/png", "image/gif", "image/webp")} | {"image/jpg": "image/jpeg"}
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
_PDF = "application/pdf"


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
    return [each for each in found if each["type"] != "text" or each["text"].strip()]


def as_text(part: TextPart | FilePart) -> str:
    """A part as text, which is all that a tool's result may be on this wire."""
    if isinstance(part, TextPart):
        return part.text
    if is_text(part.mime):
        return part.data.decode("utf-8", "replace")
    return _plain_text(part) or f"[binary file: {part.name} ({part.mime})]"


def notices(turns: Iterable[Turn], display_name: str, *, send_files: bool) -> Iterator[Notice]:
    """What is said of files that do not go out as what they are, each with the line that brought it in."""
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, FilePart) and not _is_taken(part, send_files=send_files):
                what = f"takes no {part.mime}" if part.data else "takes no empty file"
                yield _notice(part, f"{display_name} {what}")
            elif isinstance(part, ToolResultPart):
                for file in part.parts:
                    if isinstance(file, FilePart) and not is_text(file.mime):
                        yield _notice(file, f"{display_name} takes only text as a tool's result")


def is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in _TEXT_LIKE or mime.endswith(("+json", "+xml"))


def _notice(part: FilePart, why: str) -> Notice:
    becomes = "it is sent as plain text" if _plain_text(part) else "only its name is sent"
    return Notice(f"{why}: {becomes} ({part.name}).", part.line)


def _is_taken(part: FilePart, *, send_files: bool) -> bool:
    return is_text(part.mime) or (bool(part.data) and (part.mime in _IMAGES or (part.mime == _PDF and send_files)))


def _file(part: FilePart, *, send_files: bool) -> dict[str, Any]:
    if is_text(part.mime) or not _is_taken(part, send_files=send_files):
        return {"type": "text", "text": as_text(part)}
    if part.mime in _IMAGES:
        return {"type": "image_url", "image_url": {"url": _data_url(part, _IMAGES[part.mime])}}
    name = PurePosixPath(part.name).name or "document.pdf"
    return {"type": "file", "file": {"filename": name, "file_data": _data_url(part, _PDF)}}


def _plain_text(part: FilePart) -> str:
    """The text of a file of another kind, empty where its bytes are none. What a paper looks like inside is nothing to
    read, even where it is text."""
    try:
        text = "" if part.mime == _PDF or part.mime in _IMAGES else part.data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _data_url(part: FilePart, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(part.data).decode('ascii')}"
