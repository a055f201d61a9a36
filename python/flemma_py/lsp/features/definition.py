"""Definition: from a call to its result and back, from a variable to what gives it a value, from a name to its file."""

from __future__ import annotations

from functools import partial

from flemma_py.document.query import result_for, use_for
from flemma_py.lsp.chat import Answer, Chat, Feature, Params, place_of, uri_of
from flemma_py.lsp.questions import Glance
from flemma_py.lsp.shapes import location
from flemma_py.lsp.spots import File, Front, Template, Tool, spot_at
from flemma_py.lsp.variables import definitions
from flemma_py.model.reading import Glimpse, Refused


def definition(chat: Chat, params: Params) -> Answer:
    match spot_at(chat, *place_of(params)):
        case Tool(id, is_result=True):
            use = use_for(chat.document, id)
            return location(chat.uri, use.span) if use else None
        case Tool(id, is_result=False):
            result = result_for(chat.document, id)
            return location(chat.uri, result.span) if result else None
        case File() as file:
            return Glance(file.paths, partial(_file, chat))
        case Template(word=word) | Front(word=word) if word is not None:
            found = definitions(chat).get(word.name)
            return location(chat.uri, found.span) if found else None
    return None


def _file(chat: Chat, found: Glimpse | Refused) -> Answer:
    """A file that was not allowed is opened all the same: the user reads it, not the chat."""
    if isinstance(found, Glimpse):
        return location(uri_of(found.path))
    return location(uri_of(found.ask)) if found.ask else None


FEATURE = Feature({"definitionProvider": True}, {"textDocument/definition": definition})
