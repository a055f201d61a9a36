"""A tree of labels and values as lines of text, with the highlights of their parts. Pure."""

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


def draw(title: str, nodes: Sequence[Node]) -> Page:
    """The sections below a title, with a blank line before each."""
    lines = [title]
    marks = [(0, 0, _size(title), "title")]
    for node in nodes:
        lines.append("")
        for parts in _section(node):
            marks += _marks(len(lines), parts)
            lines.append("".join(text for text, _ in parts).rstrip())
    return Page(tuple(lines), tuple(marks))


_Parts = list[tuple[str, str]]
"""Texts of one line and what each is; empty: nothing that is highlighted."""


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


def _value(node: Node, gap: str) -> _Parts:
    parts: _Parts = []
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
