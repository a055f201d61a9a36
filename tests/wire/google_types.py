"""Checks a body of `streamGenerateContent` against Google's own types, which know every key, and against what its SDK
says that each of the two services takes."""

from __future__ import annotations

import json
from typing import Any

from google.genai import models, types

_KNOWN = {"contents", "generationConfig", "systemInstruction", "toolConfig", "tools"}


def assert_google_accepts(body: dict[str, Any], *, vertex: bool) -> None:
    """Raises where the SDK's types do not know a key or a value, or where the service does not take it."""
    assert body.keys() <= _KNOWN, sorted(body.keys() - _KNOWN)
    content_to_service: Any = models._Content_to_vertex if vertex else models._Content_to_mldev
    tool_to_service: Any = models._Tool_to_vertex if vertex else models._Tool_to_mldev
    for content in [*body["contents"], *([body["systemInstruction"]] if "systemInstruction" in body else [])]:
        content_to_service(_read(types.Content, content))
    for tool in body.get("tools", ()):
        tool_to_service(_read(types.Tool, tool))
    _read(types.GenerationConfig, body["generationConfig"])
    if "toolConfig" in body:
        _read(types.ToolConfig, body["toolConfig"])


def _read(kind: Any, value: dict[str, Any]) -> Any:
    """JSON and not Python: bytes are base64 on the wire."""
    return kind.model_validate_json(json.dumps(value))
