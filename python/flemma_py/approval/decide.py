"""What rules say of a call: deny before ask before allow, from wherever they come."""

from __future__ import annotations

from collections.abc import Sequence

from flemma_py.approval.call import Call, Place
from flemma_py.approval.guarded import in_input
from flemma_py.approval.rules import Fit, Granted, Rule, Say, argument_of
from flemma_py.approval.verdict import Decision, Verdict


def by_rules(rules: Sequence[Rule], call: Call, place: Place) -> Decision | str:
    """The decision of these rules, or why they have none."""
    about = [rule for rule in rules if rule.names(call.tool)]
    for say, verdict in ((Say.DENY, Verdict.DENY), (Say.ASK, Verdict.ASK)):
        for rule in about:
            if rule.say is say and (fit := _fit(rule, call, place)) is not Fit.NO:
                if fit is Fit.YES:
                    done = "refuses" if say is Say.DENY else "asks for"
                    return Decision(verdict, f"the rule {rule} {done} it", (rule,))
                return Decision(Verdict.ASK, f"whether the rule {rule} is about it cannot be told", (rule,))
    allows = [rule for rule in about if rule.say is Say.ALLOW]
    if plain := next((rule for rule in allows if rule.argument is None), None):
        return Decision(Verdict.APPROVE, f"the rule {plain} allows it", (plain,))
    granted = _allowed(allows, call, place)
    if not granted.rules:
        return granted.why
    named = " and ".join(map(str, granted.rules))
    allow = f"the rule {named} allows it" if len(granted.rules) == 1 else f"the rules {named} allow it"
    return Decision(Verdict.APPROVE, allow, granted.rules)


def guarded(call: Call, place: Place) -> str:
    """Why nothing but the owner may let this call run, or nothing."""
    argument = argument_of(call.tool)
    if argument:
        return argument.guarded(call, place)
    name = in_input(place, call.input)
    return f"the call may be about {name}" if name else ""


def _fit(rule: Rule, call: Call, place: Place) -> Fit:
    if rule.argument is None:
        return Fit.YES
    argument = argument_of(call.tool)
    # A star of a server's never has an argument, so that the rule is of this very tool.
    return argument.fits(rule, call, place) if argument else Fit.PERHAPS


def _allowed(rules: Sequence[Rule], call: Call, place: Place) -> Granted:
    argument = argument_of(call.tool)
    if not rules or argument is None:
        return Granted(why=f"no rule is about {call.tool}")
    return argument.allowed(rules, call, place)
