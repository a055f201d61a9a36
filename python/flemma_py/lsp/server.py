"""The server without its world: which methods it knows, and what it says to one about one chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flemma_py.lsp.chat import Answer, Chat, Feature, Params
from flemma_py.registry import discover

SYNC = {"openClose": False, "change": 0, "save": False}
"""The text is not sent again: the host has it."""


@cache
def features() -> tuple[Feature, ...]:
    return tuple(feature for _, feature in discover("flemma_py.lsp.features", "FEATURE"))


@cache
def methods() -> Mapping[str, Callable[[Chat, Params], Answer]]:
    return {method: answer for feature in features() for method, answer in feature.answers.items()}


def initialized() -> dict[str, Any]:
    """The answer to `initialize`."""
    capabilities: dict[str, Any] = {"positionEncoding": "utf-8", "textDocumentSync": SYNC}
    for feature in features():
        capabilities |= feature.capability
    return {"capabilities": capabilities, "serverInfo": {"name": "flemma"}}


def answer(method: str, chat: Chat, params: Params) -> Answer:
    """What is said to a request, None for a method that is not known."""
    found = methods().get(method)
    return found(chat, params) if found else None
