"""Rows for a person, or for a program: aligned and cut on a terminal, parted by tabs in a pipe, or JSON."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from flemma_py.cli.terminal import shown, writable

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is the head, and the field of JSON; `is_number`: to the right. The one that is `wide` gives way."""

    name: str
    is_number: bool = False
    is_wide: bool = False


def show(
    columns: Sequence[Column],
    rows: Iterable[Sequence[str]],
    objects: Iterable[Mapping[str, Any]],
    *,
    as_json: bool,
    out: TextIO | None = None,
) -> None:
    """`rows` are texts by column; `objects` are the same rows for programs, a line of JSON each."""
    stream = out or sys.stdout
    if as_json:
        lines = [json.dumps(each, ensure_ascii=False, default=str) for each in objects]
    elif stream.isatty():
        lines = aligned(columns, [[" ".join(shown(cell).split()) for cell in row] for row in rows], width(stream))
    else:
        lines = ["\t".join(" ".join(cell.split()) for cell in row) for row in rows]
    for line in lines:
        stream.write(writable(line, stream) + "\n")


def width(stream: TextIO) -> int:
    return shutil.get_terminal_size((80, 24)).columns


def aligned(columns: Sequence[Column], rows: Sequence[Sequence[str]], most: int) -> list[str]:
    """The lines of a table with a head, none longer than `most` cells where the wide column can give way."""
    table = [[column.name.upper() for column in columns], *rows]
    widths = [max(map(cells, (row[at] for row in table))) for at in range(len(columns))]
    over = sum(widths) + len(GAP) * (len(columns) - 1) - most
    for at, column in enumerate(columns):
        if column.is_wide and over > 0:
            widths[at] = max(8, widths[at] - over)
    return [GAP.join(_padded(*each) for each in zip(columns, row, widths, strict=True)).rstrip() for row in table]


def _padded(column: Column, text: str, room: int) -> str:
    text = cut(text, room)
    blank = " " * (room - cells(text))
    return blank + text if column.is_number else text + blank


def cells(text: str) -> int:
    """Columns of a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def cut(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    while text and cells(text) >= room:
        text = text[:-1]
    return text + "…"
