"""What came of evaluating a chat: its messages with their templates filled in, and what its frontmatter said.

Positions are those of the buffer: 0-based lines, 0-based columns in bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from flemma_py.model.document import Severity
from flemma_py.model.setting_ops import SettingOp


class Dialect(Enum):
    """The language of `{{ }}` and `{% %}`."""

    LUA = "lua"
    JINJA = "jinja"


class ProblemKind(Enum):
    """What a problem is about; the words stand in front of its message."""

    FRONTMATTER = "frontmatter"
    EXPRESSION = "expression"
    TEMPLATE = "template"
    FILE = "file"
    SETTING = "config"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """A place in an included file."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be evaluated. An `ERROR` blocks the send, a `WARNING` does not: the text stays as it was
    written. `line` and `column` are the buffer's; `files` leads from there to the place itself where that is in an
    included file, outermost first. `code` is the expression or code, if it was one. `message` is the index of the
    message, None in the frontmatter. `ask` is the path of a file that would be read if the user agreed."""

    kind: ProblemKind
    severity: Severity
    text: str
    line: int
    column: int
    message: int | None = None
    code: str | None = None
    files: tuple[FilePlace, ...] = ()
    ask: str | None = None


@dataclass(frozen=True, slots=True)
class RenderedText:
    """Text as it is to be sent: written in the message, or what its templates gave."""

    text: str


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that a template included as it is. `name` is the path as it was written, `path` the real one, `stamp` that
    of its reading; `line` is the buffer line that brought it in."""

    name: str
    path: str
    mime: str
    data: bytes
    stamp: str
    line: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment of the message that is no template, at its place: `message.segments[segment]`. With `reference` only
    that one of its pieces (see `document.references.text_pieces`), which is a reference to a file."""

    segment: int
    reference: int | None = None


RenderedPart = RenderedText | RenderedFile | Kept


@dataclass(frozen=True, slots=True)
class EvaluatedMessage:
    """A message that has templates, evaluated. None of its segments that are no text is lost, whatever the templates
    do. `elsewhere` are the segments that were evaluated in the dialect that is not the chat's own."""

    parts: tuple[RenderedPart, ...]
    elsewhere: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Evaluated:
    """`messages` holds those that have templates, by index; all others are sent as they stand. `variables` and
    `operations` are the frontmatter's. `read` are the real paths of the files that were read, with their stamps.
    `complete` is False if the evaluation was stopped at a limit: then `problems` says so, and messages are missing."""

    dialect: Dialect
    variables: tuple[str, ...] = ()
    operations: tuple[SettingOp, ...] = ()
    messages: Mapping[int, EvaluatedMessage] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    read: Mapping[str, str] = field(default_factory=dict)
    complete: bool = True

    @property
    def blocks(self) -> bool:
        """Whether the chat must not be sent like this."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)
