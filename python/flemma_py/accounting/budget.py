"""What may still be spent. Values and arithmetic: what was spent, and what the user answers, somebody else finds out.

A request counts with the worst that it can cost before it leaves, and so do those that are under way: a limit is kept
by what is not sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from flemma_py.accounting.money import money
from flemma_py.accounting.request import MILLION, Prices

NEARLY = 0.8
"""The part of a limit from which on the user is told."""
_DUST = 1e-9
"""USD by which sums of floating point may be off."""

Scope = Literal["file", "day", "project", "run"]
WORDS: dict[str, str] = {"file": "this chat", "day": "today", "project": "this project", "run": "this run"}


@dataclass(frozen=True, slots=True)
class Limit:
    """`usd` that may be spent in `scope`; `key` says in which: a session's id, a date, a project's folder."""

    scope: Scope
    usd: float
    key: str = ""


@dataclass(frozen=True, slots=True)
class Fund:
    """A limit and what is taken of it, in USD: `spent`, and `in_flight` at worst by other requests that are under way.
    `estimated`: nobody counted a part of it; `unpriced` requests are not in it, as nobody knows what they cost."""

    limit: Limit
    spent: float
    in_flight: float = 0.0
    estimated: bool = False
    unpriced: int = 0

    @property
    def taken(self) -> float:
        return self.spent + self.in_flight

    @property
    def left(self) -> float:
        """USD, never below nought."""
        return max(self.limit.usd - self.taken, 0.0)

    @property
    def share(self) -> float:
        """The part of the limit that is taken; of a limit of nothing all as soon as anything is."""
        if self.limit.usd > 0:
            return self.taken / self.limit.usd
        return math.inf if self.taken > _DUST else 0.0

    def is_over(self, worst: float) -> bool:
        """Whether a request that may cost so much could go beyond the limit."""
        return self.taken + worst > self.limit.usd + _DUST

    def is_near(self, worst: float) -> bool:
        """Whether with such a request most of the limit is taken."""
        return self.taken + worst >= NEARLY * self.limit.usd - _DUST and self.taken + worst > _DUST

    def plus(self, usd: float, *, estimated: bool = False) -> Fund:
        """After a request that did cost so much."""
        return Fund(self.limit, self.spent + usd, self.in_flight, self.estimated or estimated, self.unpriced)

    @property
    def sentence(self) -> str:
        """`$0.31 of $0.50 spent`, as far as that is known."""
        flying = f", up to {money(self.in_flight)} under way" if self.in_flight > _DUST else ""
        return f"{self.amount} of {money(self.limit.usd)} spent{flying}"

    @property
    def remainder(self) -> str:
        """`$0.19 of $0.50 left for this chat`."""
        about = "~" if self.estimated else ""
        return f"{about}{money(self.left)} of {money(self.limit.usd)} left for {WORDS[self.limit.scope]}"

    @property
    def amount(self) -> str:
        """What was spent: `~` where a part of it is a guess, `≥` where a part has no price."""
        return f"{'≥ ' if self.unpriced else ''}{'~' if self.estimated else ''}{money(self.spent)}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A limit of which nobody can say what is taken; `why` is a sentence."""

    limit: Limit
    why: str


@dataclass(frozen=True, slots=True)
class Worst:
    """What a request costs at worst: `read` tokens of input for `input` USD, up to `written` of output for `output`."""

    read: int
    written: int
    input: float
    output: float

    @property
    def usd(self) -> float:
        return self.input + self.output

    @property
    def sentence(self) -> str:
        return f"up to {money(self.usd)} (about {self.read:,} tokens to read, {self.written:,} to write at most)"


def worst_case(prices: Prices, read: int, written: int) -> Worst:
    """`read`: tokens of the prompt, none of them in a cache yet; `written`: as many as the answer may have."""
    return Worst(read, written, read * dearest(prices) / MILLION, written * prices.output / MILLION)


def dearest(prices: Prices) -> float:
    """USD for a million tokens of input, whichever way a vendor counts them."""
    caches = (prices.cache_write, prices.cache_write_1h)
    return max(prices.input, *(each for each in caches if each is not None), 0.0)


class Answer(Enum):
    """What the user says: this request alone, from now on, or not at all."""

    ONCE = "once"
    ALWAYS = "always"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Question:
    """What the user is asked before a request leaves. `always`: the limit that holds if that is the answer, with
    infinite `usd` for none at all; None: it is the model that is agreed to, in this chat."""

    text: str
    options: tuple[tuple[Answer, str], ...]
    always: Limit | None = None

    def answer(self, choice: int | None) -> Answer:
        """The answer of the option that was taken, from 0 on; None: they took none."""
        return Answer.STOP if choice is None else self.options[choice][0]


STOP = (Answer.STOP, "Stop: send nothing")
ONCE = (Answer.ONCE, "Send it this once")


def near(funds: Iterable[Fund], worst: float) -> list[Fund]:
    """The limits that such a request brings close, and not beyond."""
    return [each for each in funds if each.is_near(worst) and not each.is_over(worst)]


def questions(funds: Iterable[Fund | Unknown], worst: Worst | None) -> tuple[Question, ...]:
    """What is to be asked before a request leaves; nothing: it may. `worst` None: nobody knows what it costs."""
    asked: list[Question] = []
    for each in funds:
        if isinstance(each, Unknown):
            asked.append(_unknown(each))
        elif each.is_over(worst.usd if worst else 0.0):
            asked.append(_over(each, worst))
    return tuple(asked)


def near_sentence(fund: Fund, worst: float) -> str:
    """The notice of a limit that is close."""
    where = WORDS[fund.limit.scope]
    with_it = f"; this request may cost up to {money(worst)}" if worst > _DUST else ""
    return f"the budget for {where} is nearly spent: {fund.sentence}{with_it}"


def _over(fund: Fund, worst: Worst | None) -> Question:
    may = f"this request may cost {worst.sentence}" if worst else "nobody knows what this request costs"
    raised = Limit(fund.limit.scope, raised_limit(fund.limit.usd, fund.taken + (worst.usd if worst else 0.0)),
                   fund.limit.key)  # fmt: skip
    until = "until midnight" if fund.limit.scope == "day" else "until Neovim ends"
    return Question(
        f"Budget for {WORDS[fund.limit.scope]}: {fund.sentence}, and {may}.",
        (ONCE, (Answer.ALWAYS, f"Allow {money(raised.usd)} in all {until}"), STOP),
        raised,
    )


def _unknown(found: Unknown) -> Question:
    where = WORDS[found.limit.scope]
    return Question(
        f"The budget for {where} ({money(found.limit.usd)}) cannot be watched: {found.why}",
        (ONCE, (Answer.ALWAYS, f"Send without the budget for {where} until Neovim ends"), STOP),
        Limit(found.limit.scope, math.inf, found.limit.key),
    )


def unpriced(provider: str, model: str) -> Question:
    """Asked once in a chat for each model of which nobody knows a price, where a budget is set."""
    return Question(
        f"Nobody knows what {model} costs, so your budget cannot be kept with it (providers.{provider}.models can say "
        "its price).",
        ((Answer.ALWAYS, "Send, and do not ask again in this chat"), STOP),
    )


def raised_limit(usd: float, wanted: float) -> float:
    """A limit that lets a request through which brings the sum to `wanted`, and some more like it: the old one doubled
    as often as that takes, of nothing twice what is wanted; in whole cents."""
    limit = 2 * (usd if usd > 0 else wanted)
    while limit < wanted:
        limit *= 2
    return math.ceil(limit * 100 - 1e-6) / 100
