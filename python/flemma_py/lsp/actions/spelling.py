"""Put the right name into the place of a misspelt tool, preset or setting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from flemma_py.document.text import byte_width
from flemma_py.lsp.action_shapes import change
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.questions import FindSlips, Slip
from flemma_py.lsp.shapes import edit
from flemma_py.model.document import Span


def spelling(chat: Chat, first: int, last: int) -> Answer:
    front = chat.document.frontmatter
    if chat.busy or front is None or first > front.span.end_line:
        return None
    return FindSlips(partial(_offers, chat, first, last))


def _offers(chat: Chat, first: int, last: int, slips: Sequence[Slip]) -> Any:
    found = []
    for slip in slips:
        if not first <= slip.line <= last or slip.line >= len(chat.lines):
            continue
        text = chat.lines[slip.line]
        match = re.search(rf"(?<![\w$]){re.escape(slip.wrong)}(?!\w)", text)
        if match:
            start = byte_width(text[: match.start()])
            span = Span(slip.line, start, slip.line, start + byte_width(match[0]))
            title = f"Change {slip.wrong} to {slip.right}"
            found.append({**change(chat, title, "quickfix", edit(span, slip.right)), "isPreferred": True})
    return found


ACTIONS = spelling
