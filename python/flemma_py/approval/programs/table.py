"""The form of a program's file.

    names = ["awk", "gawk"]     the programs it is about; without it the file's own name
    stdin = "code"              what comes in is run (shells, interpreters); otherwise it is data
    long_dash = true            options of one dash are whole words (-exec), not letters in a row (-xf)
    exact = true                a long option cannot be shortened
    ignored = ["--no-pager"]    options before everything else that change nothing: they are looked through
    operands = "written"        words that are no options: "written" paths, "copied" (the same, and the last may be the
                                folder that the others go to), "code", or nothing to say
    here = true                 what it does depends on files of the folder in which it starts
    first = "code"              the first of them: "code", or "options" as in `tar xf`
    most = 1                    more operands than these are not covered by a star
    delegate = ["-m"]           behind this option stands the name of another program, with its words
    builtin = "…"               a word of the shell's own that may change what later words mean: why; never allowed

    [options]                   run = [], write = [], values = [], flags = [], words = ["regular expression"]
    [words]                     "regular expression of any word" = "why a star does not cover it"
    [script]                    options = ["-e"], harmless = ["regular expression"], without = ["-e", "-f"]
    [commands]                  plain = ["status"]: those that a star may stand for
    [commands.push]             options as above, of one that must be spelt
    [wrapper]                   it runs the command behind its own words: skip = 1, flags = [], values = [],
                                opaque = "why what it runs cannot be told"
    [shell]                     option = "-c": the word behind it is a text for bash

`run` are options that run code, `write` those that write, `values` those with a value in the next word or right
behind their letter, `flags` those known to have none, `words` whole operands that must be spelt. `[options]` of a
program with `[commands]` are those before the command; what holds behind every command is in `[everywhere]`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Options:
    run: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def joined(self, other: Options) -> Options:
        """These and those of `other`."""
        return Options(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Options)))


@dataclass(frozen=True, slots=True)
class Script:
    """A word that is a small program: the first operand, unless one of the options `without` is given, and the values
    of `options`. It must be wholly one of `harmless`."""

    harmless: tuple[re.Pattern[str], ...]
    options: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrapper:
    """`skip` words of its own stand before the command, beside options that are known to do no harm."""

    skip: int = 0
    flags: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    opaque: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One file; see above."""

    names: tuple[str, ...]
    stdin: str = "data"
    long_dash: bool = False
    exact: bool = False
    here: bool = False
    ignored: tuple[str, ...] = ()
    operands: str = ""
    first: str = ""
    most: int | None = None
    delegate: tuple[str, ...] = ()
    builtin: str = ""
    options: Options = field(default_factory=Options)
    everywhere: Options = field(default_factory=Options)
    words: tuple[tuple[re.Pattern[str], str], ...] = ()
    script: Script | None = None
    plain: tuple[str, ...] = ()
    commands: Mapping[str, Options] | None = None
    wrapper: Wrapper | None = None
    shell: str = ""

    @property
    def has_commands(self) -> bool:
        return bool(self.plain or self.commands)


def read_table(name: str, raw: dict[str, Any]) -> Table:
    """A file's content. Raises `ValueError` or `TypeError` where it has another form."""
    known = {"names": (name,)} | {key: _frozen(value) for key, value in raw.items() if not isinstance(value, dict)}
    for key, value in raw.items():
        if key in ("options", "everywhere"):
            known[key] = _options(value)
        elif key == "words":
            known[key] = tuple((re.compile(pattern), why) for pattern, why in value.items())
        elif key == "script":
            harmless = tuple(re.compile(pattern, re.DOTALL) for pattern in value.pop("harmless"))
            known[key] = Script(harmless, **{each: _frozen(words) for each, words in value.items()})
        elif key == "commands":
            known["plain"] = tuple(value.pop("plain", ()))
            known[key] = {each: _options(options) for each, options in value.items()}
        elif key == "wrapper":
            known[key] = Wrapper(**{each: _frozen(words) for each, words in value.items()})
        elif key == "shell":
            known[key] = value["option"]
        elif isinstance(value, dict):
            raise ValueError(f"{name}.toml: [{key}] is not known")
    return Table(**known)


def _options(raw: dict[str, Any]) -> Options:
    return Options(**{key: tuple(value) for key, value in raw.items()})


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
