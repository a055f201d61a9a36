"""Up to where a chat is summed up: behind its last complete turn, or, in a long turn that still goes on, behind its
last complete round of tools. No call is parted from its result.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flemma_py.accounting.gauge import part_tokens, tokens_of
from flemma_py.model.document import Code, Document, Expression, Message, Role, Text, ToolResult
from flemma_py.prompt.build import choose_dropped
from flemma_py.prompt.content import Content, read_content, source_text
from flemma_py.prompt.exchange import Place, pair_results
from flemma_py.prompt.start import first_message

Pair = tuple[int, int]
"""A call and its result: the numbers of the contents that they stand in."""


@dataclass(frozen=True, slots=True)
class Seam:
    """The messages [`first`, `end`) are summed up, and the summary goes in at the buffer line `line`. `splits`: from
    there on the message `end` - 1 is what the user writes next, and becomes a message of its own."""

    first: int
    end: int
    line: int
    splits: bool = False


def find_seam(document: Document) -> Seam | None:
    """Where a checkpoint would go now; None where there is nothing to sum up."""
    first = first_message(document)
    contents = [read_content(message) for message in document.messages[first:]]
    dropped = choose_dropped(contents)
    pairs = _pairs(contents)
    turn = _last_turn(contents, dropped, pairs)
    goes_on = any(
        content.role is Role.ASSISTANT and number not in dropped for number, content in enumerate(contents[turn:], turn)
    )
    if goes_on:
        seam = _last_round(document, first, contents, turn, dropped, pairs)
        if seam and _weight(contents[turn : seam.end - first]) > _weight(contents[:turn]):
            return seam
    return Seam(first, first + turn, _line(document, first + turn)) if turn else None


def _pairs(contents: Sequence[Content]) -> list[Pair]:
    calls: dict[str, int] = {}
    pairs: list[Pair] = []
    for number, content in enumerate(contents):
        calls.update(dict.fromkeys(content.calls, number))
        pairs += [(calls[each.tool_use_id], number) for each in content.results if each.tool_use_id in calls]
    return pairs


def _parts_a_pair(pairs: Sequence[Pair], seam: int) -> bool:
    return any(call < seam <= result for call, result in pairs)


def _last_turn(contents: Sequence[Content], dropped: Collection[int], pairs: Sequence[Pair]) -> int:
    """How many contents there are up to the last reply that called nothing; 0 where there is none."""
    for number in range(len(contents) - 1, -1, -1):
        content = contents[number]
        answers = content.role is Role.ASSISTANT and content.parts and not content.calls and number not in dropped
        if answers and not _parts_a_pair(pairs, number + 1):
            return number + 1
    return 0


def _last_round(
    document: Document,
    first: int,
    contents: Sequence[Content],
    start: int,
    dropped: Collection[int],
    pairs: Sequence[Pair],
) -> Seam | None:
    """Behind results, with every call since `start` answered above."""
    answers = pair_results(contents, dropped).answers
    for end in range(len(contents), start, -1):
        if not contents[end - 1].results or _parts_a_pair(pairs, end):
            continue
        if not _is_settled(contents[:end], start, dropped, answers):
            continue
        is_unsent = all(content.role is not Role.ASSISTANT for content in contents[end:])
        if not (is_unsent and contents[end - 1].parts):
            return Seam(first, first + end, _line(document, first + end))
        line = _prompt_below(document.messages[first + end - 1])
        if line is not None:
            return Seam(first, first + end, document.first_lines[first + end - 1] + line, splits=True)
    return None


def _is_settled(contents: Sequence[Content], start: int, dropped: Collection[int], answers: Collection[Place]) -> bool:
    """Whether each call from the content `start` on has a result that is sent."""
    waiting: set[str] = set()
    for number, content in enumerate(contents[start:], start):
        if number not in dropped:
            waiting.update(content.calls)
        for position, result in enumerate(content.results):
            if (number, position) in answers:
                waiting.discard(result.tool_use_id)
    return not waiting


def _prompt_below(message: Message) -> int | None:
    """The line of the message, counted from its marker, on which text begins below the last result; None where text
    stands above one as well, which could not be told apart."""
    last = max(number for number, segment in enumerate(message.segments) if isinstance(segment, ToolResult))
    found: int | None = None
    for number, segment in enumerate(message.segments):
        if isinstance(segment, Text | Expression | Code) and (text := source_text(segment)).strip():
            if number < last:
                return None
            blank = text[: len(text) - len(text.lstrip())].count("\n")
            found = segment.span.line + blank if found is None else found
    return found


def _line(document: Document, index: int) -> int:
    return document.first_lines[index] if index < len(document.messages) else document.line_count


def _weight(contents: Sequence[Content]) -> int:
    parts = sum(part_tokens(part) for content in contents for part in content.parts)
    return parts + sum(tokens_of(len(result.content)) for content in contents for result in content.results)
