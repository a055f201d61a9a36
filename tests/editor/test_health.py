"""`:checkhealth flemma` says what there is, and never a key."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from tests.editor.conftest import CANARY, Start
from tests.editor.neovim import ROOT, Neovim
from tests.editor.plugin import make_plugin, make_programs


def checkhealth(editor: Neovim) -> str:
    editor.command("checkhealth flemma")
    return editor.text()


def test_a_healthy_flemma_is_said_to_be_one_and_the_key_is_found_but_not_shown(start: Start) -> None:
    report = checkhealth(start(ANTHROPIC_API_KEY=CANARY, HTTPS_PROXY="http://me:pass-canary@127.0.0.1:9"))
    assert "with all packages" in report
    assert "the host runs" in report
    assert "a key was found in ANTHROPIC_API_KEY" in report
    assert "HTTPS_PROXY is http://***@127.0.0.1:9" in report
    assert "all settings are known" in report
    assert "can be written (data)" in report
    assert "ERROR" not in report
    assert CANARY not in report
    assert "pass-canary" not in report


def test_unknown_settings_are_listed(start: Start) -> None:
    assert "Did you mean provider?" in checkhealth(start("{ provder = 'demo' }"))


def test_a_second_flemma_on_the_path_is_named(start: Start, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "lua", tmp_path / "other" / "lua")
    editor = start()
    editor.lua("vim.opt.runtimepath:append(...)", str(tmp_path / "other"))
    report = checkhealth(editor)
    assert "more than one flemma" in report
    assert str(tmp_path / "other") in report


def test_missing_packages_are_named_with_the_command_within_three_seconds(start: Start, tmp_path: Path) -> None:
    plugin = make_plugin(tmp_path / "flemma", tmp_path / "wheels")
    editor = start(root=plugin, PATH=str(make_programs(tmp_path / "bin")))
    editor.lua("vim.g.flemma_python = nil")
    began = time.monotonic()
    report = checkhealth(editor)
    assert time.monotonic() - began < 6
    assert "lacks the packages" in report
    assert ":Flemma install makes an environment" in report
