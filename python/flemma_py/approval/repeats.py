"""A model that goes round in circles: the same call with the same result, again and again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flemma_py.document.query import result_for, tool_uses
from flemma_py.model.document import Document

MOST = 3
"""How often the same may come of the same before it is stopped."""


def canonical(input: Any) -> str:
    """A call's input as a text that does not depend on the order of its keys."""
    return json.dumps(input, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def repeated(calls: Iterable[tuple[str, Any, str]], tool: str, input: Any) -> int:
    """How often, at the end of `calls` (tool, input, result), this call was made with the same result each time.
    Another call of the same tool, or another result, begins the count anew; calls of other tools do not."""
    wanted = canonical(input)
    count, result = 0, ""
    for each, given, came in calls:
        if each != tool:
            continue
        same = canonical(given) == wanted
        if same and (not count or came == result):
            count, result = count + 1, came
        else:
            count, result = (1, came) if same else (0, "")
    return count


def stop(document: Document, tool: str, input: Any, most: int = MOST) -> str:
    """Why a call should not be made once more without the owner, or nothing."""
    done = []
    for found in tool_uses(document):
        result = result_for(document, found.use.id)
        if result is not None and (result.result.status is None or result.result.is_error):
            done.append((found.use.name, found.use.input, result.result.content))
    count = repeated(done, tool, input)
    return f"stopped: {tool} was called {count} times with the same input and the same result" if count >= most else ""
