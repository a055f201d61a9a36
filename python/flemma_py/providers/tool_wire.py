"""Tool names and call ids as the wires allow them: letters, digits, `_` and `-`.

Names are mapped back when the model calls. Ids are not: the wire's id is only ever compared within one request, and
what the chat shows is the id the model gave.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_ID = 64


def wire_name(name: str) -> str:
    """`slack:post` as `slack__post`."""
    return name.replace(":", "__")


def house_name(name: str) -> str:
    """`slack__post` as `slack:post`. A tool whose own name has two underscores comes back with a colon too: whoever
    looks a called tool up compares `wire_name` of both."""
    return name.replace("__", ":")


def normalised_id(id: str) -> str:
    """`id` with only what the wire allows; never empty."""
    return _FORBIDDEN.sub("_", id)[:_LONGEST_ID].rstrip("_") or "call"


class WireIds:
    """Gives each call of a request an id of its own, in order of the chat, so that earlier ones never change while
    the chat grows. Two calls share one neither when their ids differ only in forbidden characters, nor when a chat
    repeats an id. `normalised` says what a wire allows."""

    def __init__(self, normalised: Callable[[str], str] = normalised_id) -> None:
        self._normalised = normalised
        self._taken: set[str] = set()

    def next(self, id: str) -> str:
        wanted = candidate = self._normalised(id)
        number = 1
        while candidate in self._taken:
            number += 1
            suffix = f"_{number}"
            candidate = wanted[: max(_LONGEST_ID, len(wanted)) - len(suffix)] + suffix
        self._taken.add(candidate)
        return candidate
