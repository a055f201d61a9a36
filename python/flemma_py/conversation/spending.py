"""The words of the machine about budgets: what is to be looked at, asked and remembered, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flemma_py.model.prompt import Prompt

if TYPE_CHECKING:
    # A chat without a budget does without.
    from flemma_py.accounting.budget import Answer, Question

# ---- inputs


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the user has to be asked before the request leaves; nothing: no budget is in its way."""

    turn: int
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """What the user says to `question`."""

    turn: int
    question: Question
    answer: Answer


# ---- effects


@dataclass(frozen=True, slots=True)
class Weigh:
    """Look whether the budgets let this request out: `Weighed`."""

    turn: int
    prompt: Prompt


@dataclass(frozen=True, slots=True)
class Ask:
    """Put this to the user: `Answered`."""

    turn: int
    question: Question


@dataclass(frozen=True, slots=True)
class Agree:
    """The user said that this is not to be asked again."""

    question: Question
