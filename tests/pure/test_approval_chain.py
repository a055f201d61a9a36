"""Who is asked in which order, and what becomes of no answer."""

from __future__ import annotations

import pytest
from tests.pure.places import PLACE, bash, chain

from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import Failed, Pass, Question, Resolver, Wanted, decide
from flemma_py.approval.resolvers import (
    Approvals,
    FileSay,
    answer_of,
    catch_all_resolver,
    config_resolver,
    file_say,
    function_resolver,
    read_approvals,
    sandbox_resolver,
)
from flemma_py.approval.verdict import Decision, Verdict

CALL = Call("server:tool", {"a": 1})
YES, NO, ASK = (Decision(each, each.value) for each in (Verdict.APPROVE, Verdict.DENY, Verdict.ASK))
MEMBERS = {"$standard": ("read", "bash(ls *)"), "$mine": ("$standard", "write")}


def fixed(name: str, answer: Decision | Pass | None, priority: int = 50) -> Resolver:
    return Resolver(name, lambda call, place: answer, priority)


def failing(name: str, priority: int = 50) -> Resolver:
    def decide(call: Call, place: Place) -> Decision:
        raise RuntimeError("secret")

    return Resolver(name, decide, priority)


def settled(*resolvers: Resolver, call: Call = CALL) -> Decision:
    decision = decide(resolvers, call, PLACE)
    assert isinstance(decision, Decision)
    return decision


def test_the_higher_priority_is_asked_first_and_then_the_name() -> None:
    assert settled(fixed("b", NO, 10), fixed("a", YES, 20)).runs
    assert not settled(fixed("b", YES, 10), fixed("a", NO, 10)).runs
    assert settled(fixed("b", YES, 10), fixed("a", None, 10)).resolver == "b"


def test_nobody_who_decides_means_ask() -> None:
    assert settled().verdict is Verdict.ASK
    assert settled(fixed("a", None)).reason == "nothing decides about server:tool"
    assert settled(fixed("a", Pass("first")), fixed("b", Pass("second"))).reason == "first"


def test_a_resolver_that_fails_is_passed_over_and_nothing_after_it_approves() -> None:
    assert settled(fixed("a", YES, 60), failing("b")).runs
    decision = settled(failing("b", 60), fixed("a", YES))
    assert (decision.verdict, decision.reason) == (Verdict.ASK, "the resolver b failed, see the log")
    assert settled(failing("b", 60), fixed("a", NO)).verdict is Verdict.DENY
    assert "secret" not in decision.reason


@pytest.mark.parametrize("answer", [True, "approve", 1, object()])
def test_an_answer_that_is_none_fails(answer: object) -> None:
    broken = Resolver("x", lambda call, place: answer, 60)  # type: ignore[arg-type,return-value]
    assert settled(broken, fixed("a", YES)).verdict is Verdict.ASK


def test_a_question_waits_and_goes_on() -> None:
    question = decide([function_resolver("mine", 7), fixed("last", NO)], CALL, PLACE)
    assert isinstance(question, Question)
    assert (question.function, question.call) == (7, CALL)
    for answer, verdict in (
        (True, Verdict.APPROVE),
        (False, Verdict.ASK),
        ("deny", Verdict.DENY),
        (None, Verdict.DENY),
    ):
        decision = question.answered(answer)
        assert isinstance(decision, Decision)
        assert decision.verdict is verdict


def test_a_question_may_follow_another() -> None:
    question = decide([function_resolver("a", 1), function_resolver("b", 2)], CALL, PLACE)
    assert isinstance(question, Question)
    second = question.answered(None)
    assert isinstance(second, Question)
    assert second.function == 2
    assert second.answered(True) == Decision(Verdict.APPROVE, "b approves it", (), "b")


@pytest.mark.parametrize("answer", [Failed("gave no answer in time"), "yes", 1, 1.0, [], {"approve": True}, "APPROVE"])
def test_no_answer_is_no_consent(answer: object) -> None:
    said = answer_of(answer, "mine")
    assert said
    assert said.verdict is Verdict.ASK


def test_a_function_that_raises_when_it_is_answered_fails_closed() -> None:
    def then(answer: object) -> Decision:
        raise ValueError

    question = decide([Resolver("a", lambda call, place: Wanted(1, then)), fixed("b", YES, 0)], CALL, PLACE)
    assert isinstance(question, Question)
    decision = question.answered(True)
    assert isinstance(decision, Decision)
    assert decision.verdict is Verdict.ASK


def test_the_guarded_ask_whoever_approves() -> None:
    call = bash("cp x .git/config")
    for resolver in (fixed("a", YES), catch_all_resolver(), sandbox_resolver(frozenset({"bash"}))):
        decision = settled(resolver, call=call)
        assert decision.verdict is Verdict.ASK
        assert decision.reason.startswith("always asked: ")
    assert settled(fixed("a", NO), call=call).verdict is Verdict.DENY


def test_functions_of_the_list_come_after_its_rules_and_the_strictest_counts() -> None:
    approvals = read_approvals(["server:tool", 1, 2], {})
    first = decide([config_resolver(approvals)], CALL, PLACE)
    assert isinstance(first, Question)
    second = first.answered(None)
    assert isinstance(second, Question)
    assert second.answered(None).verdict is Verdict.APPROVE  # type: ignore[union-attr]
    assert second.answered(False).verdict is Verdict.ASK  # type: ignore[union-attr]
    assert first.answered("deny").verdict is Verdict.DENY  # type: ignore[union-attr]
    assert settled(config_resolver(read_approvals(["deny server:tool", 1], {}))).verdict is Verdict.DENY


def test_presets_are_what_they_stand_for() -> None:
    found = read_approvals(["$mine", "my.module", "deny bash(rm *)", 5], MEMBERS)
    assert [rule.text for rule in found.rules] == ["read", "bash(ls *)", "write", "deny bash(rm *)"]
    assert (found.modules, found.functions, found.problems) == (("my.module",), (5,), ())


def test_words_that_are_nothing_are_said_and_approve_nothing() -> None:
    found = read_approvals(["$none", "bash(", "read"], MEMBERS)
    assert [rule.text for rule in found.rules] == ["read"]
    assert found.problems[0] == "There is no preset $none: it approves nothing."
    assert len(found.problems) == 2


def test_the_sandbox_is_enough_unless_the_file_takes_the_tool_out() -> None:
    confined = frozenset({"bash"})
    assert settled(sandbox_resolver(confined), call=bash("rm $X")).runs
    assert settled(sandbox_resolver(confined)).verdict is Verdict.ASK
    assert not settled(sandbox_resolver(confined, FileSay(sets=True)), call=bash("ls")).runs
    held = settled(sandbox_resolver(confined, FileSay(removes=frozenset({"bash"}))), call=bash("ls"))
    assert "the chat's frontmatter takes bash out" in held.reason


def test_a_rule_of_the_owners_comes_before_the_sandbox() -> None:
    sandbox = sandbox_resolver(frozenset({"bash"}))
    assert settled(*chain("deny bash(rm *)"), sandbox, call=bash("rm x")).verdict is Verdict.DENY
    assert settled(*chain("ask bash(rm *)"), sandbox, call=bash("rm x")).verdict is Verdict.ASK
    assert settled(*chain("bash(ls)"), sandbox, call=bash("rm x")).runs


def test_what_frontmatter_does_to_the_list() -> None:
    assert file_say([("append", ["bash"])], {}) == FileSay()
    assert file_say([("set", ["read"])], {}).holds_back("bash")
    removed = file_say([("remove", ["$mine"])], MEMBERS)
    assert removed.holds_back("bash")
    assert removed.holds_back("write")
    assert not removed.holds_back("edit")
    assert not file_say([("remove", ["bash"]), ("append", ["bash"])], {}).holds_back("bash")


def test_the_catch_all_comes_last() -> None:
    assert settled(catch_all_resolver()).reason == "tools.require_approval is false"
    assert settled(catch_all_resolver(), config_resolver(Approvals()), fixed("a", ASK, 1)).verdict is Verdict.ASK
