"""Which part of a reply each thought signature belongs to.

A chat holds one thinking block for each part that came signed, in front of that part where it could, else behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flemma_py.model.prompt import Part, TextPart, ThinkingPart, ToolCallPart

NAME = "vertex"
"""The name that signatures have in a chat, whichever of the two services gave them: each takes the other's."""
FAMILY = frozenset({"vertex", "gemini"})


class Signed(NamedTuple):
    """A part as it goes back. A `ThinkingPart` whose signature belongs to no other part goes back as itself."""

    part: Part
    signature: str | None = None


def is_native(part: ThinkingPart) -> bool:
    return part.provider in FAMILY and bool(part.signature) and not part.redacted


def signed(parts: Sequence[Part]) -> list[Signed]:
    """The parts of a reply with their signatures; thinking that has no signature of this family is left out."""
    kept = [part for part in parts if not isinstance(part, ThinkingPart) or is_native(part)]
    owners: dict[int, int] = {}
    """Index of a part -> index of the block with its signature."""
    homeless: list[int] = []
    for index, part in enumerate(kept):
        if not isinstance(part, ThinkingPart):
            continue
        if index + 1 < len(kept) and isinstance(kept[index + 1], TextPart | ToolCallPart):
            owners[index + 1] = index
        else:
            homeless.append(index)
    for index in homeless:
        if (owner := _behind(kept, index, owners)) is not None:
            owners[owner] = index
    taken = set(owners.values())
    return [Signed(part, _signature(kept, owners, index)) for index, part in enumerate(kept) if index not in taken]


def _behind(kept: Sequence[Part], index: int, owners: dict[int, int]) -> int | None:
    """The part that a signature at `index` belongs to where none follows it: the first call, if that one has none
    (a reply with calls is refused otherwise), else the text right in front of it."""
    calls = [place for place, part in enumerate(kept) if isinstance(part, ToolCallPart)]
    if calls and calls[0] not in owners:
        return calls[0]
    before = index - 1
    return before if before >= 0 and isinstance(kept[before], TextPart) and before not in owners else None


def _signature(kept: Sequence[Part], owners: dict[int, int], index: int) -> str | None:
    block = kept[owners.get(index, index)]
    return block.signature if isinstance(block, ThinkingPart) else None
