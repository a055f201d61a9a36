"""The resolvers that are built in, and those that the owner's settings name."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import CATCH_ALL, CONFIG, MODULE, SANDBOX, Answer, Failed, Pass, Resolver, Wanted
from flemma_py.approval.decide import by_rules
from flemma_py.approval.rules import Rule, Scope, read_rules
from flemma_py.approval.verdict import Decision, Verdict
from flemma_py.config.lists import expander

NAME = "urn:flemma:approval:"
WORDS = {True: Verdict.APPROVE, False: Verdict.ASK} | {each.value: each for each in Verdict}
"""What a function may answer."""


@dataclass(frozen=True, slots=True)
class Approvals:
    """What `tools.auto_approve` came to: rules, functions of the owner's and modules of his that decide (dots in their
    names), in their order. `problems` are sentences about words that are none of these: a preset that is not there is
    passed over."""

    rules: tuple[Rule, ...] = ()
    functions: tuple[Hashable, ...] = ()
    modules: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_approvals(words: Iterable[Any], members: Mapping[str, Sequence[Any]], scope: Scope = Scope.USER) -> Approvals:
    """`words` are names of tools, rules, presets, names of modules and functions (anything that is no text);
    `members` is what each preset stands for."""
    texts: list[str] = []
    functions: list[Hashable] = []
    modules: list[str] = []
    problems: list[str] = []
    for word in expander(members)(words):
        if not isinstance(word, str):
            functions.append(word)
        elif word.startswith("$"):
            problems.append(f"There is no preset {word}: it approves nothing.")
        elif _is_module(word):
            modules.append(word)
        else:
            texts.append(word)
    rules, wrong = read_rules(texts, scope)
    return Approvals(tuple(rules), tuple(functions), tuple(modules), (*problems, *wrong))


def _is_module(word: str) -> bool:
    return "." in word and not any(each in word for each in "(): ")


def config_resolver(approvals: Approvals, more: Sequence[Rule] = ()) -> Resolver:
    """Rules of all scopes, and the functions in the list. Of several that have something to say the strictest counts.
    `more` are the rules that are kept beside the settings."""
    rules = (*approvals.rules, *more)

    def decide(call: Call, place: Place) -> Answer | Wanted | Pass:
        said = by_rules(rules, call, place)
        if isinstance(said, Decision) and not said.runs:
            return said
        return _asked(approvals.functions, said)

    return Resolver(f"{NAME}config", decide, CONFIG)


def _asked(functions: Sequence[Hashable], so_far: Decision | str) -> Answer | Wanted | Pass:
    """The first of `functions` is wanted; none left: what there is so far."""
    if not functions:
        return Pass(so_far) if isinstance(so_far, str) else so_far
    first, *rest = functions

    def then(answer: object) -> Answer | Wanted | Pass:
        said = answer_of(answer, f"{first}")
        if said is None:
            return _asked(rest, so_far)
        return _asked(rest, said) if said.runs else said

    return Wanted(first, then)


def answer_of(answer: object, who: str) -> Decision | None:
    """The answer of a function as a decision: None passes, and what is no answer asks."""
    if answer is None:
        return None
    if isinstance(answer, Failed):
        return Decision(Verdict.ASK, f"{who} {answer.why}")
    verdict = WORDS.get(answer) if isinstance(answer, bool | str) else None
    if verdict is None:
        return Decision(Verdict.ASK, f"{who} gave an answer that is none: true, false, nil or a word are")
    done = {Verdict.APPROVE: "approves", Verdict.ASK: "asks for", Verdict.DENY: "refuses"}[verdict]
    return Decision(verdict, f"{who} {done} it")


def function_resolver(name: str, function: Hashable, priority: int = MODULE) -> Resolver:
    """A module of the owner's or of a third party, whose function the app knows by `function`."""

    def decide(call: Call, place: Place) -> Wanted:
        return Wanted(function, lambda answer: answer_of(answer, name))

    return Resolver(name, decide, priority)


@dataclass(frozen=True, slots=True)
class FileSay:
    """What a chat's frontmatter does to `tools.auto_approve`: whether it sets the list, and what it takes out."""

    sets: bool = False
    removes: frozenset[str] = field(default=frozenset())

    def holds_back(self, tool: str) -> bool:
        """Whether the sandbox is not approval enough for a tool in this chat."""
        return self.sets or any(word == tool or word.startswith(f"{tool}(") for word in self.removes)


def file_say(steps: Iterable[tuple[str, Sequence[Any] | None]], members: Mapping[str, Sequence[Any]]) -> FileSay:
    """From the steps (set, append, prepend, remove) that frontmatter makes."""
    found = FileSay()
    expand = expander(members)
    for action, words in steps:
        given = frozenset(word for word in expand(words or ()) if isinstance(word, str))
        if action == "set":
            found = FileSay(sets=True)
        elif action == "remove":
            found = FileSay(found.sets, found.removes | given)
        else:
            found = FileSay(found.sets, found.removes - given)
    return found


def sandbox_resolver(confined: frozenset[str], file: FileSay = FileSay()) -> Resolver:
    """Approves calls of `confined`, the tools that run inside of the sandbox. For the app: none of them, where
    `tools.auto_approve_sandboxed` or the sandbox is off or there is no backend."""

    def decide(call: Call, place: Place) -> Answer | Pass:
        if call.tool not in confined:
            return None
        if file.holds_back(call.tool):
            return Pass(f"the sandbox would be approval enough, but the chat's frontmatter takes {call.tool} out")
        return Decision(Verdict.APPROVE, "it runs inside of the sandbox")

    return Resolver(f"{NAME}sandbox", decide, SANDBOX)


def catch_all_resolver() -> Resolver:
    """For `tools.require_approval = false`."""

    def decide(call: Call, place: Place) -> Answer:
        return Decision(Verdict.APPROVE, "tools.require_approval is false")

    return Resolver(f"{NAME}catch-all", decide, CATCH_ALL)
