"""A document as units to evaluate: one for each message that has templates. Pure; a message that is the same object as
before is not looked at again."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flemma_py.document.references import Reference, text_pieces
from flemma_py.model.document import Code, Document, Expression, Message, Role, Text
from flemma_py.model.evaluated import Kept


@dataclass(frozen=True, slots=True)
class Unit:
    """A message with templates. `pieces` are what the worker gets: texts, numbers of what is `kept`, and expressions
    and code with their places in the message. Two units with one `digest` are the same."""

    pieces: tuple[Any, ...]
    kept: tuple[Kept, ...]
    digest: bytes
    seed: int


class Units:
    """Remembers the units of the messages that it saw last."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Message, Unit | None]] = {}
        self._comments = False

    def of(self, document: Document, *, comments: bool, aside: bool = False) -> list[tuple[int, Unit]]:
        """The units with the indices of their messages. `comments`: `{# these #}` are templates, too. `aside`: these
        messages are looked at once, and the others will be asked for again."""
        if comments is not self._comments:
            self._known, self._comments = {}, comments
        known, now = self._known, {}
        units: list[tuple[int, Unit]] = []
        for index, message in enumerate(document.messages):
            key = id(message)
            found = known.get(key)
            if found is None:
                found = message, read_unit(message, comments=comments)
            now[key] = found
            if found[1] is not None:
                units.append((index, found[1]))
        if not aside:
            self._known = now
        return units


def read_unit(message: Message, *, comments: bool) -> Unit | None:
    """The unit that a message is, None if there is nothing in it to evaluate."""
    if message.role is Role.ASSISTANT or not any(_is_template(segment, comments) for segment in message.segments):
        return None
    pieces: list[Any] = []
    kept: list[Kept] = []
    for item in _pieces(message):
        if isinstance(item, Kept):
            pieces.append(len(kept))
            kept.append(item)
        else:
            pieces.append(item)
    written = json.dumps([pieces, [[each.segment, each.reference] for each in kept]]).encode()
    return Unit(tuple(pieces), tuple(kept), hashlib.blake2b(written, digest_size=16).digest(), zlib.crc32(written))


def _is_template(segment: object, comments: bool) -> bool:
    if isinstance(segment, Text):
        return comments and "{#" in segment.value and "#}" in segment.value
    return isinstance(segment, Expression | Code)


def _pieces(message: Message) -> Iterator[Any]:
    for number, segment in enumerate(message.segments):
        match segment:
            case Text():
                for position, part in enumerate(text_pieces(segment)):
                    yield Kept(number, position) if isinstance(part, Reference) else part
            case Expression(code, before, after, span) | Code(code, before, after, span):
                is_code = isinstance(segment, Code)
                yield [is_code, code, span.line, span.column, before, after, number]
            case _:
                yield Kept(number)
