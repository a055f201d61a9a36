"""Parts of a prompt as content blocks of the Anthropic Messages wire."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.model.wire import Notice
from flemma_py.providers.tool_wire import wire_name

Block = dict[str, Any]

_IMAGES = {name: name for name in ("image/jpeg", "image/png", "image/gif", "image/webp")} | {"image/jpg": "image/jpeg"}
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
_PDF = "application/pdf"
_SILENT_FAILURE = "The tool failed and said nothing."


def user_blocks(parts: Iterable[Part]) -> list[Block]:
    """Results of tools first, as the wire demands, then the rest in its order."""
    results: list[Block] = []
    rest: list[Block] = []
    for part in parts:
        match part:
            case ToolResultPart():
                results.append(_tool_result(part))
            case TextPart(text):
                rest += _text(text)
            case FilePart():
                rest += _file(part) or _text(f"@{part.name}")
    return results + rest


def assistant_blocks(parts: Iterable[Part]) -> list[Block]:
    """Thoughts, text and calls in their order, but for text behind a call: that goes before the first one, as after a
    call the wire wants nothing to be said."""
    before: list[Block] = []
    behind: list[Block] = []
    for part in _thoughts_before_answers(tuple(parts)):
        match part:
            case ToolCallPart():
                behind.append(_tool_use(part))
            case ThinkingPart():
                (behind or before).append(_thinking(part))
            case TextPart(text):
                before += _text(text)
            case FilePart():
                before += _text(f"@{part.name}")
    return before + behind


def notices(turns: Iterable[Turn], display_name: str) -> Iterator[Notice]:
    """What is said of files that the vendor does not take, each with the line that brought it in."""
    for turn in turns:
        for part in turn.parts:
            for file in part.parts if isinstance(part, ToolResultPart) else (part,):
                if isinstance(file, FilePart) and not is_taken(file):
                    why = f"takes no {file.mime}" if file.data else "takes no empty file"
                    yield Notice(f"{display_name} {why}: of {file.name} only the name is sent.", file.line)


def is_taken(part: FilePart) -> bool:
    """Whether the wire has a form for this file."""
    return _is_text(part.mime) or (bool(part.data) and (part.mime in _IMAGES or part.mime == _PDF))


def _thoughts_before_answers(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Thoughts at the very end move to the front: chats of Flemma's first generation wrote them there, and the wire
    wants a reply to begin with them. Before anything else they stay, where the model itself put them."""
    end = len(parts)
    while end and isinstance(parts[end - 1], ThinkingPart):
        end -= 1
    return parts[end:] + parts[:end]


def _text(text: str) -> list[Block]:
    """Blank text is no block (the wire refuses it); space at the end goes (it refuses that in a last turn), space at
    the beginning stays (it is the indent of a first line)."""
    text = text.rstrip()
    return [{"type": "text", "text": text}] if text else []


def _thinking(part: ThinkingPart) -> Block:
    if part.redacted:
        return {"type": "redacted_thinking", "data": part.text}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _tool_use(part: ToolCallPart) -> Block:
    # The wire takes objects only; what a model or a person wrote instead is still shown to the model.
    arguments = part.input if isinstance(part.input, dict) else {"value": part.input}
    return {"type": "tool_use", "id": part.id, "name": wire_name(part.name), "input": arguments}


def _tool_result(part: ToolResultPart) -> Block:
    block: Block = {"type": "tool_result", "tool_use_id": part.tool_use_id}
    content = _result_content(part)
    if part.is_error:
        block["is_error"] = True
        content = content or _SILENT_FAILURE
    return block | {"content": content} if content else block


def _result_content(part: ToolResultPart) -> str | list[Block]:
    if all(isinstance(piece, TextPart) for piece in part.parts):
        text = "".join(piece.text for piece in part.parts if isinstance(piece, TextPart))
        return text if text.strip() else ""
    blocks: list[Block] = []
    for piece in part.parts:
        if isinstance(piece, TextPart):
            blocks += _text(piece.text)
        else:
            blocks += _file(piece) or _text(f"[binary file: {piece.name}]")
    return blocks


def _file(part: FilePart) -> list[Block]:
    """A file as the model can read it, or nothing where it cannot."""
    if not is_taken(part):
        return []
    if part.mime in _IMAGES:
        return [{"type": "image", "source": _base64(part, _IMAGES[part.mime])}]
    if part.mime == _PDF:
        title = PurePosixPath(part.name).name
        return [{"type": "document", "source": _base64(part, _PDF)} | ({"title": title} if title else {})]
    return _text(part.data.decode("utf-8", "replace"))


def _is_text(mime: str) -> bool:
    return mime.startswith("text/") or mime in _TEXT_LIKE or mime.endswith(("+json", "+xml"))


def _base64(part: FilePart, mime: str) -> dict[str, str]:
    return {"type": "base64", "media_type": mime, "data": base64.b64encode(part.data).decode("ascii")}
