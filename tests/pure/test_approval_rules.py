"""Rules as texts, and what several of them say of one call."""

from __future__ import annotations

import pytest
from tests.pure.places import bash, said

from flemma_py.approval.call import Call
from flemma_py.approval.rules import Say, Scope, read_rule, read_rules
from flemma_py.approval.verdict import Verdict
from flemma_py.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "say", "tool", "argument"),
    [
        ("calculator", Say.ALLOW, "calculator", None),
        ("server:tool", Say.ALLOW, "server:tool", None),
        ("server:*", Say.ALLOW, "server:*", None),
        (" bash(git diff *) ", Say.ALLOW, "bash", "git diff *"),
        ("allow bash( ls )", Say.ALLOW, "bash", "ls"),
        ("ask  write(docs/**)", Say.ASK, "write", "docs/**"),
        ("deny bash(rm *)", Say.DENY, "bash", "rm *"),
        ("deny bash(*)", Say.DENY, "bash", "*"),
        ("bash(echo '(a)')", Say.ALLOW, "bash", "echo '(a)'"),
        ("allow", Say.ALLOW, "allow", None),
    ],
)
def test_a_rule_is_read(text: str, say: Say, tool: str, argument: str | None) -> None:
    rule = read_rule(text, Scope.FILE)
    assert (rule.say, rule.tool, rule.argument, rule.scope) == (say, tool, argument, Scope.FILE)
    assert str(rule) == f"{text.strip()} (file)"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("   ", "it is empty"),
        ("*", "it must name a tool"),
        ("bash(", "something in parentheses"),
        ("bash)", "something in parentheses"),
        ("(ls)", "it must name a tool"),
        ("bash()", "the parentheses are empty"),
        ("write()", "the parentheses are empty"),
        ("ba*", "a * only behind a server"),
        ("two tools", "no blanks"),
        ("dney bash(rm *)", "did you mean deny bash(rm *)"),
        ("alow bash", "did you mean allow bash"),
        ("bsh(ls)", "bsh takes nothing in parentheses; did you mean bash?"),
        ("wriet(docs/**)", "did you mean write?"),
        ("mcporter(ls)", "takes nothing in parentheses; bash, edit, find, grep, ls, read, write do."),
        ("bash(ls; rm)", "it has ;; a rule is one simple command"),
        ("bash(ls\nrm)", "it has a newline"),
        ("bash(ls | wc)", "it has |"),
        ("bash(ls > x)", "it has >"),
        ("bash(ls $HOME)", "it has $"),
        ("bash(ls ~)", "quote it"),
        ("bash(ls {a,b})", "quote it"),
        ("bash(ls 'a)", "a quote without an end"),
        ("bash(*)", "must name a program"),
        ("bash(* push)", "must name a program"),
        ("bash(g*t status)", "must name a program"),
        ("write(a\tb)", "no control characters"),
    ],
)
def test_a_rule_that_is_not_understood_says_why(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_rule(text, Scope.USER)
    assert why in caught.value.message
    assert repr(text) in caught.value.message


def test_the_good_rules_are_read_beside_the_others() -> None:
    rules, problems = read_rules(["bash(ls)", "bash(", "deny write(x)"], Scope.USER)
    assert [rule.text for rule in rules] == ["bash(ls)", "deny write(x)"]
    assert len(problems) == 1


def test_a_list_may_say_what_its_rules_say() -> None:
    rules, _ = read_rules(["bash(rm *)", "ask bash(ls)"], Scope.USER, Say.DENY)
    assert [rule.say for rule in rules] == [Say.DENY, Say.ASK]


@pytest.mark.parametrize(
    ("rules", "verdict"),
    [
        ([], Verdict.ASK),
        (["bash(git push)"], Verdict.APPROVE),
        (["bash(git push)", "ask bash(git *)"], Verdict.ASK),
        (["bash", "ask bash(git *)", "deny bash(git push)"], Verdict.DENY),
        (["deny bash", "bash(git push)"], Verdict.DENY),
        (["deny write(x)", "bash"], Verdict.APPROVE),
    ],
)
def test_the_strictest_rule_decides_in_whatever_order(rules: list[str], verdict: Verdict) -> None:
    assert said(bash("git push"), *rules).verdict is verdict
    assert said(bash("git push"), *reversed(rules)).verdict is verdict


def test_a_decision_says_which_rules_made_it() -> None:
    decision = said(bash("ls | wc -l"), "bash(wc *)", "bash(ls)", "bash(cat)")
    assert decision.reason == "the rules bash(ls) (user) and bash(wc *) (user) allow it"
    assert [rule.text for rule in decision.rules] == ["bash(ls)", "bash(wc *)"]
    assert said(bash("rm x"), "deny bash(rm *)").reason == "the rule deny bash(rm *) (user) refuses it"


@pytest.mark.parametrize(
    "call", [Call("bash", None), Call("bash", []), Call("bash", {"command": 1}), Call("write", "x")]
)
def test_an_input_that_is_none_asks(call: Call) -> None:
    assert said(call, "bash(ls)", "write(**)").verdict is Verdict.ASK
    assert said(call, "bash", "write", "deny bash(rm *)", "deny write(x)").verdict is Verdict.ASK


@pytest.mark.parametrize(
    ("rule", "command", "runs"),
    [
        ("bash(git diff *)", "git diff", True),
        ("bash(git diff *)", "git diff a b", True),
        ("bash(git diff)", "git diff a", False),
        ("bash(git diff *)", "git difftool", False),
        ("bash(cat a*b)", "cat a--b", True),
        ("bash(cat a*b)", "cat ab", True),
        ("bash(cat a*b)", "cat ab c", False),
        ("bash(cat a*b*c)", "cat a-b-b-c", True),
        ("bash(cat a*b*c)", "cat a-c-b", False),
        ("bash(cat '*')", "cat '*'", True),
        ("bash(cat '*')", "cat a", False),
        ("bash(cat * x)", "cat a x", True),
        ("bash(cat * x)", "cat a b x", False),
        ("bash(cat **)", "cat a", True),
        ("bash(cat **)", "cat a b", False),
    ],
)
def test_stars_of_commands(rule: str, command: str, runs: bool) -> None:
    assert said(bash(command), rule).runs is runs


def test_a_star_takes_no_time_to_speak_of() -> None:
    assert not said(bash(f"cat {'a' * 19_000}"), f"bash(cat {'a*' * 50}b)").runs
