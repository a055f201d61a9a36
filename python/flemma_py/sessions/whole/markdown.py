"""A session as a document to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flemma_py.journal.messages import Message, blocks
from flemma_py.journal.tags import moment
from flemma_py.sessions.whole.session import Session

_TICKS = re.compile(r"`{3,}")


def export_session_markdown(session: Session) -> str:
    """All that is said in it, with tool calls and results in fences."""
    said = session.said or session.messages
    lines = [
        f"# {session.title}",
        "",
        f"- **ID**: {session.id}",
        f"- **Created**: {moment(session.created_at)}",
        f"- **Updated**: {moment(session.updated_at)}",
        f"- **Vendor**: {session.vendor}",
        f"- **Endpoint**: {session.endpoint}",
        f"- **Model**: {session.model}",
        f"- **Messages**: {len(said)}",
        "",
    ]
    for message in said:
        lines += ["---", "", f"## {str(message.get('role', '')).capitalize()}", "", *_content(message)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _content(message: Message) -> Iterator[str]:
    for block in blocks(message):
        match block.get("type", "text"):
            case "text":
                yield from (str(block.get("text", "")), "")
            case "tool_use":
                yield from (f"**Tool call**: {_name(block)}", "", *_fenced(_json(block.get("input")), "json"), "")
            case "tool_result":
                title = "Tool error" if block.get("is_error") else "Tool result"
                output = block.get("output", block.get("content", ""))
                text = output if isinstance(output, str) else _json(output)
                yield from (f"**{title}**: {_name(block)}", "", *_fenced(text), "")
            case "image":
                yield from ("*(an image)*", "")


def _name(block: Mapping[str, Any]) -> str:
    return str(block.get("tool_name") or block.get("name") or block.get("tool_id") or "tool")


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _fenced(text: str, language: str = "") -> list[str]:
    """In a fence that is longer than all that are in the text."""
    fence = "`" * max([3, *(len(each) + 1 for each in _TICKS.findall(text))])
    return [f"{fence}{language}", text.rstrip("\n"), fence]
