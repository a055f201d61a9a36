"""A chat made again from what its journal kept of it: the words of both sides, and that tools ran. Pure.

Thoughts, the arguments of calls and most of their results are not kept, so calls are not made again: a line tells
that there were some, and is no call to the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flemma_py.document.headers import CHECKPOINT
from flemma_py.document.protection import protect_text
from flemma_py.document.serializer import prompt_lines
from flemma_py.model.document import Form

MARKERS = {"user": "@You:", "assistant": "@Assistant:"}


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that was said. `text` of a tool is its name; `ok` how it ended, None where nobody knows;
    `is_checkpoint`: requests begin here."""

    role: str
    text: str
    ok: bool | None = None
    is_checkpoint: bool = False


def rebuilt(said: Sequence[Kept]) -> list[str]:
    """The lines of a chat that says this, ready to go on with."""
    lines: list[str] = []
    speaker = ""
    for each in said:
        role = "assistant" if each.role == "tool" else each.role
        if role != speaker or each.is_checkpoint:
            lines += [*([""] if lines else []), MARKERS[role]]
            speaker = role
        elif lines:
            lines.append("")
        if each.is_checkpoint:
            lines.append(CHECKPOINT)
        lines += _note(each) if each.role == "tool" else _prose(each.text)
    if speaker != "user":
        lines += [*([""] if lines else []), *prompt_lines(Form.NEW)]
    return lines


def _prose(text: str) -> list[str]:
    lines, fence = protect_text(text)
    return [*lines, "`" * fence] if fence else lines


def _note(tool: Kept) -> list[str]:
    ended = {True: "succeeded", False: "failed", None: "ran"}[tool.ok]
    return [f"*(the tool {tool.text} {ended}; what it answered is not kept)*"]
