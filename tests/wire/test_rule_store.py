"""Rules that the owner added: for a chat, a project or all, kept for the owner alone and read anew when they change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flemma_py.app.rule_store import EVERYWHERE, Kept, RuleStore
from flemma_py.approval.rules import Scope
from flemma_py.errors import SettingsError


def texts(store: RuleStore, chat: str | None, project: str) -> list[str]:
    return sorted(str(rule) for rule in store.rules_for(chat, project))


def test_a_rule_holds_in_its_scope_and_nowhere_else(tmp_path: Path) -> None:
    store = RuleStore(tmp_path / "state/rules.json")
    store.add(Scope.FILE, "/p/a.chat", ["bash(git status)"])
    store.add(Scope.PROJECT, "/p", ["write(docs/**)", "edit(docs/**)"])
    store.add(Scope.USER, EVERYWHERE, ["calculator"])
    again = RuleStore(tmp_path / "state/rules.json")
    theirs = ["calculator (user)"]
    projects = ["edit(docs/**) (project)", "write(docs/**) (project)"]
    assert texts(again, "/p/a.chat", "/p") == ["bash(git status) (file)", *theirs, *projects]
    assert texts(again, "/p/b.chat", "/p") == [*theirs, *projects]
    assert texts(again, None, "/p") == [*theirs, *projects]
    assert texts(again, "/q/a.chat", "/q") == theirs
    # Below a project another one may begin.
    assert texts(again, None, "/p/inner") == theirs


def test_a_rule_is_kept_once_and_can_be_forgotten(tmp_path: Path) -> None:
    store, other = RuleStore(tmp_path / "rules.json"), RuleStore(tmp_path / "rules.json")
    store.add(Scope.USER, EVERYWHERE, ["read", "read"])
    other.add(Scope.USER, EVERYWHERE, ["read", "ls"])
    assert store.all() == [Kept(Scope.USER, "", "read"), Kept(Scope.USER, "", "ls")]
    assert store.remove(store.all()[0])
    assert not other.remove(Kept(Scope.USER, "", "read"))
    assert texts(other, None, "/p") == ["ls (user)"]


def test_a_link_is_the_place_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = RuleStore(tmp_path / "rules.json")
    store.add(Scope.PROJECT, str(tmp_path / "link"), ["read"])
    assert texts(store, None, str(tmp_path / "real")) == ["read (project)"]


def test_the_file_is_its_owners_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        RuleStore(tmp_path / "state/rules.json").add(Scope.USER, EVERYWHERE, ["read"])
    finally:
        os.umask(before)
    assert (tmp_path / "state/rules.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"rules": 3}', '{"rules": {"user": ["read"]}}', '{"rules": {"user": {"": [3]}}}', "[" * 10_000],
)
def test_a_damaged_file_allows_nothing_is_told_once_and_is_not_written_over(tmp_path: Path, text: str) -> None:
    file, told = tmp_path / "rules.json", list[str]()
    file.write_text(text)
    store = RuleStore(file, told.append)
    assert store.rules_for("/p/a.chat", "/p") == store.rules_for(None, "/q") == []
    assert len(told) == 1
    assert "do not hold" in told[0] and str(file) in told[0]
    with pytest.raises(SettingsError, match="mend it"):
        store.add(Scope.USER, EVERYWHERE, ["read"])
    assert file.read_text() == text


def test_a_rule_that_is_none_is_told_and_the_others_hold(tmp_path: Path) -> None:
    file, told = tmp_path / "rules.json", list[str]()
    file.write_text('{"rules": {"user": {"": ["bash(", "read"]}}}')
    store = RuleStore(file, told.append)
    assert texts(store, None, "/p") == texts(store, None, "/p") == ["read (user)"]
    (message,) = told
    assert "bash(" in message
    with pytest.raises(SettingsError, match="not understood"):
        store.add(Scope.USER, EVERYWHERE, ["write)"])


def test_without_a_folder_rules_hold_for_as_long_as_the_host(tmp_path: Path) -> None:
    store = RuleStore()
    store.add(Scope.FILE, str(tmp_path / "a.chat"), ["read"])
    assert texts(store, str(tmp_path / "a.chat"), "/p") == ["read (file)"]
    assert texts(store, str(tmp_path / "b.chat"), "/p") == []


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be"):
        RuleStore(tmp_path / "state/rules.json").add(Scope.USER, EVERYWHERE, ["read"])
