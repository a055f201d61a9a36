"""The protocol's little tables, made from places of ours, and its numbers under their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

from flemma_py.model.document import Span

Table = dict[str, Any]


class ItemKind(IntEnum):
    """Of a completion."""

    FUNCTION = 3
    VARIABLE = 6
    MODULE = 9
    PROPERTY = 10
    VALUE = 12
    KEYWORD = 14
    FILE = 17
    FOLDER = 19


class SymbolKind(IntEnum):
    """Of an entry of the outline."""

    NAMESPACE = 3
    FUNCTION = 12
    VARIABLE = 13
    STRING = 15
    OBJECT = 19
    EVENT = 24


def position(line: int, column: int) -> Table:
    return {"line": line, "character": column}


def extent(span: Span) -> Table:
    """A range."""
    return {"start": position(span.line, span.column), "end": position(span.end_line, span.end_column)}


def whole_lines(first: int, last: int, width: int = 0) -> Table:
    """The range of lines `first` to `last`; `width` are the bytes of the last one that belong to it."""
    return {"start": position(first, 0), "end": position(last, width)}


def edit(span: Span, text: str) -> Table:
    return {"range": extent(span), "newText": text}


def location(uri: str, span: Span | None = None) -> Table:
    return {"uri": uri, "range": extent(span or Span(0, 0, 0, 0))}


def markdown(*paragraphs: str) -> Table:
    return {"kind": "markdown", "value": "\n\n".join(filter(None, paragraphs))}


def fenced(text: str, language: str = "") -> str:
    """`text` as a block of code, whatever backticks it has."""
    runs = [len(run) for run in _backticks(text)]
    fence = "`" * max(3, *(run + 1 for run in runs)) if runs else "```"
    return f"{fence}{language}\n{text}\n{fence}"


def _backticks(text: str) -> Sequence[str]:
    return [run for run in "".join(sign if sign == "`" else " " for sign in text).split(" ") if run]


def item(label: str, kind: ItemKind, span: Span, *, detail: str = "", about: str = "", **more: Any) -> Table:
    """A completion that puts `label` (or `text`) into the place of `span`."""
    text = more.pop("text", label)
    made: Table = {"label": label, "kind": int(kind), "textEdit": edit(span, text), "filterText": text, **more}
    if detail:
        made["detail"] = detail
    if about:
        made["documentation"] = markdown(about)
    return made


def workspace_edit(uri: str, edits: Sequence[Mapping[str, Any]]) -> Table:
    return {"changes": {uri: list(edits)}}
