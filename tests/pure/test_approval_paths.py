"""Where paths lead, what patterns of them mean, and what no rule is about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.pure.places import HOME, LINKS, NOWHERE, PLACE, PROJECT, bash, real, said

from flemma_py.approval.call import Call
from flemma_py.approval.guarded import Guard, in_input, mentioned
from flemma_py.approval.paths import matches
from flemma_py.approval.stars import fits_folders, fits_parts
from flemma_py.approval.verdict import Verdict


def write(path: str) -> Call:
    return Call("write", {"path": path, "content": "x"})


def test_the_links_of_these_tests_are_links() -> None:
    assert real(f"{PROJECT}/out/../x") == "/srv/x"
    assert real(f"{HOME}/alias/in/x") == f"{PROJECT}/docs/x"


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("docs/**", f"{PROJECT}/docs/a/b", True),
        ("docs/**", f"{PROJECT}/docs", True),
        ("docs/", f"{PROJECT}/docs/a", True),
        ("docs/**", f"{PROJECT}/docsa", False),
        ("docs/*", f"{PROJECT}/docs/a", True),
        ("docs/*", f"{PROJECT}/docs/a/b", False),
        ("**/a.py", f"{PROJECT}/a.py", True),
        ("**/a.py", f"{PROJECT}/x/y/a.py", True),
        ("**/a.py", "/elsewhere/a.py", False),
        ("a/**/b/**/c", f"{PROJECT}/a/x/b/c", True),
        ("a/**/b/**/c", f"{PROJECT}/a/x/c", False),
        ("x/../docs/?.md", f"{PROJECT}/docs/a.md", True),
        ("a*b?c", f"{PROJECT}/a--b-c", True),
        ("a*b?c", f"{PROJECT}/a--bc", False),
        ("[ab]", f"{PROJECT}/a", False),
        ("[ab]", f"{PROJECT}/[ab]", True),
        ("a.b", f"{PROJECT}/axb", False),
        ("~/notes/*", f"{HOME}/notes/a", True),
        ("/etc/**", "/etc/passwd", True),
        ("**", f"{PROJECT}/anything/at/all", True),
        ("**", f"{HOME}/other", False),
        ("DOCS/**", f"{PROJECT}/docs/a", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path, PLACE) is fits


def test_a_rule_that_refuses_looks_past_the_case_of_letters() -> None:
    assert matches("DOCS/**", f"{PROJECT}/docs/a", PLACE, generous=True)


def test_patterns_take_no_time_to_speak_of() -> None:
    names = ["a", "b"] * 2_000
    assert not fits_folders(["**", "a"] * 40 + ["c"], names, str.__eq__)
    assert not fits_parts(["a"] * 200 + ["b"], "a" * 100_000)


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("docs/a", Verdict.APPROVE),
        ("in/a", Verdict.APPROVE),
        ("out/a", Verdict.ASK),
        ("docs/../docs/a", Verdict.APPROVE),
        ("docs/../../etc", Verdict.ASK),
        ("in/../src/a", Verdict.ASK),
        (f"{HOME}/alias/docs/a", Verdict.APPROVE),
        ("docs/a\0b", Verdict.ASK),
        ("", Verdict.ASK),
    ],
)
def test_a_rule_is_about_where_a_path_leads(path: str, verdict: Verdict) -> None:
    assert said(write(path), "write(docs/**)").verdict is verdict


def test_what_cannot_be_followed_asks() -> None:
    for rules in (["write(**)"], ["write"], ["write", "deny write(x)"]):
        assert said(write("docs/a"), *rules, place=NOWHERE).verdict is Verdict.ASK
    assert said(bash("ls > a"), "bash(ls *)", place=NOWHERE).verdict is Verdict.ASK


def test_a_refused_link_is_refused_by_both_of_its_names() -> None:
    for rule in ("deny write(in/**)", "deny write(docs/**)"):
        assert said(write("in/a"), "write", rule).verdict is Verdict.DENY


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (".git/config", ".git"),
        ("x/.Git/config", ".git"),
        (".git. /x", ".git"),
        ("a/.mcp.json", ".mcp.json"),
        (".lazy.lua", ".lazy.lua"),
        ("talk.chat", f"{PROJECT}/talk.chat"),
        ("in/../TALK.chat", f"{PROJECT}/talk.chat"),
        ("tools/a/b", f"{PROJECT}/tools"),
        (".gitignore", ""),
        ("src/tools/a", ""),
        ("talk.chats", ""),
    ],
)
def test_what_no_rule_is_about(path: str, name: str) -> None:
    assert Guard(PLACE).of(PLACE.absolute(path)) == name
    assert said(write(path), "write", "write(**)").verdict is (Verdict.ASK if name else Verdict.APPROVE)


def test_a_link_to_the_guarded_is_guarded() -> None:
    links = LINKS | {f"{PROJECT}/hooks": f"{PROJECT}/.git/hooks"}
    place = replace(PLACE, real=lambda path: real(path, links))
    assert Guard(place).of(f"{PROJECT}/hooks/x") == ".git"


def test_a_folder_with_something_guarded_in_it() -> None:
    guard = Guard(PLACE)
    assert guard.holds("/home") == PROJECT
    assert guard.holds(PROJECT) == PROJECT
    assert guard.holds(f"{PROJECT}/docs") == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cp x $Y/.git/config", ".git"),
        ('cp x $Y".g"it/config', ".git"),
        ("cp x .g\\it/$Y", ".git"),
        ("cp x .g*/config", ".git"),
        ("cp x .[g]it/config", ".git"),
        ("rm t*k.chat", "talk.chat"),
        ("rm *", ""),
        ("ls src/*.py .gitignore $X", ""),
    ],
)
def test_what_stands_in_a_text_that_cannot_be_told(text: str, name: str) -> None:
    assert mentioned(PLACE, text) == name
    assert said(bash(text), "bash").runs is (not name)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"path": ".git/x"}, ".git"),
        ({"a": [{"b": f"file://{PROJECT}/tools/x"}]}, f"{PROJECT}/tools"),
        ({"text": "about\n.git"}, ""),
        ({"n": 1, "x": None, "path": "docs"}, ""),
        (list(range(401)), "more than can be looked at"),
    ],
)
def test_the_input_of_a_tool_that_others_made(value: object, name: str) -> None:
    assert in_input(PLACE, value) == name
    assert said(Call("server:write", value), "server:*").runs is (not name)
