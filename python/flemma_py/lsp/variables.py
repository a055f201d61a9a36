"""The variables of a chat: where the frontmatter and templates give them values, and where they are used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flemma_py.document.query import absolute
from flemma_py.document.text import byte_width
from flemma_py.lsp.chat import Chat
from flemma_py.lsp.code import Include, Word, includes, words
from flemma_py.model.document import Code, Expression, Frontmatter, Role, Span

FIRST_LINE = 1
"""Of the frontmatter's code: the fence is line 0."""
_YAML_KEY = re.compile(r"""^(["']?)([^\W\d]\w*)\1[ \t]*:(?=\s|$)""", re.MULTILINE)
_TOML_SECTION = re.compile(r"^[ \t]*\[", re.MULTILINE)
_TOML_KEY = re.compile(r"""^[ \t]*(["']?)([A-Za-z_]\w*)\1[ \t]*[.=]""", re.MULTILINE)
_TOML_TABLE = re.compile(r"^[ \t]*\[{1,2}[ \t]*([A-Za-z_]\w*)", re.MULTILINE)
_JSON_TOKEN = re.compile(r'"((?:\\.|[^"\\])*)"|[\[\]{}:]')
SETTINGS = "flemma"
"""The name in the frontmatter that is no variable: its settings stand there."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A variable's name at an absolute place. `defines`: it gets its value there. `message` None: in the frontmatter;
    `segment` is the number of the segment."""

    name: str
    span: Span
    defines: bool
    is_local: bool
    message: int | None = None
    segment: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Code of the chat: text, and where its first character stands."""

    code: str
    line: int
    column: int
    is_lua: bool
    message: int | None = None
    segment: int = 0

    def span(self, start: int, end: int) -> Span:
        """The place of `code[start:end]`, which is on one line."""
        line = self.code.count("\n", 0, start)
        begin = self.code.rfind("\n", 0, start) + 1
        column = byte_width(self.code[begin:start]) + (self.column if not line else 0)
        return Span(self.line + line, column, self.line + line, column + byte_width(self.code[start:end]))

    def offset(self, line: int, column: int) -> int | None:
        """The character of the code that a place means, None for one outside."""
        row = line - self.line
        rows = self.code.split("\n")
        column -= self.column if not row else 0
        if not 0 <= row < len(rows) or column < 0:
            return None
        within = rows[row].encode("utf-8", "surrogateescape")[:column].decode("utf-8", "replace")
        if byte_width(rows[row]) < column:
            return None
        return sum(len(each) + 1 for each in rows[:row]) + len(within)


def pieces(chat: Chat) -> Iterator[Piece]:
    """All code of the chat: its frontmatter, then its templates."""
    document = chat.document
    if document.frontmatter:
        yield frontmatter_piece(document.frontmatter)
    for index, message in enumerate(document.messages):
        if message.role is not Role.ASSISTANT:
            for number, segment in enumerate(message.segments):
                if isinstance(segment, Expression | Code):
                    yield template_piece(chat, index, number, segment)


def frontmatter_piece(front: Frontmatter) -> Piece:
    return Piece(front.code, front.span.line + FIRST_LINE, 0, front.language.lower() == "lua")


def template_piece(chat: Chat, message: int, number: int, segment: Expression | Code) -> Piece:
    span = absolute(chat.document, message, segment.span)
    return Piece(segment.code, span.line, span.column + 2 + segment.trim_before, chat.is_lua, message, number)


def occurrences(chat: Chat) -> Iterator[Occurrence]:
    """Every variable's name wherever it stands, in the order of the file."""
    for piece in pieces(chat):
        for word in piece_words(chat, piece):
            span = piece.span(word.start, word.end)
            yield Occurrence(word.name, span, word.defines, word.is_local, piece.message, piece.segment)


def piece_words(chat: Chat, piece: Piece) -> list[Word]:
    """The names in one piece; what is a key of data in the frontmatter is the definition of a variable."""
    front = chat.document.frontmatter
    if piece.message is not None or piece.is_lua or front is None:
        return [word for word in words(piece.code, is_lua=piece.is_lua) if word.name != SETTINGS]
    return [Word(name, start, True) for name, start in _keys(front.language.lower(), front.code) if name != SETTINGS]


def definitions(chat: Chat) -> dict[str, Occurrence]:
    """The first place that gives each variable its value; the frontmatter's come first."""
    found: dict[str, Occurrence] = {}
    for each in occurrences(chat):
        if each.defines:
            found.setdefault(each.name, each)
    return found


def word_at(chat: Chat, line: int, column: int) -> Occurrence | None:
    """The variable at a place, or ending there."""
    for each in occurrences(chat):
        if each.span.line == line and each.span.column <= column <= each.span.end_column:
            return each
    return None


def include_at(piece: Piece, line: int, column: int) -> Include | None:
    """The include whose path the place is in."""
    offset = piece.offset(line, column)
    if offset is None:
        return None
    return next((each for each in includes(piece.code) if each.start <= offset <= each.end), None)


def _keys(language: str, code: str) -> Iterator[tuple[str, int]]:
    """The top-level keys of data, with the offsets of their names."""
    match language:
        case "yaml" | "yml":
            yield from ((found[2], found.start(2)) for found in _YAML_KEY.finditer(code))
        case "toml":
            section = _TOML_SECTION.search(code)
            head = code[: section.start()] if section else code
            yield from ((found[2], found.start(2)) for found in _TOML_KEY.finditer(head))
            yield from ((found[1], found.start(1)) for found in _TOML_TABLE.finditer(code))
        case "json":
            depth, last = 0, None
            for token in _JSON_TOKEN.finditer(code):
                if token[0] in "{[":
                    depth += 1
                elif token[0] in "}]":
                    depth -= 1
                elif token[0] == ":" and depth == 1 and last is not None and last[1].isidentifier():
                    yield last[1], last.start(1)
                last = token if token[0][0] == '"' else None
