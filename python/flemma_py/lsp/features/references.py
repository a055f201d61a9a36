"""References: every place of a chat that names the same call, file or variable."""

from __future__ import annotations

from flemma_py.document.query import tool_results, tool_uses
from flemma_py.lsp.chat import Answer, Chat, Feature, Params, place_of, resolved
from flemma_py.lsp.shapes import location
from flemma_py.lsp.spots import File, Front, Template, Tool, files, spot_at
from flemma_py.lsp.variables import occurrences
from flemma_py.model.document import Span


def references(chat: Chat, params: Params) -> Answer:
    with_definition = bool(params.get("context", {}).get("includeDeclaration", True))
    return [location(chat.uri, span) for span in _spans(chat, params, with_definition=with_definition)] or None


def _spans(chat: Chat, params: Params, *, with_definition: bool) -> list[Span]:
    match spot_at(chat, *place_of(params)):
        case Tool(id):
            uses = [each.span for each in tool_uses(chat.document) if each.use.id == id and with_definition]
            return uses + [each.span for each in tool_results(chat.document) if each.result.tool_use_id == id]
        case File(paths):
            wanted = resolved(chat, paths[0])
            return [each.span for each in files(chat) if resolved(chat, each.paths[0]) == wanted]
        case Template(word=word) | Front(word=word) if word is not None:
            return [
                each.span
                for each in occurrences(chat)
                if each.name == word.name and (with_definition or not each.defines)
            ]
    return []


FEATURE = Feature({"referencesProvider": True}, {"textDocument/references": references})
