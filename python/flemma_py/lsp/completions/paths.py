"""Paths behind `@./` and in `include("…")`, one folder at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from urllib.parse import unquote

from flemma_py.document.query import message_at
from flemma_py.document.references import encoded
from flemma_py.document.text import byte_width
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.code import includes
from flemma_py.lsp.questions import Browse
from flemma_py.lsp.shapes import ItemKind, item
from flemma_py.lsp.template_text import code_before
from flemma_py.model.document import Role, Span
from flemma_py.model.reading import Entry

_BEGUN = re.compile(r"(?:^|[^\w])@((?:\.\.?|~|/)/[^\s]*)$")


def paths(chat: Chat, line: int, column: int) -> Answer:
    before = chat.before(line, column)
    if (code := code_before(chat, line, column)) is not None:
        found = next((each for each in includes(code) if each.is_open and each.end == len(code)), None)
        if found is None:
            return None
        return _browse(found.path, line, column, is_reference=False)
    index = message_at(chat.document, line)
    if index is None or chat.document.messages[index].role is Role.ASSISTANT:
        return None
    begun = _BEGUN.search(before)
    if begun is None or ";type=" in begun[1]:
        return None
    written = begun[1]
    # Two slashes are one that makes the path absolute.
    return _browse(written[1:] if written.startswith("//") else written, line, column, is_reference=True)


def _browse(written: str, line: int, column: int, *, is_reference: bool) -> Browse:
    folder, _, begun = written.rpartition("/")
    span = Span(line, column - byte_width(begun), line, column)
    if is_reference:
        folder, begun = (unquote(each.replace("+", " "), errors="surrogateescape") for each in (folder, begun))
    folder = folder or ("/" if written.startswith("/") else ".")
    return Browse(folder, partial(_items, span, begun, is_reference))


def _items(span: Span, begun: str, is_reference: bool, entries: Sequence[Entry]) -> Answer:
    found = []
    for entry in entries:
        if entry.name.startswith(".") and not begun.startswith("."):
            continue
        text = encoded(entry.name) if is_reference else entry.name.replace("\\", "\\\\").replace('"', '\\"')
        kind = ItemKind.FOLDER if entry.is_folder else ItemKind.FILE
        # Folders first.
        order = f"{0 if entry.is_folder else 1}{entry.name}"
        name = entry.name + "/" * entry.is_folder
        found.append(item(name, kind, span, text=text + "/" * entry.is_folder, sortText=order))
    return found


SOURCE = paths
