"""What servers send, as text of a chat: results of calls, resources, the messages of a prompt.

It is data and never anything else; whoever writes it into a buffer protects the buffer's grammar from it.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import mimetypes
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from flemma_py.model.tool import ToolOutcome

log = logging.getLogger(__name__)


class Keep:
    """Where images, sounds and other bytes go that no text can hold: a folder for the owner alone, made late."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0

    def __call__(self, data: str, mime: str) -> str:
        """Write base64 `data` to a file and name it; what it is, where it cannot be written."""
        try:
            content = base64.b64decode(data, validate=True)
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="flemma-mcp-"))
            self._count += 1
            path = self._folder / f"{self._count}{mimetypes.guess_extension(mime) or '.bin'}"
            path.write_bytes(content)
        except (binascii.Error, ValueError, OSError) as error:
            log.warning("what a server sent as %s cannot be kept: %s", mime, error)
            return f"[{mime}, which could not be kept: see the log]"
        return f"[{mime}, {len(content):,} bytes, in {path}]"


def outcome(result: Any, keep: Keep) -> ToolOutcome:
    """The result of a call (`CallToolResult`)."""
    parts = [_block(block, keep) for block in result.content]
    if not any(parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False, indent=2)]
    return ToolOutcome("\n".join(part for part in parts if part), is_error=bool(result.is_error))


def resource(contents: Iterable[Any], keep: Keep) -> str:
    """The text of a resource that was read."""
    return "\n".join(_contents(each, keep) for each in contents)


@dataclass(frozen=True, slots=True)
class PromptMessage:
    """One message that a prompt of a server stands for."""

    role: Literal["user", "assistant"]
    text: str


def messages(found: Sequence[Any], keep: Keep) -> list[PromptMessage]:
    """The messages of a prompt; those of one role in a row are one."""
    told: list[PromptMessage] = []
    for message in found:
        text = _block(message.content, keep)
        if told and told[-1].role == message.role:
            told[-1] = PromptMessage(message.role, f"{told[-1].text}\n\n{text}")
        else:
            told.append(PromptMessage(message.role, text))
    return told


def _block(block: Any, keep: Keep) -> str:
    match block.type:
        case "text":
            return str(block.text)
        case "image" | "audio":
            return keep(block.data, block.mime_type)
        case "resource":
            return _contents(block.resource, keep)
        case "resource_link":
            about = f": {block.description}" if block.description else ""
            return f"[resource {block.name}, {block.uri}{about}]"
        case other:
            return f"[{other}: not known]"


def _contents(each: Any, keep: Keep) -> str:
    text = getattr(each, "text", None)
    return str(text) if text is not None else keep(each.blob, each.mime_type or "application/octet-stream")
