"""Lines to `Document`. Every sequence of lines is a document: what is malformed is text with a diagnostic.

`reparse` gives what `parse` would give, reading again only the messages that an edit touched. It may stop at a marker
line below the edit that was a message's first line before, because a message depends on nothing above its marker but
the form of the file's first one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from flemma_py.document.blocks import unclosed_fence
from flemma_py.document.lines import (
    BLANKS,
    closing_fence,
    is_blank,
    opened_fence,
    split_marker,
)
from flemma_py.document.message import read_message
from flemma_py.document.near_miss import meant_role
from flemma_py.document.source import Source
from flemma_py.document.text import byte_width
from flemma_py.model.document import Diagnostic, Document, Form, Frontmatter, Message, Severity, Span

_FRONTMATTER = re.compile(r"```([A-Za-z0-9]+)\s*")


def parse(lines: Sequence[str]) -> Document:
    """The whole file."""
    frontmatter = _read_frontmatter(lines)
    body = frontmatter.span.end_line + 1 if frontmatter else 0
    start, diagnostics = _read_preamble(lines, body)
    form = _form(lines, start)
    messages, first_lines = _read_messages(list(lines), start, form)
    return _document(frontmatter, messages, first_lines, diagnostics, len(lines), form)


def reparse(document: Document, lines: Sequence[str], first: int, last_old: int, last_new: int) -> Document:
    """`document` after its lines [`first`, `last_old`) became [`first`, `last_new`) of `lines`, the whole new file."""
    touched = bisect_left(document.first_lines, first) - 1
    if touched < 0 or _frontmatter_may_change(document, lines):
        return parse(lines)
    shift = last_new - last_old
    messages: list[Message] = []
    first_lines: list[int] = []
    at = document.first_lines[touched]
    own = list(lines) if document.form is Form.OLD or not isinstance(lines, list) else lines
    while at < len(lines):
        if at >= last_new and (known := _known(document.first_lines, at - shift)) is not None:
            break
        message = read_message(own, at, document.form)
        messages.append(message)
        first_lines.append(at)
        at += message.line_count
    else:
        known = len(document.messages)
    kept = document.first_lines[known:]
    return _document(
        document.frontmatter,
        document.messages[:touched] + tuple(messages) + document.messages[known:],
        document.first_lines[:touched]
        + tuple(first_lines)
        + (tuple([line + shift for line in kept]) if shift else kept),
        document.diagnostics,
        len(lines),
        document.form,
    )


def _known(first_lines: tuple[int, ...], line: int) -> int | None:
    index = bisect_left(first_lines, line)
    return index if index < len(first_lines) and first_lines[index] == line else None


def _frontmatter_may_change(document: Document, lines: Sequence[str]) -> bool:
    """An edit below the first marker can close what line 1 opens, if nothing has closed it yet."""
    return document.frontmatter is None and bool(lines) and _FRONTMATTER.fullmatch(lines[0]) is not None


def _document(
    frontmatter: Frontmatter | None,
    messages: tuple[Message, ...],
    first_lines: tuple[int, ...],
    diagnostics: tuple[Diagnostic, ...],
    line_count: int,
    form: Form,
) -> Document:
    old = form is Form.OLD and all(message.form is Form.OLD for message in messages)
    return Document(frontmatter, messages, first_lines, diagnostics, line_count, form, old)


def _read_messages(lines: list[str], at: int, form: Form) -> tuple[tuple[Message, ...], tuple[int, ...]]:
    messages: list[Message] = []
    first_lines: list[int] = []
    while at < len(lines):
        message = read_message(lines, at, form)
        messages.append(message)
        first_lines.append(at)
        at += message.line_count
    return tuple(messages), tuple(first_lines)


def _read_frontmatter(lines: Sequence[str]) -> Frontmatter | None:
    opener = _FRONTMATTER.fullmatch(lines[0]) if lines else None
    if opener is None:
        return None
    for index in range(1, len(lines)):
        if lines[index][:3] == "```" and lines[index].rstrip(BLANKS) == "```":
            code = "\n".join(lines[1:index])
            return Frontmatter(opener[1], code, Span(0, 0, index, byte_width(lines[index])))
    return None


def _read_preamble(lines: Sequence[str], at: int) -> tuple[int, tuple[Diagnostic, ...]]:
    """The first marker's line, and what is to be said about the lines above it, which belong to nobody."""
    source = Source(lines, 0, Form.OLD, 0)
    diagnostics: list[Diagnostic] = []
    text = None
    while at < len(lines) and not split_marker(lines[at]):
        line = lines[at]
        text = at if text is None and not is_blank(line) else text
        if meant := meant_role(line):
            diagnostics.append(source.warning("near_marker", f"This line is text. Was @{meant.value}: meant?", at))
        if ticks := opened_fence(line):
            close = closing_fence(lines, at + 1, ticks)
            if close == len(lines):
                diagnostics.append(unclosed_fence(source, at))
            at = close
        at += 1
    if text is not None and at < len(lines):
        message = "Text above the first marker belongs to no message and is not sent."
        diagnostics.append(Diagnostic("preamble", Severity.HINT, message, source.span(text, text)))
    return min(at, len(lines)), tuple(diagnostics)


def _form(lines: Sequence[str], first: int) -> Form:
    marker = split_marker(lines[first]) if first < len(lines) else None
    return Form.OLD if marker and not is_blank(marker[1]) else Form.NEW
