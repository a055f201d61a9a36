"""Hover: what a file of `hovers/` tells of the spot at the cursor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any

from flemma_py.lsp.chat import Answer, Chat, Feature, Params, place_of
from flemma_py.lsp.questions import QUESTIONS
from flemma_py.lsp.shapes import markdown
from flemma_py.lsp.spots import spot_at
from flemma_py.registry import discover


@cache
def hovers() -> list[Callable[..., Any]]:
    return [each for _, each in discover("flemma_py.lsp.hovers", "HOVER")]


def hover(chat: Chat, params: Params) -> Answer:
    spot = spot_at(chat, *place_of(params))
    if spot is None:
        return None
    return next((_told(found) for each in hovers() if (found := each(chat, spot)) is not None), None)


def _told(found: Any) -> Answer:
    if isinstance(found, QUESTIONS):
        return replace(found, then=partial(_after, found.then))
    return {"contents": markdown(*found)}


def _after(then: Callable[[Any], Any], result: Any) -> Answer:
    return _told(then(result))


FEATURE = Feature({"hoverProvider": True}, {"textDocument/hover": hover})
