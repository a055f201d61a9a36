"""Texts, files and results of tools as content of the Responses wire; what it cannot carry becomes plain text."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ToolResultPart, Turn
from flemma_py.model.wire import Notice

Content = dict[str, Any]

_IMAGES = {name: name for name in ("image/jpeg", "image/png", "image/gif", "image/webp")} | {"image/jpg": "image/jpeg"}
_PDF = "application/pdf"
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
_SILENT_FAILURE = "The tool failed and said nothing."


def user_content(parts: Iterable[Part]) -> list[Content]:
    """What the user wrote and attached, in its order."""
    content: list[Content] = []
    for part in parts:
        if isinstance(part, TextPart):
            content += _text(part.text)
        elif isinstance(part, FilePart):
            content += _file(part) or _text(_plain_text(part) or f"@{part.name}")
    return content


def tool_output(result: ToolResultPart) -> str | list[Content]:
    """A result as one text, or as a list where there is more than text in it."""
    content: list[Content] = []
    for part in result.parts:
        if isinstance(part, TextPart):
            content.append(_input_text(part.text))
        else:
            content += _file(part) or [_input_text(_plain_text(part) or f"[binary file: {part.name}]")]
    if all(part["type"] == "input_text" for part in content):
        text = "".join(part["text"] for part in content)
        return f"Error: {text.strip() or _SILENT_FAILURE}" if result.is_error else text
    told = [part for part in content if part["type"] != "input_text" or part["text"].strip()]
    return [_input_text("Error:"), *told] if result.is_error else told


def notices(turns: Iterable[Turn], display_name: str) -> Iterator[Notice]:
    """What is said of files that the wire has no form for, each with the line that brought it in."""
    for turn in turns:
        for part in turn.parts:
            for file in part.parts if isinstance(part, ToolResultPart) else (part,):
                if isinstance(file, FilePart) and not _is_taken(file):
                    what = f"takes no {file.mime}" if file.data else "takes no empty file"
                    becomes = "it is sent as plain text" if _plain_text(file) else "only its name is sent"
                    yield Notice(f"{display_name} {what}: {becomes} ({file.name}).", file.line)


def _is_taken(part: FilePart) -> bool:
    return _is_text(part.mime) or (bool(part.data) and (part.mime in _IMAGES or part.mime == _PDF))


def _file(part: FilePart) -> list[Content]:
    """A file as the wire has a form for it, nothing where it has none."""
    if not _is_taken(part):
        return []
    if part.mime in _IMAGES:
        return [{"type": "input_image", "detail": "auto", "image_url": _data_url(part, _IMAGES[part.mime])}]
    if part.mime == _PDF:
        name = PurePosixPath(part.name).name or "document.pdf"
        return [{"type": "input_file", "filename": name, "file_data": _data_url(part, _PDF)}]
    return [_input_text(part.data.decode("utf-8", "replace"))]


def _plain_text(part: FilePart) -> str:
    """The text of a file of another kind, empty where its bytes are none."""
    try:
        text = part.data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in _TEXT_LIKE or mime.endswith(("+json", "+xml"))


def _text(text: str) -> list[Content]:
    return [_input_text(text)] if text.strip() else []


def _input_text(text: str) -> Content:
    return {"type": "input_text", "text": text}


def _data_url(part: FilePart, mime: str) -> str:
    return f"data:{mime};base64,{base64.b64encode(part.data).decode('ascii')}"
