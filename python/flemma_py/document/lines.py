"""What one line means: the definition of structure that reader and writer share.

A line at column 0 can *look like structure*: a role marker, a tool header, a thinking tag, a `flemma:` comment. Text
that only happens to look so is written with a backslash in front, and read without it; a line whose own backslashes
stand before such a look gets one more, so taking one off always gives back what was meant. The look is wider than what
the parser accepts (`<thinking` covers every tag), never narrower: that is what makes the protection sound.

Where structure is not looked for, nothing is protected: inside a fence. The one exception is a fence inside thinking,
where `</thinking>` still ends the block, as a fence that a model forgot must not swallow the conversation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from flemma_py.model.document import Form, Role

BLANKS = " \t\r\f\v"
"""Whitespace that can stand in a line without giving it content."""

SPECIAL = frozenset("@`*<\\")
"""First characters of lines that can be more than prose."""

_MARKER = re.compile(r"@(System|You|Assistant):")
_LOOK = re.compile(r"\\*(?:@(?:System|You|Assistant):|\*\*Tool (?:Use|Result):\*\*|</?thinking|<!--[ \t]{0,8}flemma:)")
_CLOSING_LOOK = re.compile(r"\\*</thinking")
_OPENER = re.compile(r"(`{3,})[^`]*")


def is_blank(line: str) -> bool:
    return not line.strip(BLANKS)


def looks_like_structure(line: str) -> bool:
    """Whether `line`, after any backslashes, begins like structure."""
    return _LOOK.match(line) is not None


def looks_like_closing(line: str) -> bool:
    """The look that counts even in a fence inside thinking."""
    return _CLOSING_LOOK.match(line) is not None


def protect(line: str) -> str:
    """`line` of prose outside a fence, as it is written."""
    return "\\" + line if looks_like_structure(line) else line


def _beginnings(*parts: str) -> str:
    """A pattern for every non-empty beginning of `parts` in a row (each part a pattern of one unit)."""
    pattern = ""
    for part in reversed(parts):
        pattern = f"{part}(?:{pattern})?" if pattern else part
    return pattern


_UNDECIDED = re.compile(
    "|".join(
        (
            *(_beginnings(*f"@{role.value}:") for role in Role),
            *(_beginnings(*map(re.escape, f"**Tool {word}:**")) for word in ("Use", "Result")),
            _beginnings(*"<thinking"),
            _beginnings(*"</thinking"),
            _beginnings(*"<!--", "[ \t]{0,8}", *"flemma:"),
        )
    )
)


def may_become_structure(beginning: str) -> bool:
    """Whether more characters could make this beginning of a line (without backslashes) look like structure. At most
    some twenty characters long, so holding it back costs nothing."""
    return _UNDECIDED.fullmatch(beginning) is not None


def opened_fence(line: str) -> int:
    """How many backticks open a fence on this line: three or more, and no backtick in the info string. 0: none."""
    match = _OPENER.fullmatch(line)
    return len(match[1]) if match else 0


def closes_fence(line: str, ticks: int) -> bool:
    bare = line.rstrip(BLANKS)
    return len(bare) >= ticks and not bare.strip("`")


def next_fence(line: str, fence: int) -> int:
    """The fence that is open after `line`, given the one before it (its number of backticks, 0 where none is)."""
    if not line.startswith("`"):
        return fence
    if fence:
        return 0 if closes_fence(line, fence) else fence
    return opened_fence(line)


def closing_fence(lines: Sequence[str], start: int, ticks: int) -> int:
    """The first line from `start` on that closes a fence of `ticks`; `len(lines)` where none does."""
    for index in range(start, len(lines)):
        if lines[index][:1] == "`" and closes_fence(lines[index], ticks):
            return index
    return len(lines)


def split_marker(line: str) -> tuple[Role, str] | None:
    """The role of a line that begins as a marker, and what stands behind the colon."""
    match = _MARKER.match(line)
    return (Role(match[1]), line[match.end() :]) if match else None


def is_marker(line: str, form: Form) -> bool:
    """Whether `line` opens a message in a file of this form: only there may a marker have text behind it."""
    match = _MARKER.match(line)
    return match is not None and (form is Form.OLD or not line[match.end() :].strip(BLANKS))


def stands_inline(line: str) -> bool:
    """Whether `line` can stand behind an old-form marker and be read as it is: behind a marker leading whitespace is
    lost, and a fence, a block or a protected line must begin at column 0."""
    return bool(line) and line[0] not in BLANKS + "\n`\\" and not looks_like_structure(line)
