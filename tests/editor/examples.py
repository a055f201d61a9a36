"""Examples as readers see them: the blocks of the README and of the help, each with what names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.editor.neovim import ROOT

README = ROOT / "README.md"
HELP = ROOT / "doc/flemma.txt"
COOKBOOK = ROOT / "doc/flemma-examples.txt"

_FENCE = re.compile(r"(?P<fence>`{3,})(?P<language>\w*)$")
_TAG = re.compile(r"(?<!\S)\*([^*\s]+)\*(?!\S)")
_OPENING = re.compile(r"(?:^|\s)>(?P<language>[a-z]*)$")


@dataclass(frozen=True, slots=True)
class Example:
    """One block. `name` is the heading or the help tag before it, `line` where it begins, counted from 1."""

    name: str
    language: str
    text: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}"


def of_markdown(path: Path) -> Iterator[Example]:
    """Fenced blocks; a block with a longer fence holds shorter ones."""
    name, lines = "", iter(enumerate(path.read_text().splitlines(), 1))
    for number, line in lines:
        if line.startswith("#"):
            name = line.lstrip("# ")
        elif found := _FENCE.match(line):
            inside: list[str] = []
            for _, each in lines:
                if each == found["fence"]:
                    break
                inside.append(each)
            yield Example(name, found["language"], "\n".join(inside) + "\n", path, number)


def of_help(path: Path) -> Iterator[Example]:
    """Blocks from a line that ends with `>` to the next one that begins in the first column, without their indent."""
    name, lines = "", path.read_text().splitlines()
    at = 0
    while at < len(lines):
        line, began = lines[at], at + 1
        at += 1
        for tag in _TAG.findall(line):
            name = tag
        found = _OPENING.search(line)
        if found is None or line.startswith(" "):
            continue
        inside: list[str] = []
        while at < len(lines) and (not lines[at] or lines[at].startswith(" ")):
            inside.append(lines[at].removeprefix("    "))
            at += 1
        yield Example(name, found["language"], "\n".join(inside).strip("\n") + "\n", path, began)


def cookbook() -> dict[str, Example]:
    """The examples of the cookbook by the last word of their tags."""
    return {each.name.removeprefix("flemma-example-"): each for each in of_help(COOKBOOK)}
