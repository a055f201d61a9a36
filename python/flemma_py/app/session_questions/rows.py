"""A session's row under the names that Lua's `list()` has."""

from __future__ import annotations

from typing import Any

from flemma_py.sessions.questions import Row


def told(row: Row) -> dict[str, Any]:
    """What is not known is left out: Lua has nil for that."""
    found = {
        "id": row.sid,
        "title": row.title,
        "subtitle": row.preview,
        "parent_id": row.parent,
        "updated_at_ms": int(row.updated * 1000),
        "created_at_ms": int(row.created * 1000),
        "size_bytes": row.text_bytes,
        "chat_path": row.chat_path,
        "status": "damaged" if row.damage else row.state,
        "model": row.model,
        "turns": row.turns,
        "cost": row.cost,
        "pinned": row.pinned,
    }
    return {"cwd": row.cwd} | {name: value for name, value in found.items() if value not in (None, "")}
