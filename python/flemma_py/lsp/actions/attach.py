"""Attach a file as text, whatever it looks like."""

from __future__ import annotations

from functools import partial
from typing import Any

from flemma_py.lsp.action_shapes import change
from flemma_py.lsp.chat import Answer, Chat
from flemma_py.lsp.questions import Glance
from flemma_py.lsp.shapes import edit
from flemma_py.lsp.spots import File, files
from flemma_py.model.document import Span
from flemma_py.model.reading import Glimpse, Refused

TEXT = ";type=text/plain"


def attach(chat: Chat, first: int, last: int) -> Answer:
    if chat.busy:
        return None
    found = [each for each in files(chat) if first <= each.span.line <= last and not each.is_include and not each.mime]
    # One is asked about: who selects a page of them wants something else.
    return Glance(found[0].paths, partial(_offer, chat, found[0])) if found else None


def _offer(chat: Chat, file: File, found: Glimpse | Refused) -> Any:
    if isinstance(found, Refused) and found.ask is None:
        return None
    span = file.span
    end = Span(span.end_line, span.end_column, span.end_line, span.end_column)
    name = file.paths[0].rpartition("/")[2]
    return [change(chat, f"Attach {name} as text", "refactor", edit(end, TEXT))]


ACTIONS = attach
