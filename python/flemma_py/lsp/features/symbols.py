"""Document symbols: the outline of a chat, which `gO` shows."""

from __future__ import annotations

from flemma_py.document.outline import Entry, outline
from flemma_py.lsp.chat import Answer, Chat, Feature, Params
from flemma_py.lsp.shapes import SymbolKind, Table, whole_lines

KINDS = {
    "frontmatter": SymbolKind.OBJECT,
    "message": SymbolKind.NAMESPACE,
    "thinking": SymbolKind.STRING,
    "tool_use": SymbolKind.FUNCTION,
    "tool_result": SymbolKind.EVENT,
}
LONGEST = 60
"""Characters of what a message says."""


def symbols(chat: Chat, params: Params) -> Answer:
    found: list[Table] = []
    for entry in outline(chat.document):
        symbol = _symbol(chat, entry)
        if entry.kind in ("message", "frontmatter"):
            found.append(symbol)
        else:
            found[-1].setdefault("children", []).append(symbol)
    return found


def _symbol(chat: Chat, entry: Entry) -> Table:
    return {
        "name": _name(entry),
        "kind": int(KINDS[entry.kind]),
        "range": whole_lines(entry.first, entry.last, len(chat.lines[entry.last].encode("utf-8", "surrogateescape"))),
        "selectionRange": whole_lines(entry.first, entry.first),
    }


def _name(entry: Entry) -> str:
    said = entry.summary if len(entry.summary) <= LONGEST else entry.summary[: LONGEST - 1] + "…"
    match entry.kind:
        case "message":
            return f"@{entry.name}: {said}".rstrip()
        case "frontmatter":
            return f"Frontmatter ({entry.name})"
        case "thinking":
            return f"Thinking: {said}"
        case "tool_use":
            return f"Tool Use: {entry.name} {said}".rstrip()
        case _:
            return f"Tool Result: {entry.name} {said}".rstrip()


FEATURE = Feature({"documentSymbolProvider": True}, {"textDocument/documentSymbol": symbols})
