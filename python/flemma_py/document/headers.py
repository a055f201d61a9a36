"""The lines that open a block, read and written: tool headers, thinking tags, `flemma:` comments.

Names, ids, providers and signatures come from a wire. What would break the line they stand in is taken out here, in
the writers, so no caller has to remember it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flemma_py.document.text import fit_for_buffer
from flemma_py.model.document import Status

THINKING_CLOSE = "</thinking>"
CHECKPOINT = "<!-- flemma:checkpoint -->"

_THINKING = re.compile(r'<thinking(?:( redacted)| (\w+):signature="([^"]*)"(/)?)?>')
_TOOL_USE = re.compile(r"\*\*Tool Use:\*\*\s*`([^`]+)`\s*\(`([^`]+)`\)")
_TOOL_RESULT = re.compile(r"\*\*Tool Result:\*\*\s*`([^`]+)`")
_SUFFIX = re.compile(r"\(([^()]*)\)\s*\Z")
_ABORTED = re.compile(r"<!--[ \t]{0,8}flemma:aborted:(.*)-->[ \t\r]*", re.DOTALL)
_CHECKPOINT = re.compile(r"<!--[ \t]{0,8}flemma:checkpoint[ \t]*-->[ \t\r]*")
_TOKEN = re.compile(r"""(?:(\w+)=)?("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\S+)""")

_STATUS = {status.value: status for status in Status} | {"reject": Status.REJECTED, "deny": Status.DENIED}

Meta = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ThinkingTag:
    """`closed` says that the tag is the whole block (`…/>`)."""

    provider: str | None
    signature: str | None
    redacted: bool
    closed: bool


def read_thinking_tag(line: str) -> ThinkingTag | None:
    match = _THINKING.fullmatch(line)
    if match is None:
        return None
    return ThinkingTag(match[2], match[3], match[1] is not None, match[4] is not None)


def thinking_open(provider: str | None = None, signature: str | None = None) -> str:
    """The tag of a thinking block; without a signature the bare one."""
    if not provider or not signature:
        return "<thinking>"
    name = re.sub(r"\W", "_", fit_for_buffer(provider))
    value = re.sub(r'["\n]', "", fit_for_buffer(signature))
    return f'<thinking {name}:signature="{value}">'


REDACTED_OPEN = "<thinking redacted>"


def read_tool_use(line: str) -> tuple[str, str] | None:
    """Name and id."""
    match = _TOOL_USE.match(line)
    return (match[1], match[2]) if match else None


def tool_use_header(name: str, id: str) -> str:
    return f"**Tool Use:** `{header_value(name)}` (`{header_value(id)}`)"


def read_tool_result(line: str) -> tuple[str, Status | None, Meta] | None:
    """The id of the call, and what the suffix in parentheses at the end of the line says."""
    match = _TOOL_RESULT.match(line)
    if match is None:
        return None
    suffix = _SUFFIX.search(line, match.end())
    return (match[1], *read_suffix(suffix[1])) if suffix else (match[1], None, ())


def tool_result_header(id: str, status: Status | None = None, meta: Meta = ()) -> str:
    words = [status.value] if status else []
    words += [key if value is None else f"{key}={_quoted(value)}" for key, value in meta]
    suffix = f" ({' '.join(words)})" if words else ""
    return f"**Tool Result:** `{header_value(id)}`{suffix}"


def read_suffix(text: str) -> tuple[Status | None, Meta]:
    """Status and the rest of `(…)`: `status=word` beats a bare word, of those the first that is known."""
    named: Status | None = None
    bare: Status | None = None
    meta: list[tuple[str, str | None]] = []
    for key, word in _TOKEN.findall(text):
        status = _STATUS.get(word)
        if key == "status" and status:
            named = named or status
        elif not key and status and bare is None:
            bare = status
        else:
            meta.append((key, _unquoted(word)) if key else (word, None))
    return named or bare, tuple(meta)


def read_aborted(line: str) -> str | None:
    """The message of an aborted marker."""
    match = _ABORTED.fullmatch(line)
    return match[1].strip() if match else None


def aborted_line(message: str) -> str:
    """The marker of a reply that did not end by itself. `message` cannot end the comment nor the line."""
    words = " ".join(fit_for_buffer(message).split()).replace("-->", "-- >")
    return f"<!-- flemma:aborted: {words} -->"


def is_checkpoint(line: str) -> bool:
    return _CHECKPOINT.fullmatch(line) is not None


def header_value(value: str) -> str:
    """`value` as it can stand between backticks: never empty, one line."""
    return re.sub(r"[`\n]", "_", fit_for_buffer(value)) or "_"


def _quoted(value: str) -> str:
    if re.fullmatch(r"[^\s\"'()]+", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _unquoted(word: str) -> str:
    if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0]:
        return re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
    return word
