"""The `.chat` file as a tree: what a parse of the buffer yields.

Spans count 0-based lines and byte columns. Inside a message, lines are counted from the message's own first line,
so an edit above a message moves nothing in it and an incremental parse can keep the value as it is;
`Document.first_lines` says where each message stands, and `document/query.py` turns both into buffer positions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Role(Enum):
    """Who speaks. The value is the word of the marker (`@You:`)."""

    SYSTEM = "System"
    YOU = "You"
    ASSISTANT = "Assistant"


class Form(Enum):
    """How a marker is written: `OLD` has text behind it on its line, `NEW` stands alone on its line. In a file whose
    first marker is `OLD`, so is one that stands alone because its text could not stand behind it (a fence, nothing)."""

    OLD = "old"
    NEW = "new"


class Status(Enum):
    """State of a tool result whose header carries one, as `(pending)`. No status: an ordinary result."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    DENIED = "denied"
    ABORTED = "aborted"
    ERROR = "error"


class Severity(Enum):
    """`ERROR` blocks a send, `WARNING` and `HINT` do not."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Span:
    """From (`line`, `column`) up to, not including, (`end_line`, `end_column`). 0-based, columns in UTF-8 bytes."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Text:
    """Prose. `value` is what was meant: protecting backslashes are already taken off. `protected` are its lines (0 is
    the first) that begin one byte later in the buffer, because such a backslash stands there."""

    value: str
    span: Span
    protected: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Expression:
    """`{{ code }}` in a System or You message. `code` is raw and untrimmed."""

    code: str
    trim_before: bool
    trim_after: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Code:
    """`{% code %}` in a System or You message."""

    code: str
    trim_before: bool
    trim_after: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Thinking:
    """One `<thinking>` block: one block of the wire. `content` is exactly what the model sent; `redacted` marks
    content that is the vendor's opaque data. `provider` and `signature` come from the opening tag, or are None."""

    content: str
    provider: str | None
    signature: str | None
    redacted: bool
    span: Span


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call the model made: `**Tool Use:** `name` (`id`)` and a fenced block. `raw` is the text between the
    fences, `input` its JSON value, or None (and a diagnostic) where it is not JSON."""

    id: str
    name: str
    input: Any
    raw: str
    span: Span


@dataclass(frozen=True, slots=True)
class ToolResult:
    """An answer to a call. `status` None: an ordinary result. `meta` keeps what else the suffix said."""

    tool_use_id: str
    content: str
    status: Status | None
    meta: tuple[tuple[str, str | None], ...]
    span: Span
    content_span: Span
    """Lines between the fences (`end_line` exclusive); columns are 0."""

    @property
    def is_error(self) -> bool:
        return self.status is Status.ERROR


@dataclass(frozen=True, slots=True)
class Aborted:
    """`<!-- flemma:aborted: message -->`: the reply above it did not end by itself."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`<!-- flemma:checkpoint -->` on the line below `@You:`: requests start here."""

    span: Span


Segment = Text | Expression | Code | Thinking | ToolUse | ToolResult | Aborted | Checkpoint


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something in the text that is not as it should be. `span` counts as its owner does: from the message's first
    line inside a message, from the file's first line in `Document.diagnostics`."""

    kind: str
    severity: Severity
    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The fenced block on line 1. `span` covers both fences, in file lines."""

    language: str
    code: str
    span: Span


@dataclass(frozen=True, slots=True)
class Message:
    """From a marker line up to the next. `line_count` counts all its lines, trailing blanks too."""

    role: Role
    form: Form
    segments: tuple[Segment, ...]
    diagnostics: tuple[Diagnostic, ...]
    line_count: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed `.chat`. `first_lines[i]` is the buffer line of `messages[i]`'s marker. `form` is that of the first
    marker (`NEW` where there is none); `old_throughout` says that every marker is old-form and that there is one."""

    frontmatter: Frontmatter | None
    messages: tuple[Message, ...]
    first_lines: tuple[int, ...]
    diagnostics: tuple[Diagnostic, ...]
    line_count: int
    form: Form
    old_throughout: bool
