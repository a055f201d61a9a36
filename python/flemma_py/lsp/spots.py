"""What stands at a place of a chat, as far as somebody may want to know more of it or go elsewhere from there."""

from __future__ import annotations

from dataclasses import dataclass

from flemma_py.document.query import absolute, message_at, segment_at
from flemma_py.document.references import Reference, message_references, text_pieces
from flemma_py.lsp.chat import Chat
from flemma_py.lsp.code import Include, includes
from flemma_py.lsp.variables import (
    Occurrence,
    Piece,
    frontmatter_piece,
    include_at,
    pieces,
    template_piece,
    word_at,
)
from flemma_py.model.document import Code, Expression, Role, Span, Text, ToolResult, ToolUse


@dataclass(frozen=True, slots=True)
class Marker:
    """The line that a message begins with."""

    message: int


@dataclass(frozen=True, slots=True)
class File:
    """A file that is named: `paths` are what the name can mean, the likeliest first. `mime` is what was said of it."""

    paths: tuple[str, ...]
    span: Span
    mime: str | None = None
    is_include: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """A call, or with `is_result` what came of it. `span` is absolute."""

    id: str
    name: str
    span: Span
    is_result: bool


@dataclass(frozen=True, slots=True)
class Template:
    """Code in a message; `word` is the variable at the place, if there is one."""

    piece: Piece
    segment: Expression | Code
    word: Occurrence | None


@dataclass(frozen=True, slots=True)
class Front:
    """The frontmatter; `word` is the variable at the place, if there is one."""

    piece: Piece
    offset: int
    word: Occurrence | None


Spot = Marker | File | Tool | Template | Front


def spot_at(chat: Chat, line: int, column: int) -> Spot | None:
    """What is at the place, None where there is only prose."""
    document = chat.document
    front = document.frontmatter
    if front is not None and front.span.line < line < front.span.end_line:
        piece = frontmatter_piece(front)
        if piece.is_lua and (found := include_at(piece, line, column)):
            return _included(piece, found)
        offset = piece.offset(line, column)
        return None if offset is None else Front(piece, offset, word_at(chat, line, column))
    index = message_at(document, line)
    if index is None:
        return None
    found_segment = segment_at(document, line, column)
    if line == document.first_lines[index] and (
        found_segment is None or column < len(f"@{document.messages[index].role.value}:")
    ):
        return Marker(index)
    if found_segment is None:
        return None
    _, segment = found_segment
    match segment:
        case ToolUse(id, name):
            return Tool(id, name, absolute(document, index, segment.span), False)
        case ToolResult(tool_use_id=id):
            return Tool(id, "", absolute(document, index, segment.span), True)
        case Expression() | Code():
            number = document.messages[index].segments.index(segment)
            piece = template_piece(chat, index, number, segment)
            if found := include_at(piece, line, column):
                return _included(piece, found)
            return Template(piece, segment, word_at(chat, line, column))
        case Text() if document.messages[index].role is not Role.ASSISTANT:
            return next(
                (
                    file
                    for each in text_pieces(segment)
                    if isinstance(each, Reference)
                    and (file := reference_file(chat, index, each)).span.line == line
                    and file.span.column <= column < file.span.end_column
                ),
                None,
            )
    return None


def reference_file(chat: Chat, message: int, reference: Reference) -> File:
    paths = tuple(dict.fromkeys((reference.path, reference.literal)))
    return File(paths, absolute(chat.document, message, reference.span), reference.mime)


def _included(piece: Piece, include: Include) -> File:
    return File((include.path,), piece.span(include.start, include.end), is_include=True)


def files(chat: Chat) -> list[File]:
    """Every file that the chat names, in order."""
    found = [
        _included(piece, each)
        for piece in pieces(chat)
        if piece.message is not None or piece.is_lua
        for each in includes(piece.code)
        if each.path and not each.is_open
    ]
    for index, message in enumerate(chat.document.messages):
        found += (reference_file(chat, index, each) for each in message_references(message))
    return sorted(found, key=lambda file: (file.span.line, file.span.column))
