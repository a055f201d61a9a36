"""Code actions as tables: what the editor does by a command of ours, and what an edit does."""

from __future__ import annotations

from typing import Any

from flemma_py.lsp.chat import Chat
from flemma_py.lsp.shapes import Table, workspace_edit


def command(title: str, name: str, kind: str, **arguments: Any) -> Table:
    """An action that the editor's `flemma.NAME` does."""
    told = {"title": title, "command": f"flemma.{name}", "arguments": [arguments]}
    return {"title": title, "kind": kind, "command": told}


def change(chat: Chat, title: str, kind: str, *edits: Table) -> Table:
    """An action that is an edit. A buffer without a file has no address, so there a command of ours makes it."""
    if not chat.uri:
        return command(title, "edit", kind, edits=list(edits))
    return {"title": title, "kind": kind, "edit": workspace_edit(chat.uri, edits)}
