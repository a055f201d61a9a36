"""Whatever a model writes: no error, no approval that the rules do not give, and none by adding something."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.counts import some
from tests.pure.places import PLACE, bash, chain, said

from flemma_py.approval.arguments.command import examined, within
from flemma_py.approval.call import Call
from flemma_py.approval.chain import Question, decide
from flemma_py.approval.offers import offers_for, quoted
from flemma_py.approval.programs import table
from flemma_py.approval.repeats import canonical
from flemma_py.approval.resolvers import read_approvals
from flemma_py.approval.rules import Scope, read_rules
from flemma_py.approval.stars import fits_parts
from flemma_py.approval.verdict import Verdict

# fmt: off
RULES = (
    "bash(git status)", "bash(git diff *)", "bash(ls *)", "bash(cat *)", "bash(sed *)", "bash(xargs wc -l)",
    "bash(cd *)",
)
PIECES = [
    "git", "status", "diff", "ls", "cat", "sed", "rm", "cd", "-x", "--output=x", "-n", "5p", "w x", "docs", "out",
    ".git",
    " ", " ", " ", "\n", ";", "&&", "||", "|", "&", "(", ")", "{ ", "; }", ">", ">>", "<", "<<E\n", "\nE\n", "2>&1",
    "<<<",
    "$x", "$(", "`", "'", '"', "\\", "*", "~", "{a,b}", "x=1 ", "env ", "xargs ", "sh -c ", "timeout 5 ", "if ",
    "then ",
    "fi", "while ", "do ", "done", "time ", "! ", "#", "\0", "\r", "\u200b", "é", "$'", "[[ ", "]]", "function ",
    "eval ",
    "..", "coproc ",
]
ALLOWED = ["git status", "git diff a", "ls -a", "(ls; cat x)", "sed -n 5p x", "time ls", "timeout 5 ls", "env ls"]
REFUSED = ["rm x", "ls $X", "ls *", "git push", "git diff --output=x", "cat x > /etc/x", "X=1 ls", "ls `rm x`",
    "sed -i p x"]
SIGNS = ["\n", ";", "&&", " || ", "|", " & "]
ADDED = ["; rm x", "\nrm x", " && rm x", " | rm x", " & rm x", "\n$(rm x)", " > /etc/x", "\nX=1"]
PROGRAMS = ["sed", "awk", "find", "tar", "sort", "git", "rg", "cp", "tee", "xxd", "printf"]
# fmt: on
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
many = settings(derandomize=True, deadline=None, max_examples=some(100, 500))


@many
@given(TEXTS)
def test_nothing_runs_of_which_a_part_is_not_allowed(text: str) -> None:
    decision = said(bash(text), *RULES)
    if decision.runs:
        whole = examined(text)
        assert whole.told
        assert whole.commands
        for command in whole.commands:
            single = [each for each in within(command) if not each.within]
            assert all(None not in each.texts and not each.assignments for each in single)
            assert all(each.program in ("git", "ls", "cat", "sed", "wc", "cd") for each in single)
            assert "rm" not in [each.program for each in single]
    assert not said(bash(text)).runs


@many
@given(TEXTS, st.sampled_from(ADDED))
def test_nothing_that_is_added_makes_it_run(text: str, more: str) -> None:
    """What a comment or a quote takes in is not added."""
    assume("#" not in text and "<<" not in text)
    decision = said(bash(text + more), *RULES)
    assert not decision.runs, decision


@many
@given(st.lists(st.sampled_from(ALLOWED), max_size=4), st.sampled_from(REFUSED), st.sampled_from(SIGNS), st.data())
def test_one_command_that_has_to_ask_is_enough(allowed: list[str], asking: str, sign: str, data: st.DataObject) -> None:
    assume(allowed)
    assert said(bash(sign.join(allowed)), *RULES).runs
    allowed.insert(data.draw(st.integers(0, len(allowed))), asking)
    assert not said(bash(sign.join(allowed)), *RULES).runs


@many
@given(TEXTS)
def test_what_is_refused_is_refused_in_whatever_stands_around_it(text: str) -> None:
    assume("\0" not in text)
    assert not said(bash(f"rm x; {text}"), "bash", "deny bash(rm *)").runs
    assert said(bash(f"$(rm x)\n{text}"), "bash", "deny bash(rm *)").verdict in (Verdict.DENY, Verdict.ASK)


@many
@given(st.lists(WORDS, min_size=1, max_size=4), st.lists(WORDS, max_size=3))
def test_an_unknown_program_runs_with_the_words_of_its_rule_only(rule: list[str], more: list[str]) -> None:
    words = ["strange", *rule]
    spelled = " ".join(map(quoted, words))
    rules, problems = read_rules([f"bash({spelled})", f"bash({spelled} *)"], Scope.USER)
    assert not problems
    assert len(rules) == 2
    command = " ".join(map(quoted, [*words, *more]))
    decision = said(bash(command), f"bash({spelled})", f"bash({spelled} *)")
    if more:
        assert not decision.runs


@many
@given(st.text(max_size=30), st.lists(st.text(max_size=20), max_size=5))
def test_whatever_the_owner_writes_is_a_rule_or_a_sentence(text: str, others: list[str]) -> None:
    rules, problems = read_rules([text, *others, f"bash({text})", f"write({text})", f"deny bash({text})"], Scope.FILE)
    assert len(rules) + len(problems) == 4 + len(others)
    read_approvals([text, *others], {"$a": ("$b", "x"), "$b": ("$a",)})


@many
@given(st.sampled_from(["bash", "write", "read", "grep", "server:tool"]), JSON)
def test_no_input_is_an_error(tool: str, input: Any) -> None:
    for given_input in (input, {"command": input, "path": input}):
        call = Call(tool, given_input)
        answer = decide(chain("bash(ls)", "write(docs/**)", "deny bash(rm *)", "ask write(x)"), call, PLACE)
        assert not isinstance(answer, Question)
        assert "failed" not in answer.reason
        offers_for(call, PLACE)
        canonical(given_input)


@many
@given(TEXTS)
def test_what_is_offered_for_a_command_allows_it(text: str) -> None:
    call = bash(text)
    found = offers_for(call, PLACE)
    assert bool(found.offers) != bool(found.why)
    for offer in found.offers:
        assert said(call, *offer.rules).runs


@many
@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_stars_mean_what_their_expression_means(pattern: str, text: str) -> None:
    parts = (re.escape(part).replace(r"\?", ".") for part in pattern.split("*"))
    assert fits_parts(pattern.split("*"), text, joker="?") == bool(re.fullmatch(".*".join(parts), text))


@many
@given(
    st.sampled_from(PROGRAMS),
    st.lists(WORDS, max_size=6),
)
def test_no_words_of_a_known_program_are_an_error(program: str, words: list[str]) -> None:
    assert table(program)
    decision = said(bash(" ".join([program, *map(quoted, words)])), f"bash({program} *)", f"bash({program})")
    assert "failed" not in decision.reason
