"""A request's body as a person reads it: indented, without what only fills the screen. Pure."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from flemma_py.app.diagnostics.prefix import MARK, UNSEEN

_LONGEST_DATA = 2_000
"""Characters from which a text without a blank is taken for the data of a file."""
_SHOWN = 40


def pretty(body: bytes, *, normalized: bool) -> str:
    """The body with indentation; files in it are told by their size and sum. `normalized`: only what a cache looks at,
    keys in alphabetical order, and texts line by line."""
    value = _shortened(orjson.loads(body))
    options = orjson.OPT_INDENT_2
    if normalized:
        value = _lines({key: each for key, each in value.items() if key not in UNSEEN})
        options |= orjson.OPT_SORT_KEYS
    return orjson.dumps(value, option=options).decode()


def _shortened(value: Any) -> Any:
    match value:
        case dict():
            return {key: _shortened(each) for key, each in value.items()}
        case list():
            return [_shortened(each) for each in value]
        case str() if len(value) > _LONGEST_DATA and not any(blank in value for blank in " \n\t"):
            digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:12]
            return f"{value[:_SHOWN]}… ({len(value):,} characters, sha256 {digest})"
        case _:
            return value


def _lines(value: Any) -> Any:
    match value:
        case dict():
            return {key: _lines(each) for key, each in value.items() if key != MARK}
        case list():
            return [_lines(each) for each in value]
        case str() if "\n" in value:
            return value.split("\n")
        case _:
            return value
