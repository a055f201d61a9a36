"""`templating.modules` in a real Neovim: Lua modules of the owner's bring names to templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lupa import luajit21

from flemma_py.evaluation.templates.lua import SANDBOX, sandbox
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.test_status import page

TEAM = """
local M = { name = "team", priority = 600 }
function M.populate(env)
  env.team = { name = "Blue", crew = { "Ada", "Bob" }, born = { [2024] = "here" } }
  env.team.greet = function(who, how) return (how or "Hello") .. ", " .. who end
  env.shout = function(text) return text:upper() .. vim.fn.bufname():sub(-5) end
  env.format.unit = "kg"
  env.os = nil
  env.undertaker = function() error("nobody is there", 0) end
end
return M
"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A folder of the 'runtimepath' with modules in it."""
    folder = tmp_path / "runtime" / "lua" / "mine"
    folder.mkdir(parents=True)
    (folder / "team.lua").write_text(TEAM)
    (folder / "values.lua").write_text("return { city = 'Ulm', team = { name = 'hidden' } }")
    (folder / "bare.lua").write_text("return function(env) env.double = function(n) return 2 * n end end")
    (folder / "broken.lua").write_text(
        "return { populate = function(env) env.half = 1 env.string.x = 1 error('no!') end }"
    )
    return tmp_path / "runtime"


@pytest.fixture
def editor(start: Start, peer: Peer, modules: Path) -> Neovim:
    names = "'mine.values', 'mine.broken', 'mine.team', 'mine.bare', 'mine.missing'"
    provider = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    found = start(f"{{ {provider}, templating = {{ modules = {{ {names} }} }} }}", ANTHROPIC_API_KEY=CANARY)
    found.lua("vim.opt.runtimepath:prepend(...)", str(modules))
    return found


def ask(editor: Neovim, path: Path, text: str) -> None:
    editor.open(path, text)
    editor.ready()
    before = len(editor.events("FlemmaRequestFinished"))
    editor.press("<C-]>")
    editor.finished(before + 1)


def sent(peer: Peer) -> str:
    content = peer.bodies[-1]["messages"][-1]["content"]
    return content if isinstance(content, str) else content[0]["text"]


def test_names_of_modules_are_there_in_both_dialects(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    text = (
        "{{ team.name }} {{ city }} {{ team.crew[2] }} {{ team.greet('Eve') }} {{ team.greet('Eve', 'Hi') }} "
        "{{ shout('a') }} {{ double(21) }} {{ format.unit }} {{ team.born[2024] }}"
    )
    expected = "Blue Ulm {} Hello, Eve Hi, Eve A.chat 42 kg here"
    ask(editor, tmp_path / "lua.chat", f"```lua\nx = 1\n```\n@You:\n{text}\n")
    assert sent(peer) == expected.format("Bob")
    ask(editor, tmp_path / "jinja.chat", f"@You:\n{text.replace('crew[2]', 'crew[0]')}\n")
    assert sent(peer) == expected.format("Ada")
    assert editor.lua("return vim.tbl_map(function(m) return m.name end, require('flemma.templating').brought())") == [
        "mine.missing",
        "mine.values",
        "mine.broken",
        "mine.bare",
        "team",
    ]


def test_what_fails_is_said_once_by_name_and_the_rest_is_there(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    ask(editor, tmp_path / "a.chat", "@You:\n{{ team.name }} {{ half }} {{ undertaker() }}\n")
    assert sent(peer) == "Blue {{ half }} {{ undertaker() }}"
    assert "mine.broken was passed over: " in editor.notice("mine.broken")
    assert "no such module on the 'runtimepath'" in editor.notice("mine.missing")
    told = editor.notice("undertaker")
    assert "'undertaker' failed: nobody is there" in told and "'half' is not defined" in told
    editor.press("Go{{ team.name }}<Esc><C-]>")
    editor.finished(2)
    assert len([each for each in editor.notices() if "mine.broken" in each]) == 1


def test_the_frontmatter_wins_and_setup_asks_anew(editor: Neovim, peer: Peer, tmp_path: Path, modules: Path) -> None:
    ask(editor, tmp_path / "a.chat", "```lua\ncity = 'Bonn'\n```\n@You:\n{{ city }} {{ double(1) }} {{ team.name }}\n")
    assert sent(peer) == "Bonn 2 Blue"
    (modules / "lua" / "mine" / "other.lua").write_text("return { team = { name = 'Red' } }")
    provider = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    editor.lua(f"require('flemma').setup({{ {provider}, templating = {{ modules = {{ 'mine.other' }} }} }})")
    ask(editor, tmp_path / "b.chat", "@You:\n{{ team.name }} {{ double(1) }}\n")
    assert sent(peer) == "Red {{ double(1) }}"
    editor.lua(f"require('flemma').setup({{ {provider} }})")
    ask(editor, tmp_path / "c.chat", "@You:\n{{ team.name }}\n")
    assert sent(peer) == "{{ team.name }}"


def test_a_host_that_is_started_again_knows_them(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    ask(editor, tmp_path / "a.chat", "@You:\n{{ team.greet('Eve') }}\n")
    editor.lua("vim.uv.kill(require('flemma.host').status().pid, 9)")
    editor.notice("started again")
    editor.ready()
    editor.press("Go{{ team.greet('Bob') }}<Esc><C-]>")
    editor.finished(2)
    assert sent(peer) == "Hello, Bob"


def test_nothing_is_loaded_before_a_template_wants_it(editor: Neovim, peer: Peer, tmp_path: Path) -> None:
    ask(editor, tmp_path / "a.chat", "@You:\nplain\n")
    assert editor.lua(
        "return { package.loaded['mine.team'] == nil, require('flemma.templating').brought() == nil }"
    ) == [
        True,
        True,
    ]


def test_a_chat_cannot_name_modules(empty: Neovim, peer: Peer, tmp_path: Path, modules: Path) -> None:
    empty.lua("vim.opt.runtimepath:prepend(...)", str(modules))
    front = "flemma.opt.templating.modules = { 'mine.team' }"
    ask(empty, tmp_path / "a.chat", f"```lua\n{front}\n```\n@You:\n{{{{ team.name }}}}\n")
    assert sent(peer) == "{{ team.name }}"
    assert "templating.modules can be set in setup()" in empty.notice("templating.modules")
    assert empty.lua("return package.loaded['mine.team'] == nil")


def test_the_status_says_what_each_brings(editor: Neovim, tmp_path: Path) -> None:
    editor.open(tmp_path / "a.chat", "@You:\nplain\n")
    editor.ready()
    editor.command("Flemma status verbose")
    editor.wait(lambda: page(editor), "the page")
    lines = page(editor)
    section = lines[next(number for number, line in enumerate(lines) if line.startswith("Templating")) :]
    assert section[0] == "Templating  5 modules"
    by_name = {line.split()[1]: line for line in section[1:6]}
    assert "city  (priority 500)" in by_name["mine.values"]
    assert "format.unit, shout, team, undertaker; without os  (priority 600)" in by_name["mine.team"]
    assert "passed over" in by_name["mine.broken"]
    assert "passed over" in by_name["mine.missing"]


# ---- what modules find, and in which order

COLLECT = """
local bodies = ...
local names = {}
for number, body in ipairs(bodies) do
  names[number] = "made.m" .. number
  package.loaded[names[number]] = nil
  package.preload[names[number]] = assert(loadstring(body))
end
return require('flemma.templating.collect').collect(names)
"""


def collected(editor: Neovim, *bodies: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The changes by dotted names ("gone" for what was taken away), and the members."""
    found = editor.lua(COLLECT, list(bodies))
    changes = {".".join(each["path"]): "gone" if each.get("gone") else each["value"] for each in found["changes"]}
    return changes, found["members"]


def test_lower_priorities_come_first_and_built_in_names_have_theirs(start: Start) -> None:
    editor = start()
    module = "return { priority = %s, populate = function(env) env.seen = (env.seen or '') .. '%s' %s end }"
    changes, members = collected(
        editor,
        module % (900, "c", "env.format = nil env.gone = nil"),
        module % (50, "a", "env.string, env.format, env.gone, env.seen_early = 1, 1, 1, env.os == nil"),
        module
        % (120, "b", "env.string.upper = nil env.format = 'overwritten at 150' assert(env.os and not env.values)"),
    )
    assert changes == {"seen": "abc", "seen_early": True, "format": "gone", "string.upper": "gone"}
    assert [(each["module"], each["brings"], each["removes"]) for each in members] == [
        ("made.m2", ["seen_early"], []),
        ("made.m3", [], ["string.upper"]),
        ("made.m1", ["seen"], ["format"]),
    ]


def test_modules_have_what_templates_have_where_neovim_has_it(start: Start) -> None:
    changes, _ = collected(
        start(),
        """return function(env)
          env.it = { env.string.upper('a'), env.table.concat({ 1, 2 }), env.math.round(1.6), env.type(env.print),
            env.vim.fn.simplify('/a/../b'), select(2, pcall(env.format.number, 1)) }
        end""",
    )
    assert changes["it"][:5] == ["A", "12", 2, "function", "/b"]
    assert "format.number works in templates" in changes["it"][5]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("env.f = { a = io.stdout }", "brings what was left out: f: a userdata cannot be handed to templates"),
        ("env.f = {} env.f.f = env.f", "brings what was left out: f: it is nested too deeply, or in itself"),
        ("env.f = { [true] = 1, 2 }", "brings what was left out: f: a boolean is no key that templates could have"),
        ("env.include = 1", "brings what was left out: include is each file's own and cannot be changed"),
        ("env['a b'] = 1", "brings what was left out: a b is no name for a template"),
        ("env[{}] = 1", "is no name for a template"),
        ("error({})", "was passed over: table"),
    ],
)
def test_what_cannot_be_brought_is_left_out_and_said(start: Start, body: str, problem: str) -> None:
    changes, (member,) = collected(start(), f"return function(env) env.good = 1 {body} end")
    assert problem in member["problem"]
    assert changes == ({} if "passed over" in problem else {"good": 1})


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("return 1", "it gives a number, not a table or a function"),
        ("return { populate = print, priority = 'high' }", "its priority is not a number"),
        ("error('at the top', 0)", "at the top"),
    ],
)
def test_what_is_no_module_is_passed_over(start: Start, body: str, problem: str) -> None:
    changes, (member,) = collected(start(), body)
    assert (changes, member["problem"]) == ({}, f"was passed over: {problem}")


def test_modules_meet_just_the_names_that_templates_have(start: Start) -> None:
    names = start().lua(
        """local _, base = require('flemma.templating.environment').built_in()
        local found = {}
        for _, level in ipairs(base) do
          for name in pairs(level.fields) do
            found[#found + 1] = table.concat(vim.list_extend(vim.list_slice(level.path), { name }), '.')
          end
        end
        return found"""
    )
    lua = luajit21.LuaRuntime(encoding=None)
    shared = lua.table_from({b"call": lambda *_: True})
    load = lua.eval(b"function(source) return loadstring(source, '=sandbox') end")
    for source in sandbox()[: SANDBOX.index("libraries") + 1]:
        load(source)(shared)
    there = {name.decode() for name in shared[b"common"]}
    for library, parts in shared[b"libraries"].items():
        there |= {f"{library.decode()}.{name.decode()}" for name in parts[b"fields"]}
    assert set(names) == there
