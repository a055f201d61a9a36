"""Whether the star of a rule may stand for the words that it met.

What a rule spells, it allows. What its star covers must neither run code nor write, as far as the program's table
knows.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flemma_py.approval.programs import table as table_of
from flemma_py.approval.programs.table import Options, Table


@dataclass(frozen=True, slots=True)
class Met:
    """A word of a command, and whether the rule spells it."""

    text: str
    spelled: bool


Writes = Callable[[str], str]
"""Why a path may not be written to, or nothing."""


def refusal(words: Sequence[Met], table: Table | None, writes: Writes) -> str:
    """Why a rule's star does not cover these words (the program's name is the first), or nothing if it does."""
    if all(word.spelled for word in words):
        return ""
    program = words[0].text
    if table and (table.wrapper or table.shell or table.builtin):
        return f"what {program} runs must be allowed itself"
    if table is None:
        return f"nothing is known of {program}: only a rule that spells the whole command allows it"
    return next(_Judge(program, table, words, writes).reasons(), "")


class _Judge:
    def __init__(self, program: str, table: Table, words: Sequence[Met], writes: Writes) -> None:
        self.program = program
        self.table = table
        self.words = words
        self.writes = writes
        self.options = table.options.joined(table.everywhere)
        self.command = ""
        self.operands: list[str] = []
        self.scripted = False

    def reasons(self) -> Iterator[str]:
        value_of = ""
        for index, word in enumerate(self.words[1:], 1):
            yield from self._patterns(word)
            if value_of:
                yield from self._value(value_of, word)
            text = word.text
            if index == 1 and self.table.first == "options" and not text.startswith("-"):
                text = f"-{text}"
            if text.startswith("-") and text != "-":
                yield from self._option(text, word)
                if text in self.table.delegate and index + 1 < len(self.words):
                    yield from self._delegated(index + 1)
                    return
                value_of = self._awaits(text)
                continue
            if not value_of:
                yield from self._operand(word)
            value_of = ""
        yield from self._copies()

    def _patterns(self, word: Met) -> Iterator[str]:
        for pattern, why in self.table.words:
            if not word.spelled and pattern.search(word.text):
                yield f"{self._named()} with {word.text}: {why}"

    def _option(self, text: str, word: Met) -> Iterator[str]:
        name = text.partition("=")[0]
        for kind, effect in ((self.options.run, "can run code"), (self.options.write, "writes")):
            if (hit := self._hit(text, name, kind)) and not word.spelled:
                yield f"{self._named()} with {hit} {effect}: only a rule that spells it allows that"
        if self.table.has_commands and not self.command and not word.spelled:
            known = (*self.options.flags, *self.options.values, *self.table.ignored)
            if name not in known:
                yield f"{self.program} with {name} before the command is not known here"
        if script := self.table.script:
            self.scripted |= self._hit(text, name, script.without) != ""
            yield from self._known(text, name, word)
            option, value = self._attached(text)
            if option in script.options:
                yield from self._script(value, word)

    def _known(self, text: str, name: str, word: Met) -> Iterator[str]:
        """Which word is the script depends on all options before it."""
        flags, values = self.options.flags, self.options.values
        if text.startswith("--"):
            known = name in (*flags, *values)
        else:
            letters = next((text[:end] for end in range(2, len(text)) if f"-{text[end - 1]}" in values), text)
            known = all(f"-{letter}" in (*flags, *values) for letter in letters[1:])
        if not (known or word.spelled):
            yield f"{self._named()} with {name} is not known here"

    def _attached(self, text: str) -> tuple[str, str]:
        """An option and the value in the same word; both empty where there is none."""
        if text.startswith("--"):
            name, sign, value = text.partition("=")
            return (name, value) if sign else ("", "")
        for position, letter in enumerate(text[1:], 2):
            if f"-{letter}" in self.options.values:
                return (f"-{letter}", text[position:]) if position < len(text) else ("", "")
        return "", ""

    def _hit(self, text: str, name: str, options: Sequence[str]) -> str:
        """Which of `options` a word is, may be short for, or has among its letters."""
        if text.startswith("--") or self.table.long_dash:
            for option in options:
                if option == name or (
                    option.startswith("--") and len(name) > 2 and option.startswith(name) and not self.table.exact
                ):
                    return option
            return ""
        for letter in text[1:]:
            if f"-{letter}" in options:
                return f"-{letter}"
            if f"-{letter}" in self.options.values:
                return ""
        return ""

    def _awaits(self, text: str) -> str:
        """The option whose value is the next word, or nothing."""
        if text.startswith("--") or self.table.long_dash:
            short_for = (each for each in self.options.values if each.startswith(text) and not self.table.exact)
            return text if text in self.options.values else next(short_for, "") if text.startswith("--") else ""
        for position, letter in enumerate(text[1:], 2):
            if f"-{letter}" in self.options.values:
                return f"-{letter}" if position == len(text) else ""
        return ""

    def _value(self, option: str, word: Met) -> Iterator[str]:
        if option in (*self.options.run, *self.options.write) and not word.spelled:
            yield f"what {self.program} gets with {option} must be spelt by the rule"
        if self.table.script and option in self.table.script.options:
            yield from self._script(word.text, word)

    def _operand(self, word: Met) -> Iterator[str]:
        if self.table.has_commands and not self.command:
            self.command = word.text
            commands = self.table.commands or {}
            self.options = self.table.everywhere.joined(commands.get(word.text, Options()))
            if word.text in self.table.plain:
                return
            if not word.spelled:
                yield f"{self._named()} may run code or write: only a rule that spells it allows that"
            if word.text not in commands:
                yield f"nothing is known of {self._named()}: only a rule that spells the whole command allows it"
            return
        self.operands.append(word.text)
        first = len(self.operands) == 1
        if first and self.table.script and not self.scripted:
            yield from self._script(word.text, word)
            return
        if not word.spelled:
            if self.table.operands == "code" or (first and self.table.first == "code"):
                yield f"{self.program} runs {word.text}: only a rule that spells it allows that"
            if self.table.most is not None and len(self.operands) > self.table.most:
                yield f"{self.program} writes to {word.text}"
            if any(re.fullmatch(pattern, word.text, re.DOTALL) for pattern in self.options.words):
                yield f"{self._named()} with {word.text}: only a rule that spells it allows that"
        if self.table.operands in ("written", "copied") and (why := self.writes(word.text)):
            yield f"{self.program} writes: {why}"

    def _copies(self) -> Iterator[str]:
        """What is copied into a folder is written to the place that a link of its name there leads to."""
        if self.table.operands == "copied" and self.operands:
            *sources, target = self.operands
            for source in sources:
                if why := self.writes(posixpath.join(target, posixpath.basename(source.rstrip("/")))):
                    yield f"{self.program} writes: {why}"

    def _script(self, text: str, word: Met) -> Iterator[str]:
        harmless = self.table.script.harmless if self.table.script else ()
        if not word.spelled and not any(pattern.fullmatch(text) for pattern in harmless):
            yield f"{self.program} with this script may run code or write"

    def _delegated(self, index: int) -> Iterator[str]:
        inner = self.words[index:]
        if not inner[0].spelled:
            yield f"{self.program} runs {inner[0].text}: only a rule that spells it allows that"
        yield refusal(inner, table_of(inner[0].text), self.writes)

    def _named(self) -> str:
        return f"{self.program} {self.command}".rstrip()
