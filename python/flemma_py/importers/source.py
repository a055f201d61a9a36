"""The text of a buffer, as the formats look at it: as a JSON value, or as code that calls an SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flemma_py.importers.chat import Imported
from flemma_py.importers.literal import LiteralReader, Misread

LONGEST_SLOW = 1_000_000
"""Characters that the tolerant reader takes: it needs a second for a million."""

_CALL = re.compile(r"\b(messages|completions)\s*\.\s*(?:create|stream|parse)\s*\(")
_OPENS_JSON = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*[\[{]", re.DOTALL)


class NotJson:
    """What `Source.value` is where the text is no JSON."""


@dataclass(frozen=True, slots=True)
class Source:
    """`value` is the whole text as a value, or `NotJson`; `exact` says that its objects know where they stand."""

    text: str
    value: Any
    exact: bool = False

    def calls(self) -> Iterator[re.Match[str]]:
        """Where code calls an SDK to get an answer: up to the opening parenthesis. Group 1: `messages` is Anthropic's,
        `completions` OpenAI's."""
        return _CALL.finditer(self.text)


@dataclass(frozen=True, slots=True)
class Conversation:
    """One that can be imported. `about` tells it from others in a list; `read` may raise `Misread`."""

    about: str
    read: Callable[[], Imported]


@dataclass(frozen=True, slots=True)
class Format:
    """`name` is what a person calls it. `find` gives the conversations of a source, None where it is another format;
    it may raise `Misread`."""

    name: str
    find: Callable[[Source], list[Conversation] | None]


def open_source(text: str) -> Source:
    """Raises `Misread` where the text begins like JSON, is none, and is no code either."""
    opening = _OPENS_JSON.match(text)
    if opening is None:
        return Source(text, NotJson())
    try:
        return Source(text, json.loads(text.removeprefix("\ufeff")))
    except RecursionError:
        raise Misread("this is nested too deeply", opening.end() - 1) from None
    except json.JSONDecodeError as error:
        if _CALL.search(text):
            return Source(text, NotJson())
        if len(text) > LONGEST_SLOW:
            raise Misread(f"this is no JSON: {error.msg}", error.pos) from None
        return read_exactly(text)


def read_exactly(text: str) -> Source:
    """The tolerant way, in which every object knows its place. Raises `Misread`."""
    return Source(text, LiteralReader(text, len(text) - len(text.removeprefix("\ufeff"))).whole(), exact=True)
