"""JSON for other programs: every part in its order, results where they stand.

    {"format": "flemma-chat", "version": 1, "title", "facts": {…}, "frontmatter": {"language", "code"} | null,
     "messages": [{"role": "system" | "user" | "assistant", "parts": [{"type": …}, …]}, …]}

Parts: text {text}, expression {code}, code {code}, thinking {text, provider, signature, redacted}, tool_use {id, name,
input | raw}, tool_result {id, text, status, is_error}, aborted {text}, checkpoint.
"""

from __future__ import annotations

import json
from typing import Any, assert_never

from flemma_py.exporters.transcript import Format, Transcript
from flemma_py.model.document import (
    Aborted,
    Checkpoint,
    Code,
    Expression,
    Role,
    Segment,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
)

ROLES = {Role.SYSTEM: "system", Role.YOU: "user", Role.ASSISTANT: "assistant"}


def write(transcript: Transcript) -> str:
    document, front = transcript.document, transcript.document.frontmatter
    messages = [
        {"role": ROLES[message.role], "parts": [part(each) for each in message.segments]}
        for message in document.messages
    ]
    whole = {
        "format": "flemma-chat",
        "version": 1,
        "title": transcript.heading.title,
        "facts": dict(transcript.heading.facts),
        "frontmatter": None if front is None else {"language": front.language, "code": front.code},
        "messages": messages,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


def part(segment: Segment) -> dict[str, Any]:
    match segment:
        case Text(value):
            return {"type": "text", "text": value}
        case Expression(code):
            return {"type": "expression", "code": code}
        case Code(code):
            return {"type": "code", "code": code}
        case Thinking(content, provider, signature, redacted):
            found = {"type": "thinking", "text": content, "provider": provider, "signature": signature}
            return {**found, "redacted": redacted}
        case ToolUse(id, name, value, raw):
            given = {"input": value} if isinstance(value, dict) else {"raw": raw}
            return {"type": "tool_use", "id": id, "name": name, **given}
        case ToolResult(id, content, status):
            state = {"status": status.value if status else None, "is_error": segment.is_error}
            return {"type": "tool_result", "id": id, "text": content, **state}
        case Aborted(message):
            return {"type": "aborted", "text": message}
        case Checkpoint():
            return {"type": "checkpoint"}
        case _:
            assert_never(segment)


FORMAT = Format("json", (".json",), write)
