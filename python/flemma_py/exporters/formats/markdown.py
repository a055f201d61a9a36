"""Markdown, for readers and for viewers: a heading per message, what a tool did and what was thought folded away.

A message's own headings stand below its heading, HTML and pictures in it are shown as they were written: nothing in it
can look like another message, hide one, or have a viewer load anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import assert_never

from flemma_py.exporters.prose import Code, blocks, fenced
from flemma_py.exporters.transcript import Format, Part, Transcript
from flemma_py.exporters.words import SPEAKERS, about_call, state_of
from flemma_py.model.document import Aborted, Checkpoint, Thinking, ToolResult, ToolUse

_HEADING = re.compile(r"( {0,3})(#{1,6})(?=[ \t\r]|$)")
_RULE = re.compile(r" {0,3}(?:=+|-+)[ \t\r]*")
_HTML = re.compile(r"<(?=[A-Za-z/!?])(?!(?:https?|mailto):[^\s<>]*>)")
_SIGNS = re.compile(r"([\\`*_\[\]<>|#!~$])")
_RUN = re.compile("`+")
DEEPER = 2
"""Levels by which a message's own headings go down: the title and the speaker have the first two."""


def write(transcript: Transcript) -> str:
    heading, front = transcript.heading, transcript.document.frontmatter
    parts = [f"# {plain(heading.title)}"] if heading.title else []
    if heading.facts:
        rows = [f"| {plain(name)} | {plain(value)} |" for name, value in heading.facts]
        parts.append("\n".join(["| | |", "|---|---|", *rows]))
    if front is not None:
        parts.append(details(f"Frontmatter ({front.language})", fenced(front.code, front.language)))
    outcomes = transcript.outcomes()
    for role, said in transcript.messages():
        parts.append(f"## {SPEAKERS[role]}")
        parts += (_part(each, outcomes) for each in said)
    return "\n\n".join(parts)


def _part(part: Part, outcomes: Mapping[str, ToolResult]) -> str:
    match part:
        case str():
            return safe(part.strip("\n"))
        case Thinking(content, redacted=redacted):
            return details("Thinking", "*Kept by the provider.*" if redacted else fenced(content, "text"))
        case ToolUse():
            return _call(part, outcomes.get(part.id))
        case ToolResult(id, content):
            return details(f"Result of {id}{state_of(part)}", fenced(content))
        case Aborted(message):
            return f"> **Not finished:** {plain(message)}"
        case Checkpoint():
            return "> **Checkpoint:** what stands above was summed up."
        case _:
            assert_never(part)


def _call(use: ToolUse, result: ToolResult | None) -> str:
    body = fenced(use.raw, "json")
    if result is not None and result.content:
        body += "\n\n" + fenced(result.content)
    return details(f"{about_call(use)}{state_of(result)}", body)


def details(summary: str, body: str) -> str:
    words = "".join(f"&#{ord(each)};" if each in "&<>`*_[]\\$~|" else each for each in " ".join(summary.split()))
    return f"<details>\n<summary>{words}</summary>\n\n{body}\n\n</details>"


def plain(text: str) -> str:
    """One line that means itself."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def safe(text: str) -> str:
    """The Markdown of a message as it may stand in the whole."""
    parts: list[str] = []
    for block in blocks(text):
        if isinstance(block, Code):
            parts.append(fenced(block.text, block.language))
        else:
            parts.append("\n".join(_lines(block.lines)))
    return "\n".join(parts)


def _lines(lines: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if heading := _HEADING.match(line):
            line = heading[1] + "#" * min(6, len(heading[2]) + DEEPER) + line[heading.end() :]
        elif _RULE.fullmatch(line) and found and found[-1].strip():
            # It would make a heading of the line above.
            line = re.sub(r"([=-])", r"\\\1", line, count=1)
        found.append(_inline(line))
    return found


def _inline(line: str) -> str:
    """HTML and pictures of a line as text; code stays code. A run of backticks that no other closes in its line would
    be closed by one of another line, and turn inside out what is code."""
    out: list[str] = []
    at = 0
    while at < len(line):
        sign = line[at]
        if sign == "\\" and at + 1 < len(line):
            # Viewers differ on whether a run can begin behind a backtick that is escaped.
            end = _run_end(line, at + 2) if line[at + 1] == "`" else at + 2
            out.append(line[at : at + 2] + "\\`" * (end - at - 2))
            at = end
        elif sign == "`":
            end = _run_end(line, at)
            close = re.compile(rf"(?<!`)`{{{end - at}}}(?!`)").search(line, end)
            out.append(line[at : close.end()] if close else "\\`" * (end - at))
            at = close.end() if close else end
        elif (sign == "<" and _HTML.match(line, at)) or line.startswith("![", at):
            out.append("\\" + sign)
            at += 1
        else:
            out.append(sign)
            at += 1
    return "".join(out)


def _run_end(line: str, at: int) -> int:
    """Where the backticks end that begin at a place, which may be none."""
    run = _RUN.match(line, at)
    return run.end() if run else at


FORMAT = Format("markdown", (".md", ".markdown"), write, ("md",))
