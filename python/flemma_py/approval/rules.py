"""Rules of the owner's: `bash(git diff *)`, `deny write(secrets/**)`, `server:*`, `calculator`."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from flemma_py.approval.call import Call, Place
from flemma_py.config.spelling import nearest
from flemma_py.errors import SettingsError
from flemma_py.registry import discover


class Say(Enum):
    """What a rule says of the calls that it fits."""

    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Scope(Enum):
    """Whose rule it is. A rule is as good as any other: the strictest that fits decides."""

    FILE = "file"
    PROJECT = "project"
    USER = "user"


class Fit(Enum):
    """Whether a rule is about a call. `PERHAPS`: the call cannot be told well enough, and so the owner is asked."""

    NO = 0
    PERHAPS = 1
    YES = 2


class Pattern(Protocol):
    """An argument that was read. See `Argument`."""


@dataclass(frozen=True, slots=True)
class Granted:
    """`rules` together allow a call; with none of them, `why` says what keeps it from being allowed."""

    rules: tuple[Rule, ...] = ()
    why: str = ""


class Argument(Protocol):
    """A kind of argument: each module of `arguments/` names one `ARGUMENT`.

    `read` makes a pattern of its text and raises `SettingsError` where it has none; `strict` is False for rules that
    refuse. `allowed` and `fits` look at a call: the one whether rules allow it, the other whether a rule that asks or
    refuses is about it.
    """

    tools: tuple[str, ...]

    def read(self, text: str, *, strict: bool) -> object: ...

    def allowed(self, rules: Sequence[Rule], call: Call, place: Place) -> Granted: ...

    def fits(self, rule: Rule, call: Call, place: Place) -> Fit: ...

    def guarded(self, call: Call, place: Place) -> str:
        """Why no rule at all may let this call run, or nothing."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`tool` is a name, or `server:*`. `argument` is what is in the parentheses, None for every call of the tool;
    `pattern` is what it was read to. `text` is the rule as it was written."""

    text: str
    say: Say
    scope: Scope
    tool: str
    argument: str | None = None
    pattern: object = None

    def names(self, tool: str) -> bool:
        """Whether it is about this tool at all."""
        if self.tool.endswith(":*"):
            return tool.startswith(self.tool[:-1])
        return tool == self.tool

    def __str__(self) -> str:
        return f"{self.text} ({self.scope.value})"


FORM = re.compile(r"(?P<tool>[^\s():,*]+(?::(?:\*|[^\s():,*]+))?)(?:\((?P<argument>.*)\))?", re.DOTALL)
SAY = re.compile(r"(allow|ask|deny)\s+(?=\S)")


def read_rule(text: str, scope: Scope, say: Say | None = None) -> Rule:
    """A rule from its text. It begins with allow, ask or deny, or says what `say` says, or allows.

    Raises `SettingsError` that names the rule and what is wrong in it."""
    rest = text.strip()
    if verb := SAY.match(rest):
        said, rest = Say(verb[1]), rest[verb.end() :]
    else:
        said = say or Say.ALLOW
    form = FORM.fullmatch(rest)
    if form is None:
        raise SettingsError(f"The rule {text!r} is not understood: {_wrong(rest)}.")
    tool, argument = form["tool"], form["argument"]
    if argument is None:
        return Rule(text.strip(), said, scope, tool)
    kind = argument_of(tool)
    if kind is None:
        known = sorted(_arguments())
        near = nearest(tool, known)
        hint = f"did you mean {near}?" if near else f"{', '.join(known)} do."
        raise SettingsError(f"The rule {text!r} is not understood: {tool} takes nothing in parentheses; {hint}")
    try:
        pattern = kind.read(argument.strip(), strict=said is Say.ALLOW)
    except SettingsError as error:
        raise SettingsError(f"The rule {text!r} is not understood: {error.message}.") from error
    return Rule(text.strip(), said, scope, tool, argument.strip(), pattern)


def read_rules(texts: Iterable[str], scope: Scope, say: Say | None = None) -> tuple[list[Rule], list[str]]:
    """The good ones, and a sentence for each other. One that refuses and is not understood must not be lost without
    a word."""
    rules: list[Rule] = []
    problems: list[str] = []
    for text in texts:
        try:
            rules.append(read_rule(text, scope, say))
        except SettingsError as error:
            problems.append(error.message)
    return rules, problems


def argument_of(tool: str) -> Argument | None:
    """The kind of argument that rules for a tool take, None for most tools."""
    return _arguments().get(tool)


@functools.cache
def _arguments() -> dict[str, Argument]:
    return {
        tool: argument
        for _, argument in discover("flemma_py.approval.arguments", "ARGUMENT")
        for tool in argument.tools
    }


def _wrong(text: str) -> str:
    if not text:
        return "it is empty"
    first, _, rest = text.partition(" ")
    if rest and "(" not in first and (near := nearest(first, [each.value for each in Say])):
        return f"did you mean {near} {rest.strip()}"
    if text.count("(") != text.count(")") or ("(" in text) != text.endswith(")"):
        return "it must be a tool, and then perhaps something in parentheses, as in bash(git status)"
    if text.startswith(("*", "(")):
        return "it must name a tool"
    return "the name of a tool has no blanks, and a * only behind a server, as in server:*"
