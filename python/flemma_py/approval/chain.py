"""The chain of resolvers: who is asked about a call, in which order, and what becomes of the answers.

No `await` in it: where a function of the owner's must be asked, a `Question` says so and goes on with the answer.
Whatever fails is passed over, and then nothing after it can approve any more.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

from flemma_py.approval.call import Call, Place
from flemma_py.approval.decide import guarded
from flemma_py.approval.verdict import Decision, Verdict

log = logging.getLogger(__name__)

CONFIG, MODULE, DEFAULT, SANDBOX, CATCH_ALL = 100, 100, 50, 25, 0
"""Priorities: the higher is asked first, of equal ones the first by name. `DEFAULT` is that of third parties."""


class Failed:
    """The answer of a function that raised an error, or gave none in time: `why`, in words for the user."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


Answer = Decision | None
Decide = Callable[[Call, Place], "Answer | Wanted | Pass"]


@dataclass(frozen=True, slots=True)
class Pass:
    """A resolver has nothing to say, and this is why: told if nobody else has anything to say either."""

    why: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A resolver wants the answer of the owner's `function` (whatever the app knows it by), and makes of it what it
    has to say."""

    function: Hashable
    then: Callable[[object], Answer | Wanted | Pass]


@dataclass(frozen=True, slots=True)
class Resolver:
    """One that may know what becomes of a call. `decide` answers with a decision, with None or `Pass` to leave it to
    the next, or with `Wanted`."""

    name: str
    decide: Decide
    priority: int = DEFAULT


@dataclass(frozen=True, slots=True)
class Question:
    """The chain waits for what `function` says of `call`."""

    function: Hashable
    call: Call
    run: _Run
    wanted: Wanted

    def answered(self, answer: object) -> Decision | Question:
        """Go on with what the function answered, or with `Failed`."""
        return self.run.continued(self.wanted, answer)


def decide(resolvers: Iterable[Resolver], call: Call, place: Place) -> Decision | Question:
    """What becomes of a call. Nothing of the guarded is approved by anybody but the owner."""
    ordered = sorted(resolvers, key=lambda each: (-each.priority, each.name))
    return _Run(tuple(ordered), call, place).next()


@dataclass(frozen=True, slots=True)
class _Run:
    """What is left to ask: `left[0]` is asked next. `failed` says who failed, `why` who had a reason to say nothing."""

    left: tuple[Resolver, ...]
    call: Call
    place: Place
    failed: str = ""
    why: str = ""

    def next(self) -> Decision | Question:
        run = self
        while run.left:
            result = run._ask(functools.partial(run.left[0].decide, run.call, run.place))
            if not isinstance(result, _Run):
                return result
            run = result
        reason = run.failed or run.why or f"nothing decides about {run.call.tool}"
        return Decision(Verdict.ASK, reason)

    def continued(self, wanted: Wanted, answer: object) -> Decision | Question:
        result = self._ask(functools.partial(wanted.then, answer))
        return result.next() if isinstance(result, _Run) else result

    def _ask(self, ask: Callable[[], Answer | Wanted | Pass]) -> Decision | Question | _Run:
        name = self.left[0].name
        rest = replace(self, left=self.left[1:])
        try:
            answer: object = ask()
        except Exception:
            log.exception("the resolver %s failed", name)
            return replace(rest, failed=self.failed or f"the resolver {name} failed, see the log")
        match answer:
            case None:
                return rest
            case Pass(why):
                return replace(rest, why=self.why or why)
            case Wanted():
                return Question(answer.function, self.call, self, answer)
            case Decision():
                return self._settled(replace(answer, resolver=answer.resolver or name))
        log.error("the resolver %s answered %r", name, type(answer).__name__)
        return replace(rest, failed=self.failed or f"the resolver {name} gave an answer that is none")

    def _settled(self, decision: Decision) -> Decision:
        if not decision.runs:
            return decision
        if self.failed:
            return Decision(Verdict.ASK, self.failed, decision.rules, decision.resolver)
        try:
            why = guarded(self.call, self.place)
        except Exception:
            log.exception("what a call of %s is about cannot be told", self.call.tool)
            why = "what the call is about cannot be told, see the log"
        return Decision(Verdict.ASK, f"always asked: {why}", (), decision.resolver) if why else decision
