"""Document links: the files that a chat names. Whether they are there is not looked at before one is followed."""

from __future__ import annotations

from flemma_py.lsp.chat import Answer, Chat, Feature, Params, resolved, uri_of
from flemma_py.lsp.shapes import extent
from flemma_py.lsp.spots import files


def links(chat: Chat, params: Params) -> Answer:
    return [
        {"range": extent(file.span), "target": uri_of(resolved(chat, file.paths[0]))}
        for file in files(chat)
        if not file.paths[0].startswith("urn:")
    ]


FEATURE = Feature({"documentLinkProvider": {"resolveProvider": False}}, {"textDocument/documentLink": links})
