"""What the owner agreed to: by file and exact text, kept for the owner alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flemma_py.app.trust import TrustStore
from flemma_py.config.frontmatter import Withheld
from flemma_py.errors import SettingsError


def test_another_text_another_file_or_another_store_is_not_trusted(tmp_path: Path) -> None:
    file, chat = tmp_path / "state/trust.json", str(tmp_path / "a.chat")
    store = TrustStore(file)
    store.grant(chat, "text")
    assert store.is_trusted(chat, "text")
    assert TrustStore(file).is_trusted(chat, "text")
    assert not store.is_trusted(chat, "text ")
    assert not store.is_trusted(str(tmp_path / "b.chat"), "text")
    store.grant(chat, "other")
    assert not store.is_trusted(chat, "text")


def test_what_another_neovim_agreed_to_counts_at_once_and_is_not_lost(tmp_path: Path) -> None:
    ours, theirs = TrustStore(tmp_path / "trust.json"), TrustStore(tmp_path / "trust.json")
    assert not ours.is_trusted("/a", "x")
    theirs.grant("/a", "x")
    assert ours.is_trusted("/a", "x")
    ours.grant("/b", "y")
    assert theirs.paths() == ["/a", "/b"]
    assert theirs.revoke("/a")
    assert not theirs.revoke("/a")
    assert not ours.is_trusted("/a", "x")


def test_a_link_is_the_file_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real.chat").touch()
    (tmp_path / "link.chat").symlink_to(tmp_path / "real.chat")
    store = TrustStore(tmp_path / "trust.json")
    store.grant(str(tmp_path / "link.chat"), "x")
    assert store.is_trusted(str(tmp_path / "real.chat"), "x")


def test_the_file_is_its_owners_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        TrustStore(tmp_path / "state/trust.json").grant("/a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "state/trust.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["trust.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"trusted": 3}', '{"trusted": {"/a": 3}}', "\xff", '{"trusted": ["/a"]}']
)
def test_a_file_that_says_nothing_sensible_trusts_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "trust.json").write_text(text, "latin-1")
    store = TrustStore(tmp_path / "trust.json")
    assert not store.is_trusted("/a", "x")
    store.grant("/a", "x")
    assert store.is_trusted("/a", "x")


def test_a_chat_without_a_file_is_trusted_for_as_long_as_the_host_lives(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust.json")
    store.grant(None, "x")
    assert store.is_trusted("", "x")
    assert not (tmp_path / "trust.json").exists()
    assert store.revoke(None)
    assert not store.is_trusted(None, "x")


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with pytest.raises(SettingsError, match="cannot be kept in"):
        TrustStore(tmp_path / "state/trust.json").grant("/a", "x")


def test_names_of_files_that_are_no_text_are_names(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust.json")
    store.grant("/a\udcff", "x\udcff")
    assert store.is_trusted("/a\udcff", "x\udcff")


def test_what_a_chat_asked_for_is_remembered_for_the_question() -> None:
    store, asked = TrustStore(), (Withheld("sandbox.enabled", False, 1, "…"),)
    store.note("/a", asked)
    assert store.noted("/a") == asked
    assert store.noted(None) == ()
