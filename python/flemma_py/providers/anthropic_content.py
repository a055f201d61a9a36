"""Parts of a prompt as content blocks of the Anthropic Messages wire."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.providers.tool_wire import wire_name

Block = dict[str, Any]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
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
    """Thoughts and text in their order, then the calls: after a call the wire wants nothing but its result."""
    spoken: list[Block] = []
    calls: list[Block] = []
    for part in _thoughts_before_answers(tuple(parts)):
        match part:
            case ToolCallPart():
                calls.append(_tool_use(part))
            case ThinkingPart():
                spoken.append(_thinking(part))
            case TextPart(text):
                spoken += _text(text)
            case FilePart():
                spoken += _text(f"@{part.name}")
    return spoken + calls


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
    if part.mime in _IMAGES:
        return [{"type": "image", "source": _base64(part)}]
    if part.mime == "application/pdf":
        title = PurePosixPath(part.name).name
        return [{"type": "document", "source": _base64(part)} | ({"title": title} if title else {})]
    if part.mime.startswith("text/") or part.mime in _TEXT_LIKE or part.mime.endswith(("+json", "+xml")):
        return _text(part.data.decode("utf-8", "replace"))
    return []


def _base64(part: FilePart) -> dict[str, str]:
    return {"type": "base64", "media_type": part.mime, "data": base64.b64encode(part.data).decode("ascii")}
