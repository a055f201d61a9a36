"""Where files are named in a text: `@./file`, `@../file`, `@~/file` and `@//absolute`.

A reference runs up to the next blank or the next reference. Blanks in a path are written as `%20` or `+`; `;type=` says
the MIME type; punctuation at the end belongs to the sentence. Nothing is read here, and what a reference is replaced by
is the business of others.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from flemma_py.document.text import byte_width
from flemma_py.model.document import Message, Role, Span, Text

_OPENING = r"@(?:\.\.?|~|/)/"
_REFERENCE = re.compile(rf"({_OPENING})((?:(?!{_OPENING})\S)+)")
_TYPE = re.compile(r";type=([\w.+!#$&^/-]*)", re.ASCII)
_TO_ENCODE = re.compile(r"[\s#%?;+\x00-\x1f\x7f\udc80-\udcff]|@(?=[./~])")

WORTH_A_LOOK = ("@.", "@/", "@~")
"""Without one of these there is no reference: most texts need no search."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One file, as it is named in a text. `written` is what stands behind the `@`, without `;type=`; `path` is what it
    means (`~` still stands for the home folder), `literal` the same with `%` and `+` taken as they are, for a file
    whose name really has them. `mime` is what `;type=` said. `span` has one line; columns count bytes of the buffer."""

    raw: str
    written: str
    mime: str | None
    span: Span

    @property
    def path(self) -> str:
        return unquote(self.literal.replace("+", " "), errors="surrogateescape")

    @property
    def literal(self) -> str:
        return self.written[1:] if self.written.startswith("//") else self.written


Piece = str | Reference


def split_references(value: str, line: int = 0, column: int = 0, protected: Collection[int] = ()) -> list[Piece]:
    """`value` in pieces: prose, and references with their places. The first character of `value` is at `line` and
    byte `column`; `protected` as in `Text`. Without a reference: `[value]`."""
    if not any(sign in value for sign in WORTH_A_LOOK):
        return [value]
    pieces: list[Piece] = []
    at = number = 0
    column += 0 in protected
    for start, end, written, mime in _found(value):
        between, raw = value[at:start], value[start:end]
        if between:
            pieces.append(between)
        if breaks := between.count("\n"):
            number += breaks
            column = number in protected
            between = between[between.rfind("\n") + 1 :]
        column += byte_width(between)
        span = Span(line + number, column, line + number, column + byte_width(raw))
        pieces.append(Reference(raw, written, mime, span))
        at, column = end, span.end_column
    if at < len(value) or not pieces:
        pieces.append(value[at:])
    return pieces


def text_pieces(text: Text) -> list[Piece]:
    """The pieces of a segment; places count as the segment's span does, from the message's first line."""
    return split_references(text.value, text.span.line, text.span.column, text.protected)


def message_references(message: Message) -> Iterator[Reference]:
    """The references that a message makes. What a model says makes none."""
    if message.role is not Role.ASSISTANT:
        for segment in message.segments:
            if isinstance(segment, Text):
                yield from (piece for piece in text_pieces(segment) if isinstance(piece, Reference))


def sole_reference(content: str) -> Reference | None:
    """The reference that the whole of `content` is, with its `;type=`: what a tool writes that hands a file on
    (`write_reference`). Anything beside it, even a line end, makes it a text that only looks so. Whether the tool is
    one that may do so is for the caller to know."""
    match split_references(content):
        case [Reference(mime=str()) as reference]:
            return reference
    return None


def write_reference(path: str, mime: str) -> str:
    """The reference that is read as `path` (absolute, `~/…`, or relative to the chat's folder)."""
    written = encoded(path)
    if written.startswith("/"):
        written = "/" + written
    elif not written.startswith(("./", "../", "~/")):
        written = "./" + written
    return f"@{written};type={mime}"


def encoded(path: str) -> str:
    """`path` with what cannot stand in a reference written as `%` and two digits."""
    return _TO_ENCODE.sub(_percent, path)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogateescape"))


def _found(value: str) -> Iterator[tuple[int, int, str, str | None]]:
    """Start, end, path as written and type of each reference."""
    for match in _REFERENCE.finditer(value):
        run = match[0]
        typed = _TYPE.search(run, len(match[1]))
        mime = _without_punctuation(typed[1]) if typed else ""
        if typed and mime:
            written, end = run[1 : typed.start()], typed.start(1) + len(mime)
        else:
            written = _without_punctuation(run[1 : typed.start()] if typed else run[1:])
            end = 1 + len(written)
        if len(written) >= len(match[1]):
            yield match.start(), match.start() + end, written, mime or None


def _without_punctuation(text: str) -> str:
    """`text` without what ends a sentence or closes a bracket, of any script."""
    end = len(text)
    while end and (
        text[end - 1] in string.punctuation
        or (not text[end - 1].isascii() and unicodedata.category(text[end - 1])[0] == "P")
    ):
        end -= 1
    return text[:end]
