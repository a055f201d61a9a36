"""Names of servers' tools as chats and wires have them: `server:tool`, with what wires allow. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from flemma_py.providers.tool_wire import wire_name

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")
LONGEST = 64
"""Characters of a name on the narrowest wire."""
_SUM = 6


def tool_names(server: str, tools: Iterable[str]) -> dict[str, str]:
    """Ours by theirs, in their order. A name that a wire would not take is told apart by a sum of the real one, so that
    it stays the same whatever other tools there are."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for tool in tools:
        name = f"{_plain(server)}:{_plain(tool)}"
        if name != f"{server}:{tool}" and (_plain(tool) != tool or not tool):
            name = _marked(name, tool)
        if len(wire_name(name)) > LONGEST or wire_name(name) in taken:
            name = _marked(name, tool)
        taken.add(wire_name(name))
        names[tool] = name
    return names


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("_", text)


def _marked(name: str, tool: str) -> str:
    mark = "_" + hashlib.sha256(tool.encode("utf-8", "surrogatepass")).hexdigest()[:_SUM]
    # The colon has two characters on the wire.
    return name[: LONGEST - len(mark) - 1] + mark
