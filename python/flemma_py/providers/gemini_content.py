"""Parts of a prompt as parts of the Gemini wire, and notices of what it cannot take."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from flemma_py.model.prompt import FilePart, Part, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from flemma_py.model.wire import Notice
from flemma_py.providers.gemini_signatures import signed
from flemma_py.providers.tool_wire import wire_name

Piece = dict[str, Any]

NO_SIGNATURE = "skip_thought_signature_validator"
"""What Google documents for a call that another model made: without any signature it is refused."""

_OTHER_NAMES = {"image/jpg": "image/jpeg"}
_IN_RESULTS = frozenset({"application/pdf", "image/png", "image/jpeg", "image/webp", *_OTHER_NAMES})
_FILES = _IN_RESULTS | {"image/heic", "image/heif"}
_RECORDINGS = ("audio/", "video/")
_TEXT_LIKE = frozenset({"application/json", "application/xml", "application/yaml", "application/toml"})
_SILENT_FAILURE = "The tool failed and said nothing."


@dataclass(slots=True)
class Writer:
    """Writes the parts of one request. `generation` is the model's; `names_files`: the service takes their names."""

    display_name: str
    generation: int
    names_files: bool
    notices: list[Notice] = field(default_factory=list)

    def user(self, parts: Iterable[Part], names: Mapping[str, str]) -> list[Piece]:
        """Results of tools first, as the wire demands, then the rest in its order. `names`: of the tools, by the id of
        their calls."""
        results: list[Piece] = []
        files: list[Piece] = []
        rest: list[Piece] = []
        for part in parts:
            match part:
                case ToolResultPart():
                    results.append(self._result(part, names[part.tool_use_id], files))
                case TextPart(text):
                    rest += _text(text)
                case FilePart():
                    rest += self._file(part)
        return results + files + rest

    def model(self, parts: Iterable[Part]) -> list[Piece]:
        """Text and calls in their order, each with the signature that it came with. Thoughts never go back."""
        pieces: list[Piece] = []
        called = False
        for part, signature in signed(tuple(parts)):
            match part:
                case ToolCallPart():
                    first, called = not called, True
                    if first and signature is None and self.generation >= 3:
                        signature = NO_SIGNATURE
                    pieces.append(self._call(part) | _signature(signature))
                case ThinkingPart(text) if text.strip():
                    pieces.append({"text": text, "thought": True} | _signature(signature))
                case ThinkingPart():
                    pieces.append({"text": ""} | _signature(signature))
                case TextPart(text):
                    pieces += [piece | _signature(signature) for piece in _text(text)]
                case FilePart():
                    pieces += _text(f"@{part.name}")
        return pieces

    def _call(self, part: ToolCallPart) -> Piece:
        # The wire takes objects only; what a model or a person wrote instead is still shown to the model.
        arguments = part.input if isinstance(part.input, dict) else {"value": part.input}
        return {"functionCall": self._identified(part.id) | {"name": wire_name(part.name), "args": arguments}}

    def _identified(self, id: str) -> dict[str, str]:
        """Older models tell calls apart by their order alone."""
        return {"id": id} if self.generation >= 3 else {}

    def _result(self, part: ToolResultPart, name: str, files: list[Piece]) -> Piece:
        """One result. Its files stand in it where the model can have them there, else behind all results."""
        texts: list[str] = []
        inside: list[Piece] = []
        for piece in part.parts:
            match piece:
                case TextPart(text):
                    texts.append(text)
                case FilePart() if _is_text(piece):
                    texts.append(_decoded(piece))
                case FilePart() if self.generation >= 3 and piece.data and piece.mime in _IN_RESULTS:
                    inside.append(self._blob(piece))
                case FilePart() if self.generation < 3 and _is_taken(piece):
                    files.append(self._blob(piece))
                case FilePart():
                    texts.append(self._otherwise(piece) or f"[binary file: {piece.name}]")
        said = "".join(texts)
        response = {"error": said.strip() or _SILENT_FAILURE} if part.is_error else {"output": said}
        found = self._identified(part.tool_use_id) | {"name": wire_name(name), "response": response}
        return {"functionResponse": found | ({"parts": inside} if inside else {})}

    def _file(self, part: FilePart) -> list[Piece]:
        if _is_text(part):
            return _text(_decoded(part))
        if _is_taken(part):
            return [self._blob(part)]
        return _text(self._otherwise(part) or f"@{part.name}")

    def _blob(self, part: FilePart) -> Piece:
        blob = {"mimeType": _OTHER_NAMES.get(part.mime, part.mime), "data": base64.b64encode(part.data).decode("ascii")}
        if self.names_files:
            blob["displayName"] = PurePosixPath(part.name).name or "file"
        return {"inlineData": blob}

    def _otherwise(self, part: FilePart) -> str:
        """The text of a file that the wire has no form for, empty where its bytes are none; either way it is told."""
        text = _plain_text(part)
        what = f"takes no {part.mime}" if part.data else "takes no empty file"
        becomes = "it is sent as plain text" if text else "only its name is sent"
        self.notices.append(Notice(f"{self.display_name} {what}: {becomes} ({part.name}).", part.line))
        return text


def _text(text: str) -> list[Piece]:
    text = text.rstrip()
    return [{"text": text}] if text else []


def _signature(signature: str | None) -> Piece:
    return {} if signature is None else {"thoughtSignature": signature}


def _is_taken(part: FilePart) -> bool:
    return bool(part.data) and (part.mime in _FILES or part.mime.startswith(_RECORDINGS))


def _is_text(part: FilePart) -> bool:
    return part.mime.startswith("text/") or part.mime in _TEXT_LIKE or part.mime.endswith(("+json", "+xml"))


def _decoded(part: FilePart) -> str:
    return part.data.decode("utf-8", "replace")


def _plain_text(part: FilePart) -> str:
    """The text of a file of another kind, empty where its bytes are none."""
    try:
        text = part.data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text
