"""What a call would do, before it is run: one line for every call, and for some a few lines more. Nothing is changed,
and whatever a model sent as input, there is something to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.model.tool import Line, Tool, ToolContext
from flemma_py.tools.paths import printable
from flemma_py.tools.truncate import cut_line

MOST_LINES = 500
LONGEST_WORD = 60
"""Characters of one value in a summary."""
MOST_ITEMS = 3


@dataclass(frozen=True, slots=True)
class Preview:
    """`summary` is one line; `lines` are what there is to see beside it, if anything."""

    summary: str
    lines: tuple[Line, ...] = ()


async def preview(tool: Tool | None, name: str, input: Any, context: ToolContext) -> Preview:
    """The preview of a call of the tool that the model calls `name`; `tool` None: there is none."""
    summary = summarised(tool, name, input)
    if tool is None:
        return Preview(summary, (("There is no such tool: running it is an error.", "warn"),))
    if not isinstance(input, dict):
        return Preview(summary, (("The input is no JSON object: running it is an error.", "warn"),))
    lines = await tool.foresee(input, context) if tool.foresee else ()
    fit = [(cut_line(_in_one_line(text)), kind) for text, kind in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        fit.append((f"and {len(lines) - MOST_LINES} more lines", "note"))
    return Preview(summary, tuple(fit))


def summarised(tool: Tool | None, name: str, input: Any) -> str:
    """`name: label — detail`."""
    label = input.get("label") if isinstance(input, Mapping) else None
    words = []
    if isinstance(label, str) and label.strip():
        words.append(_in_one_line(label.strip()))
    if isinstance(input, Mapping):
        shown = tool.detail(input) if tool is not None and tool.detail else arguments(input)
        if shown:
            words.append(_in_one_line(shown))
    return cut_line(f"{_in_one_line(name)}: {' — '.join(words)}".removesuffix(": "))


def arguments(input: Mapping[str, Any]) -> str:
    """`k="v", n=1`: plain values first, in the order of their names, then tables; the label is shown elsewhere."""
    plain, tables = [], []
    for name, value in sorted(input.items(), key=lambda item: str(item[0])):
        if name == "label" or value is None:
            continue
        if isinstance(value, Mapping | list):
            tables.append(f"{name}={_table(value)}")
        else:
            plain.append(f"{name}={_plain(value)}")
    return ", ".join(plain + tables)


def _plain(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            short = value if len(value) <= LONGEST_WORD else value[: LONGEST_WORD - 1] + "…"
            escaped = short.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return str(value)[:LONGEST_WORD]


def _table(value: Mapping[str, Any] | Sequence[Any]) -> str:
    if not isinstance(value, Mapping):
        return f"[{len(value)} item{'s' * (len(value) != 1)}]"
    names = [str(name)[:LONGEST_WORD] for name in value]
    more = f", +{len(names) - MOST_ITEMS} more" if len(names) > MOST_ITEMS else ""
    return f"{{{', '.join(names[:MOST_ITEMS])}{more}}}"


def _in_one_line(text: str) -> str:
    """Line ends and other control characters are shown: a preview must not look like more than one, nor like less."""
    return "".join(_visible(text)) if not text.isprintable() else text


def _visible(text: str) -> Iterator[str]:
    for each in text:
        if each == "\n":
            yield "⤶"
        elif each == "\t":
            yield "    "
        else:
            yield each if each.isprintable() else printable(each)
