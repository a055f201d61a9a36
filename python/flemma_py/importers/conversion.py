"""From the text of a buffer to the lines of a chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from flemma_py.document.text import byte_width
from flemma_py.errors import ImportFailure
from flemma_py.importers.chat import Imported, write
from flemma_py.importers.literal import Misread
from flemma_py.importers.source import LONGEST_SLOW, Conversation, Format, Source, open_source, read_exactly
from flemma_py.registry import discover

NOTHING = (
    "No Anthropic API call found, nor one of OpenAI's, nor an export of ChatGPT or Claude, nor a list of messages: "
    "put one of these into the buffer, then import again."
)


@dataclass(frozen=True, slots=True)
class Converted:
    """`lines` are the chat; `notice` says what became of the source."""

    lines: list[str]
    notice: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The source has several conversations: one has to be picked, by its number from 1 on. `items` tell them apart."""

    items: tuple[str, ...]


def convert(text: str, pick: int | None = None) -> Converted | Choice:
    """Read `text`; `pick` is the number of the conversation, None: the only one. Takes about a second for 20 MB.
    Raises `ImportFailure`."""
    try:
        source = open_source(text)
        try:
            return _convert(source, pick)
        except Misread as failure:
            if failure.offset is not None or not isinstance(source.value, dict | list) or len(text) > LONGEST_SLOW:
                raise
            return _convert(read_exactly(text), pick)
    except RecursionError:
        raise ImportFailure("The import failed: this is nested too deeply.") from None
    except Misread as failure:
        line, column = _place(text, failure.offset)
        where = "" if line is None else f" at line {line}, column {column}"
        raise ImportFailure(f"The import failed{where}: {failure.message}.", line, column) from None


def _convert(source: Source, pick: int | None) -> Converted | Choice:
    for format in formats():
        conversations = format.find(source)
        if conversations is None:
            continue
        count = len(conversations)
        if not count:
            raise Misread(f"this is {format.name} without a conversation")
        if pick is None and count > 1:
            return Choice(tuple(conversation.about for conversation in conversations))
        if pick is not None and not 1 <= pick <= count:
            raise Misread(f"there is no conversation {pick}: this is {format.name} with {count}")
        return _written(format, conversations[(pick or 1) - 1])
    raise ImportFailure(NOTHING)


@cache
def formats() -> tuple[Format, ...]:
    return tuple(format for _, format in discover("flemma_py.importers.formats", "FORMAT"))


def _written(format: Format, conversation: Conversation) -> Converted:
    imported = conversation.read()
    if not imported.speeches and not imported.system:
        raise Misread(f"this is {format.name} in which nobody says anything")
    count = len(imported.speeches)
    told = f"Imported {count} message{'' if count == 1 else 's'} from {format.name}."
    return Converted(write(imported), told + _left_out(imported))


def _left_out(imported: Imported) -> str:
    counts: Mapping[str, int] = imported.left_out
    if not counts:
        return ""
    words = (f"{count} × {what}" if count > 1 else what for what, count in counts.items())
    return f" A chat cannot hold everything; left out: {', '.join(words)}."


def _place(text: str, offset: int | None) -> tuple[int | None, int | None]:
    """Line and byte column, both from 1 on, as the editor counts them."""
    if offset is None:
        return None, None
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, byte_width(text[start:offset]) + 1
