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


ANNOUNCED = re.compile(r"\bannounce\(.*?\"(Flemma[A-Z]\w+)\"")


def test_every_event_is_told_and_typed_and_no_other() -> None:
    lua = {
        str(path.relative_to(ROOT / "lua/flemma")): path.read_text() for path in (ROOT / "lua/flemma").rglob("*.lua")
    }
    fired = {name for text in lua.values() for name in ANNOUNCED.findall(text)}
    assert len(fired) >= 10
    text = HELP.read_text()
    table = text[text.index("Event                    In `data`") : text.index("*FlemmaRequestSending*")]
    assert set(re.findall(r"^    (Flemma\w+) ", table, re.MULTILINE)) == fired
    assert set(re.findall(r"\*(Flemma[A-Z]\w+)\*$", text, re.MULTILINE)) == fired
    assert set(re.findall(r"flemma\.event\.(\w+)", lua["events.lua"])) == fired


MAPPED = """
local found = {}
for _, mode in ipairs({ 'n', 'x', 'o', 'i' }) do
  for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
    if map.lhs:find('^<Plug>%(Flemma') then
      found[map.lhs] = (found[map.lhs] or '') .. mode
    end
  end
end
return found
"""


def test_every_plug_mapping_is_told_with_its_modes_and_no_other(start: Start) -> None:
    mapped = {name: "".join(sorted(modes)) for name, modes in start().lua(MAPPED).items()}
    section = HELP.read_text().partition("*flemma-keys*")[2].partition("*flemma-lsp*")[0]
    # A key may stand on a line of its own, above a mapping that is too long.
    rows = re.findall(r"^    ((?:[nxoi] )+) +\S+\s+(<Plug>\(\w+\))", section, re.MULTILINE)
    assert {name: "".join(sorted(modes.split())) for modes, name in rows} == mapped


def test_every_default_key_is_told(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    keys = editor.lua(
        """
        local found = {}
        for _, mode in ipairs({ 'n', 'x', 'o', 'i' }) do
          for _, map in ipairs(vim.api.nvim_buf_get_keymap(0, mode)) do
            if map.rhs and map.rhs:find('<Plug>(Flemma', 1, true) then
              found[#found + 1] = { mode, map.lhs }
            end
          end
        end
        return found
        """
    )
    section = HELP.read_text().partition("*flemma-keys*")[2].partition("*flemma-lsp*")[0]
    rows = re.findall(r"^    ((?:[nxoi] )+) +(\S+)", section, re.MULTILINE)
    told = {(mode, editor.lua("return vim.keycode(...)", key)) for modes, key in rows for mode in modes.split()}
    missing = {tuple(each) for each in keys if (each[0], editor.lua("return vim.keycode(...)", each[1])) not in told}
    assert not missing


CALLED = re.compile(r"require\(\"(flemma[\w.]*)\"\)\.(\w+)")


def test_every_function_that_is_told_is_there(start: Start) -> None:
    editor = start()
    told = {each for path in (*ALL, ROOT / "README.md") for each in CALLED.findall(path.read_text())}
    assert len(told) > 15
    missing = {
        f"{module}.{name}"
        for module, name in told
        if editor.lua("local module, name = ... return require(module)[name] == nil", module, name)
    }
    assert not missing


def test_help_opens_at_the_topic(start: Start) -> None:
    editor = start()
    editor.command(f"helptags {ROOT}/doc")
    for topic in ("flemma", "flemma-install", ":Flemma-install", "flemma.parameters.max_tokens"):
        editor.command(f"help {topic}")
        assert editor.lua("return vim.fn.expand('%:t')") == "flemma.txt"
