"""What a feature has to know before it can answer: each value names what is to be found out and what is said then.

`then` is pure as all here is, and may give another question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flemma_py.lsp.chat import Answer
from flemma_py.model.document import Document
from flemma_py.model.evaluated import Evaluated
from flemma_py.model.reading import Entry, Glimpse, Refused


@dataclass(frozen=True, slots=True)
class Evaluate:
    """What the templates of `document` give: a chat made for the question. A text is why that cannot be told."""

    document: Document
    then: Callable[[Evaluated | str], Answer]


@dataclass(frozen=True, slots=True)
class Glance:
    """What the file at the first of `paths` is that there is, as the chat writes them."""

    paths: Sequence[str]
    then: Callable[[Glimpse | Refused], Answer]


@dataclass(frozen=True, slots=True)
class Browse:
    """What is in the folder at `path`, as the chat writes it: only what the chat may have."""

    path: str
    then: Callable[[Sequence[Entry]], Answer]


@dataclass(frozen=True, slots=True)
class Slip:
    """A name in the frontmatter that is none: `wrong` stands on `line`, and `right` was meant."""

    line: int
    wrong: str
    right: str


@dataclass(frozen=True, slots=True)
class FindSlips:
    """What is misspelt in the frontmatter."""

    then: Callable[[Sequence[Slip]], Answer]


@dataclass(frozen=True, slots=True)
class Rate:
    """Who answers this chat and what a million tokens cost there, in dollars; prices None: nobody knows them."""

    model: str
    input: float | None
    output: float | None


@dataclass(frozen=True, slots=True)
class AskRate:
    """What the chat's model costs; None where nobody answers or the owner wants to see no prices."""

    then: Callable[[Rate | None], Answer]


Question = Evaluate | Glance | Browse | FindSlips | AskRate
QUESTIONS = (Evaluate, Glance, Browse, FindSlips, AskRate)
