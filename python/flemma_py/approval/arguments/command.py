"""`bash(git diff *)`: a simple command. A `*` alone at its end stands for any further words, elsewhere for one; within
a word for a part of it.

A call is allowed if each simple command in it is, by one rule or another. To be refused, one of them is enough, also
inside `env`, `sh -c`, `$(…)` and the like, and by whatever path the program is called.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from flemma_py.approval.call import Call, Place
from flemma_py.approval.guarded import mentioned
from flemma_py.approval.programs import table
from flemma_py.approval.programs.cover import Met, refusal
from flemma_py.approval.rules import Fit, Granted, Rule
from flemma_py.approval.shell.analysis import SHELLS, analyse
from flemma_py.approval.shell.characters import MOST_CHARACTERS
from flemma_py.approval.shell.command import Analysis, SimpleCommand
from flemma_py.approval.shell.targets import Targets
from flemma_py.approval.shell.tokens import Letter, Unclear, replaceable, tokens
from flemma_py.approval.shell.wrappers import unwrapped
from flemma_py.approval.stars import fits_parts
from flemma_py.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word of a rule: what stands between its stars."""

    parts: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether it has no star."""
        return len(self.parts) == 1

    def fits(self, text: str) -> bool:
        return fits_parts(self.parts, text)


ANYTHING = Spelling(("", ""))


@dataclass(frozen=True, slots=True)
class CommandPattern:
    """`open`: it ends with a star, so that more words may follow."""

    words: tuple[Spelling, ...]
    open: bool

    def met(self, texts: Sequence[str]) -> tuple[Met, ...] | None:
        """Each word and whether the rule spells it; None where they do not fit."""
        few = len(self.words)
        if len(texts) < few or (len(texts) > few and not self.open):
            return None
        if not all(spelling.fits(text) for spelling, text in zip(self.words, texts, strict=False)):
            return None
        return tuple(Met(text, index < few and self.words[index].whole) for index, text in enumerate(texts))

    def may_fit(self, texts: Sequence[str | None]) -> Fit:
        """The same for a rule that refuses. A word that cannot be told may be any."""
        few = len(self.words)
        if len(texts) < few and None not in texts:
            return Fit.NO
        if len(texts) > few and not self.open and None not in texts:
            return Fit.NO
        known = [(spelling, text) for spelling, text in zip(self.words, texts, strict=False) if text is not None]
        if not all(spelling.fits(text) for spelling, text in known):
            return Fit.NO
        whole = len(known) == few and (self.open or len(texts) == few)
        return Fit.YES if whole else Fit.PERHAPS


class CommandArgument:
    """See `Argument`."""

    tools: tuple[str, ...] = ("bash",)

    def read(self, text: str, *, strict: bool) -> object:
        return read_pattern(text, strict=strict)

    def allowed(self, rules: Sequence[Rule], call: Call, place: Place) -> Granted:
        text = call.text("command")
        if text is None:
            return Granted(why="the call has no command that is a text")
        if PurePath(place.shell).name not in SHELLS:
            return Granted(why=f"commands for {place.shell} are not understood")
        whole = examined(text)
        if whole.problems:
            return Granted(why=f"the command cannot be told: {whole.problems[0]}")
        if not whole.commands:
            return Granted(why="the command is empty")
        targets = Targets(place, whole.commands, lambda command: _spelled_out(command, rules))
        found: list[Rule] = []
        for command in whole.commands:
            granted = _allowed(command, rules, targets)
            if not granted.rules:
                return granted
            found += granted.rules
        return Granted(tuple(dict.fromkeys(found)))

    def fits(self, rule: Rule, call: Call, place: Place) -> Fit:
        pattern = rule.pattern
        text = call.text("command")
        if text is None or not isinstance(pattern, CommandPattern):
            return Fit.PERHAPS
        whole = examined(text)
        every = [each for command in whole.commands for each in within(command)]
        best = max((_may_fit(pattern, each) for each in every), key=lambda fit: fit.value, default=Fit.NO)
        unclear = bool(whole.problems) or any(each.opaque for each in every)
        unclear |= PurePath(place.shell).name not in SHELLS
        return Fit.PERHAPS if best is Fit.NO and unclear else best

    def guarded(self, call: Call, place: Place) -> str:
        text = call.text("command") or ""
        if len(text) > MOST_CHARACTERS:
            return f"the command is longer than {MOST_CHARACTERS} characters"
        whole = examined(text)
        targets = Targets(place, whole.commands)
        named = next(filter(None, (targets.guarded(each) for each in whole.commands)), "")
        clear = not whole.problems and not any(each.opaque for command in whole.commands for each in within(command))
        name = named or ("" if clear else mentioned(place, text))
        return f"the command is about {name}" if name else ""


ARGUMENT = CommandArgument()


def read_pattern(text: str, *, strict: bool = True) -> CommandPattern:
    """Raises `SettingsError` where `text` is not one simple command of literal words."""
    try:
        found = tokens(text)
    except Unclear as unclear:
        raise SettingsError(f"it has {unclear.reason}; a rule is one simple command of literal words") from unclear
    if operator := next((token.operator for token in found if token.operator), ""):
        shown = "a newline" if operator == "\n" else operator
        raise SettingsError(f"it has {shown}; a rule is one simple command, so write one for each")
    if not found:
        raise SettingsError("the parentheses are empty; the name of the tool alone means every call")
    words = [_spelling(token.letters) for token in found]
    for token in found:
        bare = tuple(letter for letter in token.letters if letter.quoted or letter.character != "*")
        if character := replaceable(bare):
            raise SettingsError(f"it has {character}, in the place of which the shell may put something else: quote it")
    is_open = words[-1] == ANYTHING
    words = words[:-1] if is_open else words
    if strict and (not words or not words[0].whole):
        raise SettingsError("it must name a program; the name of the tool alone allows every command")
    return CommandPattern(tuple(words), is_open)


def _spelling(letters: tuple[Letter, ...]) -> Spelling:
    parts = [""]
    for each in letters:
        if each.character == "*" and not each.quoted:
            parts.append("")
        else:
            parts[-1] += each.character
    return Spelling(tuple(parts))


@functools.lru_cache(maxsize=512)
def examined(text: str) -> Analysis:
    """The commands of a text, with those that they run."""
    whole = analyse(text)
    return Analysis(tuple(unwrapped(command) for command in whole.commands), whole.problems)


def within(command: SimpleCommand) -> Iterator[SimpleCommand]:
    """`command` and all that it runs."""
    yield command
    for each in command.within:
        yield from within(each)


def _allowed(command: SimpleCommand, rules: Sequence[Rule], targets: Targets) -> Granted:
    if why := _unfit(command, targets):
        return Granted(why=why)
    texts = [text for text in command.texts if text is not None]
    refused, closest = "", -1
    for rule in rules:
        pattern = rule.pattern
        if isinstance(pattern, CommandPattern):
            met = pattern.met(texts) or pattern.met(_looked_through(texts))
            why = refusal(met, table(texts[0]), targets.unwritable) if met else ""
            if met and not why:
                return Granted((rule,))
            if why and len(pattern.words) > closest:
                refused, closest = why, len(pattern.words)
    if command.within and not command.opaque:
        found: list[Rule] = []
        for each in command.within:
            granted = _allowed(each, rules, targets)
            if not granted.rules:
                return granted
            found += granted.rules
        return Granted(tuple(found))
    return Granted(why=command.opaque or refused or f"no rule allows {_shown(command)}")


def _unfit(command: SimpleCommand, targets: Targets) -> str:
    """Why no rule can allow a simple command, whatever it says."""
    if not command.words or None in command.texts:
        return f"{_shown(command)} has words that cannot be told"
    if command.assignments:
        return f"{_shown(command)} sets a variable"
    if why := targets.redirections(command):
        return why
    known = table(command.program)
    if known and known.builtin:
        return f"{command.program}: {known.builtin}"
    if targets.elsewhere and (known is None or known.here or command.opaque):
        return f"{command.program} goes by what is in the folder, and {targets.elsewhere}"
    if command.fed and (known is None or known.stdin == "code"):
        return f"{command.program} gets its input from the command, and might run it"
    return ""


def _spelled_out(command: SimpleCommand, rules: Sequence[Rule]) -> bool:
    """Whether a rule names this very command, with all of its words."""
    texts = [text for text in command.texts if text is not None]
    met = [rule.pattern.met(texts) for rule in rules if isinstance(rule.pattern, CommandPattern)]
    return len(texts) == len(command.words) and any(each and all(word.spelled for word in each) for each in met)


def _looked_through(texts: Sequence[str]) -> Sequence[str]:
    """The words without options behind the program that change nothing."""
    ignored = known.ignored if (known := table(texts[0])) else ()
    first = next((index for index, text in enumerate(texts) if index and text not in ignored), len(texts))
    return [texts[0], *texts[first:]]


def _may_fit(pattern: CommandPattern, command: SimpleCommand) -> Fit:
    if not command.words:
        return Fit.NO
    texts = command.texts
    name = texts[0] and texts[0].rpartition("/")[2]
    forms = (texts, (name, *texts[1:]), (name, *_without_options(name, texts[1:])))
    return max((pattern.may_fit(form) for form in forms), key=lambda fit: fit.value)


def _without_options(program: str | None, texts: Sequence[str | None]) -> Sequence[str | None]:
    """The words from the program's command on: `git -C x push` is a push."""
    known = table(program)
    if known is None or not known.has_commands:
        return texts
    index = 0
    while index < len(texts) and (text := texts[index]) is not None and text.startswith("-"):
        index += 2 if text in known.options.values else 1
    return texts[index:]


def _shown(command: SimpleCommand) -> str:
    text = " ".join(str(command).split())
    return f"{text[:60]}…" if len(text) > 60 else text or "a redirection alone"
