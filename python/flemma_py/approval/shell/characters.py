"""Texts that a person does not see as the shell does, or that are too much to look at."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from flemma_py.approval.shell.command import Problem

MOST_CHARACTERS = 20_000
MOST_OPERATORS = 1_000
"""The grammar needs time that grows with the square of these: a thousand take a few hundredths of a second."""

HIDDEN = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "half of a character",
    "Co": "a character that nobody defined",
    "Cn": "a character that nobody defined",
    "Zl": "a line separator that is not a newline",
    "Zp": "a line separator that is not a newline",
    "Zs": "a blank that is not a space",
}
INVISIBLE = {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u3164", "\uffa0", "\u2800"}
"""Letters and marks that show nothing."""


def hidden(character: str) -> str:
    """What is wrong with a character, or nothing. Variation selectors, too, are of no use in a command."""
    if character in "\t\n":
        return ""
    if character in INVISIBLE or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return "an invisible character"
    category = unicodedata.category(character)
    return "" if character == " " else HIDDEN.get(category, "")


def place(text: str, index: int) -> tuple[int, int]:
    """Line and column of a character, both from 1."""
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


def misleading(text: str) -> Iterator[Problem]:
    """The first thing that makes `text` unfit to be read at all."""
    if len(text) > MOST_CHARACTERS:
        yield Problem(f"the command is longer than {MOST_CHARACTERS} characters", 1, 1)
        return
    for index, character in enumerate(text):
        if (character > "~" or character < " ") and (what := hidden(character)):
            yield Problem(f"{what} (U+{ord(character):04X})", *place(text, index))
            return
    if sum(map(text.count, "|&;<>(){}`$")) > MOST_OPERATORS:
        yield Problem(f"the command has more than {MOST_OPERATORS} operators", 1, 1)
