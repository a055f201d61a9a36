"""Rules that are offered for a call allow it, and say what they are."""

from __future__ import annotations

import pytest
from tests.pure.places import PLACE, bash, said

from flemma_py.approval.call import Call
from flemma_py.approval.offers import offers_for, quoted


def write(path: str) -> Call:
    return Call("write", {"path": path, "content": "x"})


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        (bash("git status"), [("bash(git status)",), ("bash(git status *)",)]),
        (bash("git diff --stat"), [("bash(git diff --stat)",), ("bash(git diff *)",)]),
        (bash("git diff --output=x"), [("bash(git diff --output=x)",)]),
        (bash("ls 'a b'"), [("bash(ls 'a b')",), ("bash(ls *)",)]),
        (bash("strange -x"), [("bash(strange -x)",)]),
        (bash("ls a | wc -l | ls a"), [("bash(ls a)", "bash(wc -l)"), ("bash(ls *)", "bash(wc *)")]),
        (bash("cd docs && git status"), [("bash(cd docs)", "bash(git status)")]),
        (bash("env ls"), [("bash(env ls)",)]),
        (bash("xargs rm"), [("bash(xargs rm)",)]),
        (write("docs/a.md"), [("write(docs/a.md)",), ("write(docs/**)",), ("write(**)",)]),
        (write("a.md"), [("write(a.md)",), ("write(**)",)]),
        (write("in/a.md"), [("write(docs/a.md)",), ("write(docs/**)",), ("write(**)",)]),
        (write("/tmp/x/y"), [("write(/tmp/x/y)",), ("write(/tmp/x/**)",)]),
        (Call("grep", {"pattern": "x"}), [("grep(.)",), ("grep(**)",)]),
        (Call("calculator", {"expression": "1"}), [("calculator",)]),
        (Call("server:tool", {}), [("server:tool",)]),
    ],
)
def test_the_narrowest_comes_first_and_each_allows_the_call(call: Call, rules: list[tuple[str, ...]]) -> None:
    found = offers_for(call, PLACE)
    assert [offer.rules for offer in found.offers] == rules
    assert found.why == ""
    assert all(offer.about for offer in found.offers)
    for offer in found.offers:
        assert said(call, *offer.rules).runs, offer


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (bash("ls $X"), "cannot be told"),
        (bash("ls *"), "pattern of file names"),
        (bash("X=1 ls"), "variable is set"),
        (bash("echo x > /etc/y"), "tools may not write to /etc/y"),
        (bash("eval ls"), "eval"),
        (bash("echo rm | sh"), "might run it"),
        (bash("cp x .git/config"), "the command is about .git"),
        (bash(""), "no rule can allow this"),
        (write("talk.chat"), "talk.chat"),
        (write("/etc/x"), "tools may not write"),
        (Call("write", {}), "cannot be told"),
        (Call("server:tool", {"path": ".envrc"}), ".envrc"),
    ],
)
def test_what_no_rule_can_allow_is_said(call: Call, why: str) -> None:
    found = offers_for(call, PLACE)
    assert found.offers == ()
    assert found.why.startswith("no rule can allow this")
    assert why in found.why


@pytest.mark.parametrize("word", ["a", "a b", "it's", "*", "$x", "", "a\\b", '"', "~", "é", "{a,b}"])
def test_a_word_is_quoted_so_that_the_rule_means_just_it(word: str) -> None:
    rule = f"bash(strange {quoted(word)})"
    assert said(bash(f"strange {quoted(word)}"), rule).runs
    assert not said(bash("strange other"), rule).runs
