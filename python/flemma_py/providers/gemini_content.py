"""Parts of a prompt as parts of the Gemini wire, which signs the part that follows a thought, not the thought."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.model.wire import Notice
from flemma_py.providers.tool_wire import wire_name

Block = dict[str, Any]

NAMES = ("vertex", "gemini")
"""Both ways to these models take back what the other signed."""
SKIP = "skip_thought_signature_validator"
"""What the vendor takes in place of a signature that there is none of: a call that another model made."""

_IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "image/gif"})
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
_SILENT_FAILURE = "The tool failed and said nothing."


@dataclass(frozen=True, slots=True)
class Form:
    """How the two addresses of one wire differ. `with_ids`: calls and their results carry ids; `must_sign`: a call
    without a signature is refused."""

    with_ids: bool
    must_sign: bool


def is_native(part: ThinkingPart) -> bool:
    """Whether the wire takes the part's signature back."""
    return part.provider in NAMES and bool(part.signature) and not part.redacted


def user_parts(parts: Iterable[Part], names: Mapping[str, str], form: Form) -> tuple[list[Block], list[Notice]]:
    """Results of tools first, as the wire demands, each with its files behind it, then the rest in its order. `names`
    are those of the tools by the ids of their calls."""
    results: list[Block] = []
    rest: list[Block] = []
    notices: list[Notice] = []
    for part in parts:
        match part:
            case ToolResultPart():
                results += _result(part, names, form, notices)
            case TextPart(text) if text.strip():
                rest.append({"text": text.rstrip()})
            case FilePart():
                rest.append(_file(part, notices) or {"text": f"@{part.name}"})
    return results + rest, notices


def model_parts(parts: Iterable[Part], form: Form) -> list[Block]:
    """Text and calls in their order, each signature on the part behind its thought. The thoughts themselves stay here:
    the vendor has them."""
    blocks: list[Block] = []
    signature: str | None = None
    has_signed_call = False
    for part in parts:
        match part:
            case ThinkingPart(signature=own):
                if signature:
                    blocks.append(_signed({"text": ""}, signature))
                signature = own
            case TextPart(text) if text.strip():
                blocks.append(_signed({"text": text.rstrip()}, signature))
                signature = None
            case ToolCallPart():
                block = _signed({"functionCall": _call(part, form)}, signature)
                if form.must_sign and not has_signed_call and not signature:
                    block["thoughtSignature"] = SKIP
                has_signed_call, signature = True, None
                blocks.append(block)
            case FilePart(name=name):
                blocks.append({"text": f"@{name}"})
    if signature:
        blocks.append(_signed({"text": ""}, signature))
    return blocks


def _signed(block: Block, signature: str | None) -> Block:
    return block | {"thoughtSignature": signature} if signature else block


def _call(part: ToolCallPart, form: Form) -> Block:
    # The wire takes objects only; what a model or a person wrote instead is still shown to the model.
    arguments = part.input if isinstance(part.input, dict) else {"value": part.input}
    return {"name": wire_name(part.name), "args": arguments} | ({"id": part.id} if form.with_ids else {})


def _result(part: ToolResultPart, names: Mapping[str, str], form: Form, notices: list[Notice]) -> list[Block]:
    text = ""
    files: list[Block] = []
    for piece in part.parts:
        if isinstance(piece, TextPart):
            text += piece.text
        elif _is_text(piece):
            text += _decoded(piece)
        elif block := _file(piece, notices):
            files.append(block)
        else:
            text += f"[binary file: {piece.name}]"
    said = {"error": text.strip() or _SILENT_FAILURE} if part.is_error else {"output": text}
    response: Block = {"name": wire_name(names.get(part.tool_use_id, "unknown")), "response": said}
    if form.with_ids:
        response["id"] = part.tool_use_id
    return [{"functionResponse": response}, *files]


def _file(part: FilePart, notices: list[Notice]) -> Block | None:
    """A file as the model can read it, or None and a notice where it cannot."""
    if part.mime in _IMAGES or part.mime == "application/pdf":
        name = PurePosixPath(part.name).name or "file"
        return {"inlineData": {"mimeType": part.mime, "data": _base64(part.data), "displayName": name}}
    if _is_text(part):
        return {"text": _decoded(part)}
    notices.append(Notice(f"@{part.name} was not sent: Gemini models do not take {part.mime}.", part.line))
    return None


def _is_text(part: FilePart) -> bool:
    return part.mime.startswith("text/") or part.mime in _TEXT_LIKE or part.mime.endswith(("+json", "+xml"))


def _decoded(part: FilePart) -> str:
    return part.data.decode("utf-8", "replace")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
