"""Folding ranges, for editors whose folds come from a language server. What waits for a verdict does not fold."""

from __future__ import annotations

from flemma_py.document.outline import outline
from flemma_py.lsp.chat import Answer, Chat, Feature, Params


def folding(chat: Chat, params: Params) -> Answer:
    return [
        {"startLine": entry.first, "endLine": entry.last, "kind": "region"}
        for entry in outline(chat.document)
        if entry.first < entry.last and (entry.level > 1 or entry.kind == "message")
    ]


FEATURE = Feature({"foldingRangeProvider": True}, {"textDocument/foldingRange": folding})
