"""Every case of the corpus of attacks (`tests/attacks/*.toml`) against the rules, in a project of real files and links.

A case has a `command`, a `path` or a whole `input`, the `tool` (bash where it is not said), the `rules` that the owner
has, the `verdict` that is due and, where it matters, a part of the `reason`. `times` repeats the command's text.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import decide
from flemma_py.approval.resolvers import Approvals, config_resolver
from flemma_py.approval.rules import Scope, read_rules
from flemma_py.approval.verdict import Decision, Verdict

CORPUS = Path(__file__).parents[1] / "attacks"
FEWEST = 80
VERDICTS = {"approve": Verdict.APPROVE, "ask": Verdict.ASK, "deny": Verdict.DENY}


def cases() -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(CORPUS.glob("*.toml")):
        content = tomllib.loads(path.read_text("utf-8"))
        shared = {"rules": content.get("rules", []), "tool": "bash"}
        found.extend((path.stem, shared | case) for case in content["case"])
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A project with links out of it, reached by a link as well, in a home of its own."""
    home = tmp_path_factory.mktemp("home").resolve()
    project, outside = home / "project", home / "outside"
    for name in ("docs", "src", "tools", ".git/hooks"):
        (project / name).mkdir(parents=True)
    for folder in (outside / "secret", home / "state/trust", home / "state/sessions"):
        folder.mkdir(parents=True)
    (project / "docs/out").symlink_to(outside)
    (project / "hooks").symlink_to(".git/hooks")
    (project / "readme.md").symlink_to(outside / "secret")
    (home / "linked").symlink_to(project)

    def writable(path: str) -> bool:
        return Path(path).is_relative_to(project) or path == "/tmp/x"

    return Place(
        str(project),
        str(project),
        str(home),
        os.path.realpath,
        writable,
        (
            f"{project}/talk.chat",
            f"{project}/.flemma.lua",
            f"{project}/tools",
            f"{home}/state/trust",
            f"{home}/state/sessions",
        ),
    )


def filled(value: Any, place: Place) -> Any:
    if isinstance(value, str):
        outside = f"{place.home}/outside"
        known = {"home": place.home, "outside": outside, "linked": f"{place.home}/linked", "project": place.project}
        for name, path in known.items():
            value = value.replace("{" + name + "}", path)
        return value
    return value


def call_of(case: dict[str, Any], place: Place) -> Call:
    if "input" in case:
        return Call(case["tool"], case["input"])
    if "path" in case:
        return Call(case["tool"], {"path": filled(case["path"], place), "content": "x"})
    return Call(case["tool"], {"command": filled(case["command"], place) * case.get("times", 1)})


def judged(case: dict[str, Any], place: Place) -> str:
    """What is wrong with a case, or nothing."""
    rules, problems = read_rules([filled(rule, place) for rule in case["rules"]], Scope.USER)
    assert not problems
    place = replace(place, shell=case.get("shell", place.shell))
    begun = time.process_time()
    decision = decide([config_resolver(Approvals(tuple(rules)))], call_of(case, place), place)
    assert isinstance(decision, Decision)
    # Not a measurement: what grows without a bound would take minutes.
    assert time.process_time() - begun < 10
    verdict = VERDICTS[case["verdict"]]
    if decision.verdict is not verdict or case.get("reason", "") not in decision.reason:
        return f"{case['verdict']} is due, got {decision.verdict.value}: {decision.reason}"
    return ""


@pytest.mark.parametrize(("file", "case"), cases(), ids=[f"{file}: {case['name']}" for file, case in cases()])
def test_case(file: str, case: dict[str, Any], place: Place) -> None:
    assert not judged(case, place)


def test_the_corpus_is_large_and_every_case_has_a_name_of_its_own() -> None:
    found = Counter((file, case["name"]) for file, case in cases())
    assert len(found) >= FEWEST
    assert not [name for name, count in found.items() if count > 1]
    assert {case["verdict"] for _, case in cases()} == set(VERDICTS)


def test_every_case_of_every_file_is_run() -> None:
    written = sum(path.read_text("utf-8").count("\n[[case]]\n") for path in CORPUS.iterdir())
    assert len(cases()) == written
    assert {path.suffix for path in CORPUS.iterdir()} == {".toml"}


def test_a_case_has_no_key_that_nobody_reads() -> None:
    known = {"name", "command", "path", "input", "tool", "rules", "verdict", "reason", "times", "shell"}
    for _, case in cases():
        assert set(case) <= known, case["name"]
        assert len({"command", "path", "input"} & set(case)) == 1, case["name"]


@pytest.mark.parametrize("other", VERDICTS)
def test_the_corpus_can_fail(other: str, place: Place) -> None:
    wrong = [case for _, case in cases() if case["verdict"] != other and not case.get("times")]
    assert all(judged(case | {"verdict": other}, place) for case in wrong)


def test_a_reason_that_is_not_given_fails(place: Place) -> None:
    assert all(judged(case | {"reason": "never said"}, place) for _, case in cases()[:20])
