"""The help file: its tags are clean, its lines fit, and what it lists is what the code has."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path
from types import ModuleType

from tests.editor.conftest import Start
from tests.editor.neovim import ROOT

HELP = ROOT / "doc/flemma.txt"
ALL = sorted((ROOT / "doc").glob("*.txt"))


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "scripts/generate_help.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_commands_settings_and_groups_are_those_of_the_code(binary: str) -> None:
    text = HELP.read_text()

    assert generate().generated(text, binary) == text, "run `make generate`"


def test_a_command_that_the_help_does_not_have_is_noticed(binary: str) -> None:
    text = HELP.read_text()
    assert generate().generated(text.replace(":Flemma cancel", ":Flemma stop"), binary) == text


def test_no_line_of_the_help_is_wider_than_78_columns() -> None:
    assert HELP in ALL
    assert not [line for path in ALL for line in path.read_text().splitlines() if len(line.expandtabs()) > 78]


def test_helptags_are_clean_and_every_link_leads_somewhere(start: Start, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "doc", tmp_path / "doc", ignore=shutil.ignore_patterns("tags"))
    editor = start()
    editor.command(f"helptags {tmp_path}/doc")
    assert editor.lua("return vim.v.errmsg") == ""
    ours = {line.split("\t")[0] for line in (tmp_path / "doc/tags").read_text().splitlines()}
    links = {link for path in ALL for link in re.findall(r"(?<![\w`])\|([^|\s]+)\|", path.read_text())}
    theirs = {link for link in links - ours if editor.lua("return #vim.fn.getcompletion(..., 'help')", link) == 0}
    assert not theirs


def test_help_opens_at_the_topic(start: Start) -> None:
    editor = start()
    editor.command(f"helptags {ROOT}/doc")
    for topic in ("flemma", "flemma-install", ":Flemma-install", "flemma.parameters.max_tokens"):
        editor.command(f"help {topic}")
        assert editor.lua("return vim.fn.expand('%:t')") == "flemma.txt"
