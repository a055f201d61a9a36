"""Where in the bytes of a JSON text a value stands, by its path. Pure.

The text is taken to be right: it is one that we encoded.
"""

from __future__ import annotations

import re

import orjson

Path = tuple[str | int, ...]
"""Keys of objects and indices of arrays, from the outermost in."""

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN = re.compile(rb"\s*(" + _STRING + rb"|[{}\[\],:]|[^\s{}\[\],:\"]+)", re.DOTALL)
_BRACKET = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def written(path: Path) -> str:
    """A path as people write it: `messages[3].content`."""
    parts = [_step(step) for step in path]
    return "".join(parts).removeprefix(".") or "the whole"


def span_of(text: bytes, path: Path) -> tuple[int, int]:
    """First byte of the value at `path`, and the one behind its last. Raises KeyError where there is none."""
    start = _token(text, 0)[0]
    for step in path:
        start = _child(text, start, step)
    return start, _end(text, start)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{orjson.dumps(step).decode()}]"


def _token(text: bytes, at: int) -> tuple[int, int]:
    """The token at or behind `at`."""
    found = _TOKEN.match(text, at)
    if found is None:
        raise KeyError(f"no token at byte {at}")
    return found.span(1)


def _end(text: bytes, start: int) -> int:
    if text[start : start + 1] not in (b"{", b"["):
        return _token(text, start)[1]
    depth = 0
    for found in _BRACKET.finditer(text, start):
        bracket = found[0]
        depth += bracket in (b"{", b"[")
        depth -= bracket in (b"}", b"]")
        if depth == 0:
            return found.end()
    raise KeyError(f"no end of what begins at byte {start}")


def _child(text: bytes, start: int, step: str | int) -> int:
    """Where the value of one step begins, in the object or array that begins at `start`."""
    is_object = text[start : start + 1] == b"{"
    if is_object is not isinstance(step, str) or text[start : start + 1] not in (b"{", b"["):
        raise KeyError(step)
    at, index = start + 1, 0
    while True:
        first, last = _token(text, at)
        if text[first:last] in (b"}", b"]"):
            raise KeyError(step)
        name: str | int = index
        if is_object:
            name = orjson.loads(text[first:last])
            first = _token(text, _token(text, last)[1])[0]
        if name == step:
            return first
        comma = _token(text, _end(text, first))
        if text[comma[0] : comma[1]] != b",":
            raise KeyError(step)
        at, index = comma[1], index + 1
