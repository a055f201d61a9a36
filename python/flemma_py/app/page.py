"""A read-only page of text with highlights: a tree of labels and values, or line after line. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["", "good", "warn", "error"]


@dataclass(frozen=True, slots=True)
class Node:
    """`note` is shown dim behind the value: where it comes from, as a rule. `level` colours the value."""

    label: str
    value: str = ""
    note: str = ""
    children: tuple[Node, ...] = ()
    level: Level = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`marks`: (line, first byte, byte behind the last one, what it is: title, section, label, note, branch, good, warn
    or error), all 0-based."""

    lines: tuple[str, ...]
    marks: tuple[tuple[int, int, int, str], ...]

    def as_payload(self) -> dict[str, Any]:
        return {"lines": list(self.lines), "marks": [list(mark) for mark in self.marks]}


_Parts = Sequence[tuple[str, str]]
"""Texts of one line and what each is; empty: nothing that is highlighted."""


class PageLines:
    """A page that grows line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._marks: list[tuple[int, int, int, str]] = []

    def add(self, *parts: tuple[str, str]) -> None:
        """One line of texts, each with what it is. A line end in a text would break the page, so it is shown."""
        fit = [(text.replace("\n", "↵").replace("\0", "␀"), kind) for text, kind in parts]
        self._marks += _marks(len(self._lines), fit)
        self._lines.append("".join(text for text, _ in fit).rstrip())

    def text(self, text: str) -> None:
        """A text as it is, and a blank line below it."""
        for line in text.split("\n"):
            self.add((line, ""))
        self.blank()

    def blank(self) -> None:
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def finish(self) -> Page:
        sizes = [_size(line) for line in self._lines]
        # Blanks at the end of a line are cut off; what was marked there with them.
        marks = ((row, first, min(last, sizes[row]), kind) for row, first, last, kind in self._marks)
        return Page(tuple(self._lines), tuple(mark for mark in marks if mark[1] < mark[2]))


def draw(title: str, nodes: Sequence[Node]) -> Page:
    """The sections below a title, with a blank line before each."""
    page = PageLines()
    page.add((title, "title"))
    for node in nodes:
        page.blank()
        for parts in _section(node):
            page.add(*parts)
    return page.finish()


def _section(node: Node) -> Iterator[_Parts]:
    yield [(node.label, "section"), *_value(node, "  ")]
    yield from _branches(node.children, "")


def _branches(children: Sequence[Node], indent: str) -> Iterator[_Parts]:
    width = max((len(child.label) for child in children), default=0)
    for number, child in enumerate(children, 1):
        is_last = number == len(children)
        branch = "└─ " if is_last else "├─ "
        gap = " " * (width - len(child.label) + 2)
        below = indent + ("   " if is_last else "│  ")
        first, *more = child.value.split("\n")
        shown = Node(child.label, first, child.note, level=child.level)
        yield [(indent + branch, "branch"), (child.label, "label"), *_value(shown, gap)]
        for line in more:
            yield [(below, "branch"), (" " * (width + 2), ""), (line, child.level)]
        yield from _branches(child.children, below)


def _value(node: Node, gap: str) -> list[tuple[str, str]]:
    parts: list[tuple[str, str]] = []
    if node.value:
        parts += [(gap, ""), (node.value, node.level)]
    if node.note:
        parts += [("  ", ""), (f"({node.note})", "note")]
    return parts


def _marks(line: int, parts: _Parts) -> Iterator[tuple[int, int, int, str]]:
    column = 0
    for text, kind in parts:
        end = column + _size(text)
        if kind and text:
            yield line, column, end, kind
        column = end


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))
