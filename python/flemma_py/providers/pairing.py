"""Turns made regular: they alternate, each tool call is answered in the very next turn, nothing answers no call.

A chat is free text: messages get cut, emptied and moved. The wires refuse what that leaves behind, so it is mended
here, in the request only; the buffer stays as its owner wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from flemma_py.model.prompt import Part, Speaker, TextPart, ToolCallPart, ToolResultPart, Turn
from flemma_py.providers.tool_wire import WireIds, normalised_id

NO_RESULT = "This tool call has no result in the chat: it was not run, or its result was removed."
_OPENING = TextPart("(The beginning of this conversation was left out.)")


def merged(turns: Iterable[Turn]) -> list[Turn]:
    """`turns` without empty ones, neighbours of one speaker joined."""
    result: list[Turn] = []
    for turn in turns:
        if not turn.parts:
            continue
        if result and result[-1].speaker is turn.speaker:
            result[-1] = Turn(turn.speaker, result[-1].parts + turn.parts)
        else:
            result.append(turn)
    return result


def paired(turns: list[Turn], normalised: Callable[[str], str] = normalised_id) -> list[Turn]:
    """Alternating `turns` with wire ids for the calls and one result for each, first in the turn that follows it."""
    ids = WireIds(normalised)
    result: list[Turn] = []
    calls: list[tuple[str, str]] = []
    if turns and turns[0].speaker is Speaker.ASSISTANT:
        result.append(Turn(Speaker.USER, (_OPENING,)))
    for turn in turns:
        if turn.speaker is Speaker.ASSISTANT:
            turn, calls = _calling(turn, ids)
        else:
            turn, calls = _answering(turn, calls), []
        result.append(turn)
    if calls:
        result.append(_answering(Turn(Speaker.USER, ()), calls))
    return result


def _calling(turn: Turn, ids: WireIds) -> tuple[Turn, list[tuple[str, str]]]:
    """The turn with wire ids, and (id in the chat, id on the wire) of its calls."""
    calls: list[tuple[str, str]] = []
    parts: list[Part] = []
    for part in turn.parts:
        match part:
            case ToolCallPart():
                wire = ids.next(part.id)
                calls.append((part.id, wire))
                parts.append(replace(part, id=wire) if wire != part.id else part)
            case ToolResultPart():
                parts += _as_text(part)
            case _:
                parts.append(part)
    return Turn(turn.speaker, tuple(parts)), calls


def _answering(turn: Turn, calls: list[tuple[str, str]]) -> Turn:
    """The turn with one result for each of `calls` in front. Results of other calls become text: a wire refuses
    them, and what a tool said long ago may still be what the chat is about."""
    answers: dict[str, ToolResultPart] = {}
    others: list[Part] = []
    for part in turn.parts:
        match part:
            case ToolResultPart():
                wire = next((wire for id, wire in calls if id == part.tool_use_id and wire not in answers), None)
                if wire is None:
                    others += _as_text(part)
                else:
                    answers[wire] = replace(part, tool_use_id=wire) if wire != part.tool_use_id else part
            case ToolCallPart():
                others.append(TextPart(f"Tool call {part.name} ({part.id}): {part.raw}"))
            case _:
                others.append(part)
    return Turn(turn.speaker, (*(answers.get(wire) or _missing(wire) for _, wire in calls), *others))


def _missing(id: str) -> ToolResultPart:
    return ToolResultPart(id, (TextPart(NO_RESULT),), is_error=True)


def _as_text(result: ToolResultPart) -> tuple[Part, ...]:
    return (TextPart(f"Result of the tool call {result.tool_use_id}, which does not stand before it:"), *result.parts)
