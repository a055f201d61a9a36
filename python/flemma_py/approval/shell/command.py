"""What a shell command is made of, as far as it can be told without running it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """`text` is what the program gets, None where only the shell will know; `raw` is what was written. `start` is the
    byte where it begins, -1 for one that stands nowhere."""

    text: str | None
    raw: str
    start: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Redirection:
    """`operator` as written (`>`, `<<<`, …), without the number before it. The target of a here-document is not a
    file: `target` None."""

    operator: str
    target: Word | None

    @property
    def feeds(self) -> bool:
        """Whether it gives the program input."""
        return self.operator.startswith("<")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be told. `line` and `column` count from 1, the column in characters."""

    reason: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.reason} (line {self.line}, column {self.column})"


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One program with its words. `assignments` are the variables set before it. `fed`: it stands behind a pipe or
    gets its input from the command's text or a file. `within` are commands that it runs, where it is a wrapper such
    as `env`, and `opaque` says why those are not all that may run."""

    words: tuple[Word, ...]
    assignments: tuple[str, ...] = ()
    redirections: tuple[Redirection, ...] = ()
    fed: bool = False
    within: tuple[SimpleCommand, ...] = field(default=())
    opaque: str = ""

    @property
    def program(self) -> str | None:
        return self.words[0].text if self.words else None

    @property
    def texts(self) -> tuple[str | None, ...]:
        return tuple(word.text for word in self.words)

    def __str__(self) -> str:
        return " ".join(word.raw for word in self.words)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A whole command. With `problems`, the simple commands are those that were found and perhaps not all that run:
    good enough to refuse, not to allow."""

    commands: tuple[SimpleCommand, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def told(self) -> bool:
        """Whether everything that may run is in `commands`."""
        return not self.problems
