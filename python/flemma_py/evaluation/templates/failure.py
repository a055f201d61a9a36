"""Why something could not be evaluated, before it is known where in the buffer that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FRONTMATTER, EXPRESSION, TEMPLATE, FILE, SETTING = "frontmatter", "expression", "template", "file", "config"
"""Kinds of problems, as the host knows them."""

Place = tuple[int, int]
"""A line and a column in bytes, both from 0: of the message for what stands in the chat, of the file for an include."""

Problem = dict[str, Any]
"""What the host is told: kind, error (whether it blocks), text, line, column, code, files, ask, segment."""


@dataclass
class Failure(Exception):
    """`text` is for the user. `kind` and `files` (path, line, column of each file on the way, outermost first) are
    known where the trouble is in an included file; `ask` is a file that would be read if the user agreed; `undefined`
    is the name that nobody knows."""

    text: str
    kind: str | None = None
    files: tuple[tuple[str, int, int], ...] = ()
    ask: str | None = None
    undefined: str | None = None

    def __str__(self) -> str:
        return self.text

    @property
    def word(self) -> str | None:
        """The word of the code that it is about, where that is known without reading the text."""
        return self.undefined or ("include" if self.kind == FILE or self.files else None)


class Broken(Exception):
    """The code of a file is wrong, so nothing of that file can be used. `problem` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem["text"])
        self.problem = problem
