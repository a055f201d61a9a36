"""`:Flemma preview`: what exactly would be sent, how much room each part takes, and how far the vendor may remember it.

Pure: a prompt in, a page out. Tokens are told with a `~`: nobody has counted them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.accounting.gauge import part_tokens, tokens_of
from flemma_py.app.page import Page, PageLines
from flemma_py.model.prompt import (
    FilePart,
    Part,
    Prompt,
    Speaker,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)

BAR = 16
"""Columns of a bar that stands for all tokens."""
_EIGHTHS = " ▏▎▍▌▋▊▉"
_SPEAKERS = {Speaker.USER: "You", Speaker.ASSISTANT: "Assistant"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the prompt itself does not say. `input_price` is in USD for a million tokens; `cached` is how many turns the
    vendor was sent before in just this form, None where nothing was sent yet."""

    title: str
    provider: str
    input_price: float | None = None
    cached: int | None = None
    warnings: tuple[tuple[str, int], ...] = ()


def preview(prompt: Prompt, facts: Facts) -> Page:
    """The whole request as a page."""
    page = PageLines()
    rooms = list(_rooms(prompt))
    total = sum(tokens for _, tokens in rooms)
    page.add((f"Preview · {facts.title}", "title"))
    page.add((f"To {facts.provider}, model {prompt.model}: ~{total:,} tokens{_cost(total, facts)}", ""))
    for message, line in facts.warnings:
        page.add((f"line {line + 1}: {message}", "warn"))
    page.blank()
    _table(page, rooms, total)
    _parameters(page, prompt.parameters)
    if prompt.system:
        _heading(page, "System", _count(prompt.system))
        page.text(prompt.system)
    _tools(page, prompt)
    _turns(page, prompt.turns, facts.cached)
    return page.finish()


def _rooms(prompt: Prompt) -> Iterator[tuple[str, int]]:
    """What takes room, and how much: the system prompt, the tools, each turn."""
    if prompt.system:
        yield "System", _count(prompt.system)
    if prompt.tools:
        yield f"Tools ({len(prompt.tools)})", sum(_tool_tokens(tool) for tool in prompt.tools)
    for number, turn in enumerate(prompt.turns, 1):
        yield f"{number}. {_SPEAKERS[turn.speaker]}", sum(map(part_tokens, turn.parts))


def _tool_tokens(tool: Any) -> int:
    return _count(tool.name + tool.description + json.dumps(tool.input_schema))


def _cost(tokens: int, facts: Facts) -> str:
    if facts.input_price is None:
        return ""
    return f", about ${tokens * facts.input_price / 1_000_000:.4f} to read"


MOST_ROWS = 12
"""Of the table: of a long chat only the largest parts are worth a line."""


def _table(page: PageLines, rooms: Sequence[tuple[str, int]], total: int) -> None:
    largest = sorted(rooms, key=lambda room: -room[1])[:MOST_ROWS]
    shown = [room for room in rooms if room in largest]
    width = max((len(name) for name, _ in shown), default=0)
    for name, tokens in shown:
        page.add((name.ljust(width), "label"), (f"  {tokens:>9,}  ", ""), (_bar(tokens, total), "note"))
    if len(shown) < len(rooms):
        rest = sum(tokens for _, tokens in rooms) - sum(tokens for _, tokens in shown)
        page.add((f"and {len(rooms) - len(shown)} smaller ones".ljust(width), "note"), (f"  {rest:>9,}", "note"))
    page.blank()


def _bar(tokens: int, total: int) -> str:
    eighths = round(tokens * BAR * 8 / total) if total else 0
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _parameters(page: PageLines, parameters: dict[str, Any]) -> None:
    page.add(("Parameters", "section"))
    width = max(map(len, parameters), default=0)
    for name, value in sorted(parameters.items()):
        page.add(("  ", ""), (name.ljust(width), "label"), (f"  {json.dumps(value, ensure_ascii=False)}", ""))
    page.blank()


def _tools(page: PageLines, prompt: Prompt) -> None:
    if not prompt.tools:
        return
    _heading(page, "Tools", sum(_tool_tokens(tool) for tool in prompt.tools))
    for tool in sorted(prompt.tools, key=lambda tool: tool.name):
        page.add(("  ", ""), (tool.name, "label"), (f"  {tool.description.splitlines()[0]}", ""))
    page.blank()


def _turns(page: PageLines, turns: Sequence[Turn], cached: int | None) -> None:
    for number, turn in enumerate(turns, 1):
        _heading(page, f"{number}. {_SPEAKERS[turn.speaker]}", sum(map(part_tokens, turn.parts)))
        for part in turn.parts:
            _part(page, part)
        if number == cached:
            page.add(("── sent before in just this form: up to here a vendor may read from its cache ──", "good"))
            page.blank()


def _heading(page: PageLines, title: str, tokens: int) -> None:
    page.add((title, "section"), (f"  ~{tokens:,} tokens", "note"))


def _part(page: PageLines, part: Part) -> None:
    match part:
        case TextPart(text):
            page.text(text)
        case ThinkingPart(text, provider, _, redacted):
            kind = "redacted thinking" if redacted else "thinking"
            page.add((f"[{kind}{f' of {provider}' if provider else ''}, ~{_count(text):,} tokens]", "note"))
            if not redacted:
                page.text(text)
        case ToolCallPart(id, name, _, raw):
            page.add((f"[calls {name} ({id})]", "label"))
            page.text(raw)
        case ToolResultPart(id, parts, is_error):
            page.add((f"[{'error' if is_error else 'result'} of {id}]", "error" if is_error else "label"))
            for piece in parts:
                _part(page, piece)
        case FilePart():
            place = "" if part.line is None else f", line {part.line + 1}"
            page.add(
                (
                    f"[file {part.name}: {part.mime}, {_size(len(part.data))}, ~{part_tokens(part):,} tokens{place}]",
                    "label",
                )
            )


def _count(text: str) -> int:
    return tokens_of(len(text))


def _size(count: int) -> str:
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"
