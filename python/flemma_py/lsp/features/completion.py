"""Completion: what each source of `completions/` offers at the cursor."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from flemma_py.lsp.chat import Answer, Chat, Feature, Params, place_of
from flemma_py.lsp.questions import QUESTIONS, Browse
from flemma_py.registry import discover


@cache
def sources() -> list[Any]:
    return [source for _, source in discover("flemma_py.lsp.completions", "SOURCE")]


def complete(chat: Chat, params: Params) -> Answer:
    if chat.busy:
        return None
    for source in sources():
        found = source(chat, *place_of(params))
        if isinstance(found, Browse):
            return Browse(found.path, partial(_listed, found.then))
        assert not isinstance(found, QUESTIONS)
        if found is not None:
            return _list(found)
    return None


def _listed(then: Any, entries: Any) -> Answer:
    return _list(then(entries))


def _list(items: Any) -> Answer:
    return {"isIncomplete": False, "items": items}


FEATURE = Feature(
    {"completionProvider": {"triggerCharacters": ["@", "/", ".", '"', "'", "$"]}}, {"textDocument/completion": complete}
)
