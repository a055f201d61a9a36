"""What `extra_body` may hold: any field of a request but those that the chat itself decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flemma_py.config.thinking import Problem

_OF_THE_CHAT = ("messages", "model", "stream", "tools")


def extra_body_problem(value: Any) -> Problem | None:
    """The first thing wrong with a value of `extra_body`, None where it is in order."""
    if not isinstance(value, Mapping):
        return None if value == [] else Problem("", "must be a table of fields of the request")
    mine = next((name for name in value if name in _OF_THE_CHAT), None)
    return None if mine is None else Problem(mine, "is what the chat itself says: it cannot be set")
