"""`require("flemma.tools")` without a host: every form of `register`, and what is told of what was registered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from flemma_py.tools.runner import find_tools
from tests.editor.conftest import Start
from tests.editor.neovim import ROOT, Neovim

TOOL = (
    "{ name = '%s', description = 'd', input_schema = { type = 'object', properties = {} }, execute = function() end }"
)
BUILT_IN = {"bash", "calculator", "calculator_async", "edit", "find", "grep", "ls", "read", "write"}


@pytest.fixture
def editor(start: Start, tmp_path: Path) -> Neovim:
    editor = start()
    (tmp_path / "lua/my_plugin/tools").mkdir(parents=True)
    editor.lua("vim.opt.runtimepath:prepend(...)", str(tmp_path))
    return editor


def module(folder: Path, name: str, text: str) -> None:
    (folder / "lua/my_plugin/tools" / f"{name}.lua").write_text(text)


def register(editor: Neovim, arguments: str) -> Any:
    return editor.lua(f"return {{ require('flemma.tools').register({arguments}) }}")


def names(editor: Neovim) -> set[str]:
    return set(editor.lua("return vim.tbl_keys(require('flemma.tools').get_all())")) - BUILT_IN


def one(name: str) -> str:
    return TOOL % name


def test_a_definition_with_a_name(editor: Neovim) -> None:
    assert register(editor, f"'my_tool', {one('my_tool')}") == [True]
    assert names(editor) == {"my_tool"}
    told = editor.lua("local tool = require('flemma.tools').get('my_tool') return { tool.name, type(tool.execute) }")
    assert told == ["my_tool", "function"]
    assert editor.lua("return require('flemma.tools').get('none') == nil")
    assert editor.host()["channel"] is None if "channel" in editor.host() else True


def test_one_definition_alone_and_a_list(editor: Neovim) -> None:
    register(editor, one("alone"))
    register(editor, f"{{ {one('tool_a')}, {one('tool_b')} }}")
    assert names(editor) == {"alone", "tool_a", "tool_b"}


def test_a_module_with_definitions_or_a_source(editor: Neovim, tmp_path: Path) -> None:
    module(tmp_path, "sync", f"return {{ definitions = {{ {one('of_module')} }} }}")
    source = f"function(register, done) register('of_source', {one('of_source')}) done() end"
    module(tmp_path, "source", f"return {{ timeout = 45, resolve = {source} }}")
    module(tmp_path, "alone", f"return {one('alone')}")
    for name in ("sync", "source", "alone"):
        assert register(editor, f"'my_plugin.tools.{name}'") == [True]
    assert names(editor) == {"of_module", "of_source", "alone"}
    assert editor.lua("return require('flemma.tools').is_ready()")


def test_sources_in_their_forms(editor: Neovim) -> None:
    register(editor, "function(register, done) _G.one = { register, done } end")
    register(editor, "{ timeout = 60, resolve = function(register, done) _G.two = { register, done } end }")
    pending = editor.lua("return require('flemma.tools').told().pending")
    assert [round(source["seconds"]) for source in pending] == [30, 60]
    assert not editor.lua("return require('flemma.tools').is_ready()")
    editor.lua(f"_G.one[1]('first', {one('first')}) _G.one[2]() _G.two[1]({one('second')}) _G.two[2]() _G.two[2]('x')")
    assert editor.lua("return require('flemma.tools').is_ready()")
    assert names(editor) == {"first", "second"}
    editor.wait(lambda: editor.events("FlemmaBootComplete"), "the event")
    assert len(editor.events("FlemmaBootComplete")) == 1
    assert editor.notices() == []


def test_after_clear_nothing_that_was_begun_counts(editor: Neovim) -> None:
    register(editor, one("gone"))
    register(editor, "{ timeout = 0.05, resolve = function(register, done) _G.late = { register, done } end }")
    editor.lua("require('flemma.tools').clear()")
    assert editor.lua("return require('flemma.tools').is_ready()")
    editor.lua(f"_G.late[1]('late', {one('late')}) _G.late[2]('too late')")
    assert names(editor) == set()
    assert set(editor.lua("return vim.tbl_keys(require('flemma.tools').get_all())")) == BUILT_IN
    assert editor.notices() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (f"'my.tool', {one('x')}", "its name has a dot"),
        (f"'my tool', {one('x')}", "its name may have letters"),
        (f"('x'):rep(65), {one('x')}", "longer than 64"),
        (f"'', {one('x')}", "it has no name"),
        ("'x', 3", "its definition is a number"),
        ("'x', { execute = 'ls' }", "its execute must be a function and is a string"),
        ("'x', { enabled = 1 }", "its enabled must be true, false or a function"),
        ("'x', { timeout = -1 }", "its timeout must be"),
        ("'x', { timeout = 0/0 }", "its timeout must be"),
        ("'x', { input_schema = { type = print } }", "its input_schema is no plain data"),
        ("'x', { input_schema = { 'object' } }", "its input_schema must be a table"),
        ("'no.such.module'", "the module no.such.module brings no tools: module 'no.such.module' not found"),
        ("{ timeout = 3 }", "it has no name, definitions or resolve"),
        ("{ { description = 'nameless' } }", "it has no name"),
        ("nil", "it has no name"),
        ("3", "it has no name"),
    ],
)
def test_what_cannot_be_registered_is_told_and_throws_nothing(editor: Neovim, arguments: str, said: str) -> None:
    good, problem = register(editor, arguments)
    assert not good and said in problem
    editor.notice(said)
    assert names(editor) == set()


def test_a_wrong_one_of_a_list_keeps_no_other_away(editor: Neovim) -> None:
    assert register(editor, f"{{ {one('good')}, {one('b.ad')}, {one('better')} }}")[0] is False
    assert names(editor) == {"good", "better"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("return {", "tools/broken.lua"), ("error('boom')", "boom"), ("return 3", "gives a number"), ("return {}", None)],
)
def test_a_broken_module_is_told(editor: Neovim, tmp_path: Path, text: str, said: str | None) -> None:
    module(tmp_path, "broken", text)
    good, *problem = register(editor, "'my_plugin.tools.broken'")
    assert good is (said is None)
    assert said is None or said in problem[0]


def test_a_second_tool_of_one_name_takes_its_place_and_that_is_told(editor: Neovim) -> None:
    editor.lua(f"require('flemma.tools').register('t', {one('t')})\n")
    editor.lua("\nrequire('flemma.tools').register('t', { description = 'second', execute = function() end })")
    editor.notice("the tool t")
    assert editor.lua("return require('flemma.tools').get('t').description") == "second"


def test_modules_of_the_settings_are_loaded_when_they_are_wanted(start: Start, tmp_path: Path) -> None:
    (tmp_path / "lua/my_plugin/tools").mkdir(parents=True)
    module(tmp_path, "one", f"_G.loads = (_G.loads or 0) + 1 return {{ definitions = {{ {one('of_settings')} }} }}")
    editor = start("{ tools = { modules = { 'my_plugin.tools.one', 'my_plugin.tools.none' } } }")
    editor.lua("vim.opt.runtimepath:prepend(...)", str(tmp_path))
    assert editor.lua("return _G.loads") is None
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    assert editor.lua("return _G.loads") == 1
    assert names(editor) == {"of_settings"}
    editor.notice("the module my_plugin.tools.none brings no tools")
    assert editor.lua("return _G.loads") == 1


def test_modules_that_a_later_setup_names_are_loaded_too(start: Start, tmp_path: Path) -> None:
    (tmp_path / "lua/my_plugin/tools").mkdir(parents=True)
    module(tmp_path, "one", f"return {{ definitions = {{ {one('of_settings')} }} }}")
    editor = start()
    editor.lua("vim.opt.runtimepath:prepend(...)", str(tmp_path))
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    editor.lua("require('flemma').setup({ tools = { 'of_settings', modules = { 'my_plugin.tools.one' } } })")
    editor.report()
    assert names(editor) == {"of_settings"}


def test_what_is_given_out_is_a_copy(editor: Neovim) -> None:
    register(editor, one("t"))
    editor.lua("require('flemma.tools').get('t').description = 'changed'")
    editor.lua("require('flemma.tools').get_all().t.description = 'changed'")
    assert editor.lua("return require('flemma.tools').get('t').description") == "d"
    assert editor.lua("return require('flemma.tools').unregister('t')")
    assert names(editor) == set()


def test_what_is_told_of_built_in_tools_is_what_they_are(editor: Neovim) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/generate_tools.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    told = editor.lua("return require('flemma.tools').get_all()")
    for name, tool in find_tools(entry_points="").items():
        assert told[name]["input_schema"]["required"] == tool.definition.input_schema["required"]
        assert (told[name]["description"], told[name]["enabled"]) == (tool.definition.description, tool.enabled)
