"""Every case of the corpus of attacks (`tests/attacks/*.toml`) against the rules, in a project of real files and links.

A case has a `command`, a `path` or a whole `input`, the `tool` (bash where it is not said), the `rules` that the owner
has, the `verdict` that is due and, where it matters, a part of the `reason`. `times` repeats the command's text.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flemma_py.approval.call import Call, Place
from flemma_py.approval.chain import decide
from flemma_py.approval.resolvers import Approvals, config_resolver
from flemma_py.approval.rules import Scope, read_rules
from flemma_py.approval.verdict import Decision

CORPUS = Path(__file__).parents[1] / "attacks"
FEWEST = 80
VERDICTS = {"approve", "require_approval", "deny"}


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


@pytest.mark.parametrize(("file", "case"), cases(), ids=[f"{file}: {case['name']}" for file, case in cases()])
def test_case(file: str, case: dict[str, Any], place: Place) -> None:
    rules, problems = read_rules([filled(rule, place) for rule in case["rules"]], Scope.USER)
    assert not problems
    if "shell" in case:
        place = Place(place.project, place.folder, place.home, place.real, place.writable, place.guarded, case["shell"])
    begun = time.process_time()
    decision = decide([config_resolver(Approvals(tuple(rules)))], call_of(case, place), place)
    assert isinstance(decision, Decision)
    expected = {"ask": "require_approval"}.get(case["verdict"], case["verdict"])
    assert expected in VERDICTS
    assert decision.verdict.value == expected, decision.reason
    assert case.get("reason", "") in decision.reason
    # Not a measurement: what grows without a bound would take minutes.
    assert time.process_time() - begun < 10


def test_the_corpus_is_large_and_every_case_has_a_name_of_its_own() -> None:
    found = Counter((file, case["name"]) for file, case in cases())
    assert len(found) >= FEWEST
    assert not [name for name, count in found.items() if count > 1]
    assert {case["verdict"] for _, case in cases()} == {"approve", "ask", "deny"}
