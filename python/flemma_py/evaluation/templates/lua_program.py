"""One message as one Lua program: texts are calls, code stands for itself, each expression is a guarded function.

The program has its own lines; `Lines` leads from them back to the pieces.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from flemma_py.evaluation.templates.failure import Place
from flemma_py.evaluation.templates.lua_values import to_bytes, to_text
from flemma_py.evaluation.templates.pieces import Kind, Piece

UNCLOSED = re.compile(r"('\w+') expected \(to close ('\w+') at line (\d+)\) near .*", re.DOTALL)
POSITION = re.compile(r"^(\w+):(\d+): ", re.ASCII)
KEYWORDS = frozenset(
    {
        "and",
        "break",
        "do",
        "else",
        "elseif",
        "end",
        "false",
        "for",
        "function",
        "goto",
        "if",
        "in",
        "local",
        "nil",
        "not",
        "or",
        "repeat",
        "return",
        "then",
        "true",
        "until",
        "while",
    }
)
_NAME = re.compile(r"(?<![\w.:])[A-Za-z_]\w*", re.ASCII)
_QUOTED = re.compile(r"(?:near|global|local|field|method|upvalue) '([^']+)'")
_QUOTED_ANY = re.compile(r"'([^']+)'")
_HEAD = "local __text, __expression, __elsewhere = ...\n"


_SOURCES: dict[str, tuple[str | None, str]] = {}
_MOST_SOURCES = 20_000


def expression_source(code: str, check: Callable[[bytes], Any]) -> tuple[str | None, str]:
    """The source that `code` is compiled from if it is an expression, else None and what is wrong. `check` asks Lua;
    the answer does not depend on its state, so it is kept."""
    known = _SOURCES.get(code)
    if known is None:
        answer = check(to_bytes(code))
        known = (to_text(answer), "") if isinstance(answer, bytes) else (None, to_text(answer[1]))
        if len(_SOURCES) > _MOST_SOURCES:
            _SOURCES.clear()
        _SOURCES[code] = known
    return known


def names_in(code: str) -> list[str]:
    """The names that stand in Lua code, strings and comments included."""
    return sorted(set(_NAME.findall(code)) - KEYWORDS)


def word_in(message: str) -> str | None:
    """The word of the code that a message of Lua's is about."""
    found = _QUOTED.search(message) or _QUOTED_ANY.search(message)
    return found[1] if found and not found[1].startswith("<") else None


class Program:
    """Built piece by piece. `source` is the code, `starts` the line at which each piece begins (from 1)."""

    def __init__(self) -> None:
        self._parts = [_HEAD]
        self._line = 2
        self.starts: list[int] = []

    @property
    def source(self) -> bytes:
        return to_bytes("".join(self._parts))

    def text(self, number: int) -> None:
        self._add(f"__text({number + 1})\n")

    def code(self, piece: Piece) -> None:
        self._add(piece.text + "\n")

    def expression(self, number: int, source: str) -> None:
        self._add(f"__expression({number + 1}, function() return {source} end)\n")

    def elsewhere(self, number: int, names: Sequence[str] = ()) -> None:
        # A function each, because asking for a name that nobody knows is an error.
        known = [(name, "nil" if name in KEYWORDS else name) for name in names]
        values = "".join(f", '{name}', function() return {code} end" for name, code in known)
        self._add(f"__elsewhere({number + 1}{values})\n")

    def _add(self, source: str) -> None:
        self.starts.append(self._line)
        self._parts.append(source)
        self._line += source.count("\n")


def piece_at(starts: Sequence[int], line: int) -> int:
    """The number of the piece that the program's line belongs to."""
    return max(bisect_right(starts, line) - 1, 0)


def place_at(pieces: Sequence[Piece], starts: Sequence[int], line: int, word: str | None) -> Place:
    """Where the program's line stands in the text."""
    number = piece_at(starts, line)
    before = [n for n in range(number, -1, -1) if pieces[n].kind in (Kind.CODE, Kind.EXPRESSION)]
    if not before:
        return pieces[number].place
    return pieces[before[0]].place_of(line - starts[before[0]] if before[0] == number else 0, word)
