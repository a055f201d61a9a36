"""Whose turn it is: messages become turns that alternate, and each tool result comes right after its call.

The wires insist on both, a chat that people edit does not. A result belongs to the nearest call above it with its id:
some servers use the same few ids in every reply.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flemma_py.model.document import Role, Status, ToolResult
from flemma_py.model.prompt import FilePart, Part, Speaker, ToolResultPart, Turn
from flemma_py.prompt.content import Content, result_part

# Looked up once: reading a member of an enumeration is slow enough to be felt in a chat of twenty thousand messages.
SYSTEM, YOU = Role.SYSTEM, Role.YOU
USER, ASSISTANT = Speaker.USER, Speaker.ASSISTANT

Place = tuple[int, int]
"""Where a result stands: which content, and which of its results."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """`answers`: the results that are sent. `orphans`: those without a call above them."""

    answers: frozenset[Place]
    orphans: tuple[Place, ...]


class Draft:
    """A turn that still grows. Results stand before everything else in it, as the wires want it."""

    __slots__ = ("parts", "results", "speaker")

    def __init__(self, speaker: Speaker, parts: tuple[Part, ...]) -> None:
        self.speaker = speaker
        self.parts: tuple[Part, ...] | list[Part] = parts  # nearly always one message's, which then needs no copy
        self.results: tuple[ToolResultPart, ...] = ()

    def extend(self, parts: tuple[Part, ...]) -> None:
        if isinstance(self.parts, tuple):
            self.parts = list(self.parts)
        self.parts += parts

    def finish(self) -> Turn:
        return Turn(self.speaker, (*self.results, *self.parts) if self.results else tuple(self.parts))


def pair_results(contents: Sequence[Content], dropped: Collection[int]) -> Pairing:
    """Find each call's result: the last one of its id, and only if it is settled. Calls of the contents numbered in
    `dropped` were made but are not sent: their results go with them, and are no orphans."""
    calls: dict[str, int | None] = {}
    last: dict[int, tuple[Place, bool]] = {}
    orphans: list[Place] = []
    count = 0
    for number, content in enumerate(contents):
        for identifier in content.calls:
            calls[identifier] = None if number in dropped else (count := count + 1)
        for position, result in enumerate(content.results):
            call = calls.get(result.tool_use_id)
            if call is not None:
                last[call] = ((number, position), result.status in (None, Status.ERROR))
            elif result.tool_use_id not in calls:
                orphans.append((number, position))
    return Pairing(frozenset(place for place, settled in last.values() if settled), tuple(orphans))


def build_turns(contents: Sequence[Content], dropped: Collection[int], answers: Collection[Place]) -> tuple[Turn, ...]:
    """Join consecutive messages of one speaker; one that has nothing to say leaves no trace."""
    drafts: list[Draft] = []
    turn_of_call: dict[str, int] = {}
    for number, content in enumerate(contents):
        if content.role is SYSTEM or number in dropped:
            continue
        for position, result in enumerate(content.results):
            if (number, position) in answers:
                answer_call(drafts, turn_of_call[result.tool_use_id], result, content.files.get(position))
        if content.parts:
            speak(drafts, content)
        for identifier in content.calls:
            turn_of_call[identifier] = len(drafts) - 1
    return tuple([draft.finish() for draft in drafts])


def speak(drafts: list[Draft], content: Content) -> None:
    """Add the content to the last turn if that is the same speaker's, else as a new one."""
    speaker = USER if content.role is YOU else ASSISTANT
    if drafts and drafts[-1].speaker is speaker:
        drafts[-1].extend(content.parts)
    else:
        drafts.append(Draft(speaker, content.parts))


def answer_call(drafts: list[Draft], call: int, result: ToolResult, file: FilePart | None) -> None:
    """Put the result into the user's turn that follows the turn `call`: turns alternate, so it is there or is next."""
    if call + 1 == len(drafts):
        drafts.append(Draft(USER, ()))
    drafts[call + 1].results += (result_part(result, file),)
