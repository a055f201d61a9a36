"""A model that goes round in circles: the same call with the same result, again and again."""

from __future__ import annotations

import itertools
import json
from typing import Any

from flemma_py.document.query import results_by_id, tool_uses
from flemma_py.model.document import Document

MOST = 3
"""How often the same may come of the same before it is stopped."""


def canonical(input: Any) -> str:
    """A call's input as a text that does not depend on the order of its keys."""
    return json.dumps(input, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


class Repeats:
    """The calls of a chat that have a result, by tool and in their order. Looked through once, however many are asked
    about."""

    def __init__(self, document: Document) -> None:
        results = results_by_id(document)
        self._done: dict[str, list[tuple[str, str]]] = {}
        for found in tool_uses(document):
            result = results.get(found.use.id)
            if result is not None and (result.status is None or result.is_error):
                self._done.setdefault(found.use.name, []).append((canonical(found.use.input), result.content))

    def count(self, tool: str, input: Any) -> int:
        """How often, at the end, this call was made with the same result each time. Another call of the same tool, or
        another result, ends the row; calls of other tools do not."""
        wanted, done = canonical(input), self._done.get(tool, [])
        row = itertools.takewhile(lambda each: each == (wanted, done[-1][1]), reversed(done))
        return sum(1 for _ in row)

    def stop(self, tool: str, input: Any, most: int = MOST) -> str:
        """Why a call should not be made once more without the owner, or nothing."""
        count = self.count(tool, input)
        if count < most:
            return ""
        return f"stopped: {tool} was called {count} times with the same input and the same result"
