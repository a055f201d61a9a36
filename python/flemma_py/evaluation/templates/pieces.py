"""A text in pieces: prose, expressions, code, and what is passed on as it is; with their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from flemma_py.document.references import Reference, split_references
from flemma_py.document.template import template_pieces
from flemma_py.document.text import byte_width
from flemma_py.evaluation.templates.failure import Place

_NAME = re.compile(r"[A-Za-z_]\w*")


class Kind(Enum):
    TEXT = "t"
    EXPRESSION = "x"
    CODE = "c"
    KEPT = "k"
    """Something that is no text; `text` is the sign that stands for it until the host puts it back."""
    REFERENCE = "r"
    """`@./file` in an included text; `text` is the literal."""
    FRONTMATTER = "f"


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` is the prose or the raw code. `place` is that of the opening delimiter. `segment` is the number of the
    segment of the message that it is."""

    kind: Kind
    text: str
    place: Place = (0, 0)
    trim_before: bool = False
    trim_after: bool = False
    segment: int = -1
    reference: Reference | None = None

    @property
    def literal(self) -> str:
        """The piece as it was written."""
        if self.kind not in (Kind.EXPRESSION, Kind.CODE):
            return self.text
        before, after = "-" * self.trim_before, "-" * self.trim_after
        if self.kind is Kind.EXPRESSION:
            return f"{{{{{before}{self.text}{after}}}}}"
        return f"{{%{before}{self.text}{after}%}}"

    def place_of(self, line: int, word: str | None = None) -> Place:
        """The place of `word` (of the code itself, where it is not found) in the code's line `line`, counted from 0."""
        lines = self.text.split("\n")
        line = min(max(line, 0), len(lines) - 1)
        text = lines[line]
        opener = 2 + self.trim_before if self.kind in (Kind.CODE, Kind.EXPRESSION) else 0
        first = self.place[1] + opener if line == 0 else 0
        found = _find(text, word) if word else -1
        if found < 0:
            found = len(text) - len(text.lstrip())
        return self.place[0] + line, first + byte_width(text[:found])


def _find(text: str, word: str) -> int:
    if _NAME.fullmatch(word):
        match = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)
        return match.start() if match else -1
    return text.find(word)


def read_pieces(raw: Sequence[Sequence[Any]], sign: Callable[[int], str]) -> list[Piece]:
    """The pieces of a unit as the host sends them: texts, numbers of what is kept (`sign` gives what stands for them),
    and [is code, code, line, column, trim before, trim after, segment]."""
    pieces: list[Piece] = []
    for item in raw:
        if isinstance(item, str):
            pieces.append(Piece(Kind.TEXT, item))
        elif isinstance(item, int):
            pieces.append(Piece(Kind.KEPT, sign(item)))
        else:
            is_code, text, line, column, before, after, segment = item
            kind = Kind.CODE if is_code else Kind.EXPRESSION
            pieces.append(Piece(kind, text, (line, column), before, after, segment))
    return pieces


def split_text(text: str) -> list[Piece]:
    """An included text in pieces."""
    pieces: list[Piece] = []
    at, line, column = 0, 0, 0

    def advance(to: int) -> None:
        nonlocal at, line, column
        passed = text[at:to]
        newlines = passed.count("\n")
        line += newlines
        column = byte_width(passed[passed.rfind("\n") + 1 :]) + (0 if newlines else column)
        at = to

    for found in template_pieces(text):
        pieces += _prose(text[at : found.start], line, column)
        advance(found.start)
        kind = Kind.CODE if found.is_code else Kind.EXPRESSION
        pieces.append(Piece(kind, found.code, (line, column), found.trim_before, found.trim_after))
        advance(found.end)
    pieces += _prose(text[at:], line, column)
    return pieces


def _prose(text: str, line: int, column: int) -> Iterator[Piece]:
    for part in split_references(text, line, column):
        if isinstance(part, Reference):
            yield Piece(Kind.REFERENCE, part.raw, (part.span.line, part.span.column), reference=part)
        elif part:
            yield Piece(Kind.TEXT, part)


def trim(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces with the texts beside trimming delimiters cut. A dash takes the blanks next to it, one line end, and
    the blanks behind that; where the text has no line end, all its blanks there."""
    trimmed = list(pieces)
    for index, piece in enumerate(pieces):
        if piece.trim_before and index and trimmed[index - 1].kind is Kind.TEXT:
            text = trimmed[index - 1].text
            trimmed[index - 1] = replace(trimmed[index - 1], text=_cut_end(text))
        if piece.trim_after and index + 1 < len(pieces) and trimmed[index + 1].kind is Kind.TEXT:
            text = trimmed[index + 1].text
            trimmed[index + 1] = replace(trimmed[index + 1], text=_cut_start(text))
    return trimmed


_START = re.compile(r"[^\S\n]*(?:\n[^\S\n]*)?")


def _cut_start(text: str) -> str:
    return text[_START.match(text).end() :] if "\n" in text else text.lstrip()  # type: ignore[union-attr]


def _cut_end(text: str) -> str:
    if "\n" not in text:
        return text.rstrip()
    body = text.rstrip(" \t\r\f\v")
    return body[:-1].rstrip(" \t\r\f\v") if body.endswith("\n") else body
