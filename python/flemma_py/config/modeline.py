"""Words of a command line as values: `anthropic claude-x temperature=0.3 stop="a b",c`.

Reads what a person typed; what the keys mean is others' business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r"([A-Za-z0-9_]+)=")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', re.DOTALL)
_WORDS = {"true": True, "false": False, "nil": None, "null": None}
_HEX = re.compile(r"[+-]?0[xX][0-9A-Fa-f]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Modeline:
    """`words` stand without a key, as they were written (quotes taken off); `named` have their types. None means that
    the key is to be cleared."""

    words: tuple[str, ...]
    named: dict[str, Any]


def parse(line: str) -> Modeline:
    """Never raises: a quote that stays open is an ordinary character."""
    words: list[str] = []
    named: dict[str, Any] = {}
    for token in tokens(line):
        if key := _KEY.match(token):
            named[key[1]] = typed(token[key.end() :])
        else:
            words.append(_unquoted(token) if _QUOTED.fullmatch(token) else token)
    return Modeline(tuple(words), named)


def tokens(line: str) -> Iterator[str]:
    """The pieces between blanks; blanks inside of quotes part nothing."""
    current = ""
    position = 0
    while position < len(line):
        quoted = _QUOTED.match(line, position) if not current or current[-1] in "=," else None
        if quoted:
            current += quoted[0]
            position = quoted.end()
            continue
        if not line[position].isspace():
            current += line[position]
        elif current:
            yield current
            current = ""
        position += 1
    if current:
        yield current


def typed(text: str) -> Any:
    """A value: nothing is None, commas outside of quotes make a list, what is quoted stays a text."""
    items = _items(text)
    return _scalar(items[0]) if len(items) == 1 else [_scalar(item) for item in items]


def _items(text: str) -> list[str]:
    items = [""]
    position = 0
    while position < len(text):
        quoted = _QUOTED.match(text, position) if not items[-1] else None
        if quoted:
            items[-1] = quoted[0]
            position = quoted.end()
        elif text[position] == ",":
            items.append("")
            position += 1
        else:
            items[-1] += text[position]
            position += 1
    return items


def _scalar(text: str) -> Any:
    if not text or text in _WORDS:
        return _WORDS.get(text)
    if _QUOTED.fullmatch(text):
        return _unquoted(text)
    if _HEX.fullmatch(text):
        return int(text, 16)
    if _INTEGER.fullmatch(text):
        # More digits than Python reads at once are no number that anybody meant.
        return int(text) if len(text) < 300 else text
    return float(text) if _NUMBER.fullmatch(text) else text


def _unquoted(text: str) -> str:
    quote = re.escape(text[0])
    return re.sub(rf"\\({quote}|\\)", r"\1", text[1:-1])
