"""Rules that are added at a call, and who else has a say in what runs unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from flemma_py.demo.reply import Calls
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.test_approval import bash, calls, done, flying, header, headers, waits, well
from tests.editor.test_status import line_of, page


@pytest.fixture
def pilot(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    return flying(start, peer, tmp_path)


def test_a_function_of_the_owners_decides_and_one_that_is_late_asks(start: Start, peer: Peer, tmp_path: Path) -> None:
    rule = """function(tool, input, context)
      if input.command == 'touch yes' then return true end
      if input.command == 'touch no' then return 'deny' end
      if input.command == 'touch late' then vim.wait(1000, function() return false end) return true end
    end"""
    editor = flying(start, peer, tmp_path, f"auto_approve = {rule}")
    peer.enqueue(
        calls(bash("y", "touch yes"), bash("n", "touch no"), bash("l", "touch late"), bash("o", "touch other"))
    )
    editor.press("G<C-]>")
    waits(editor, "l")
    assert headers(editor) == [header("y"), header("n", "error"), header("l", "pending"), header("o", "pending")]
    assert (tmp_path / "yes").exists() and not (tmp_path / "no").exists()
    assert not (tmp_path / "late").exists() and not (tmp_path / "other").exists()


SELECT = """
_G.asked = {}
vim.ui.select = function(items, opts, choose)
  local shown = vim.tbl_map(opts.format_item or tostring, items)
  table.insert(_G.asked, { prompt = opts.prompt, items = shown })
  choose(items[table.remove(_G.picks, 1)])
end
_G.picks = { ... }
"""


@pytest.mark.parametrize(("scope", "where"), [(1, "the chat "), (2, "the project "), (3, "all chats")])
def test_a_rule_is_added_at_a_call_and_lets_it_run(
    pilot: Neovim, peer: Peer, tmp_path: Path, scope: int, where: str
) -> None:
    peer.enqueue(calls(bash("b", "git status")))
    pilot.press("G<C-]>")
    waits(pilot, "b")
    pilot.lua(SELECT, 1, scope)
    pilot.command("Flemma tool:allow")
    assert where in pilot.notice("The rule is kept for")
    offers, scopes = pilot.lua("return _G.asked")
    assert offers["items"][0].startswith("bash(git status)  ")
    assert "git status" in offers["prompt"]
    assert scopes["items"][scope - 1].startswith(where)
    peer.enqueue(done())
    pilot.press("<C-]>")
    pilot.wait(lambda: "All done." in pilot.lines(), "the end")
    well(pilot, peer)
    assert not [path for path in tmp_path.iterdir() if path.name not in {".git", "talk.chat", "home-0"}]
    pilot.lua(SELECT, 1)
    pilot.command("Flemma tool:rules")
    assert pilot.notice("does not hold any more")
    pilot.command("Flemma tool:rules")
    assert pilot.notice("No rules were added")


def test_where_no_rule_helps_that_is_said(pilot: Neovim, peer: Peer) -> None:
    peer.enqueue(calls(bash("b", "echo $(date) > .git/hooks/x")))
    pilot.press("G<C-]>")
    waits(pilot, "b")
    pilot.lua(SELECT)
    pilot.command("Flemma tool:allow")
    assert pilot.notice("no rule can allow this")
    assert not pilot.lua("return _G.asked")


def test_the_status_says_what_may_run_and_who_said_so(pilot: Neovim) -> None:
    pilot.lua("require('flemma.tools.approval').register('mine', { resolve = function() end, priority = 70 })")
    pilot.command("Flemma autopilot:status")
    pilot.wait(lambda: page(pilot), "the page")
    assert pilot.lua("return vim.api.nvim_get_current_line()").startswith("Autopilot  on")
    lines = page(pilot)
    assert line_of(lines, "max_turns").split()[2:] == ["100", "(default)"]
    assert "runs unasked" in line_of(lines, "bash(cat notes.txt)")
    assert "is refused" in line_of(lines, "deny bash(rm *)")
    assert "mine" in line_of(lines, "resolver")


def test_a_resolver_that_lua_registered_decides_before_the_owners_list_or_after_it(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    editor = flying(start, peer, tmp_path, "auto_approve = { 'deny bash(rm *)', 'bash(touch listed)' }")
    editor.lua(
        """local approval = require('flemma.tools.approval')
        approval.register('late', { resolve = function(tool, input)
          if input.command == 'rm kept' then return true end
          return input.command == 'touch late' or nil
        end })
        approval.register('early', { priority = 200, resolve = function(tool, input, context)
          assert(context.filename:find('talk.chat', 1, true))
          if input.command == 'touch listed' then return 'deny' end
        end })"""
    )
    (tmp_path / "kept").touch()
    wanted = {"a": "touch late", "b": "touch listed", "c": "rm kept", "d": "touch other"}
    peer.enqueue(calls(*(bash(id, command) for id, command in wanted.items())))
    editor.press("G<C-]>")
    waits(editor, "d")
    assert headers(editor) == [header("a"), header("b", "error"), header("c", "error"), header("d", "pending")]
    assert "early refuses it" in editor.text() and "deny bash(rm *)" in editor.text()
    assert (tmp_path / "kept").exists() and (tmp_path / "late").exists()


def test_a_module_that_the_settings_name_decides_and_one_that_is_broken_asks(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    editor = flying(start, peer, tmp_path, "auto_approve = { 'my.able', 'my.broken' }")
    editor.lua(
        """package.preload['my.able'] = function()
          return { resolve = function(tool, input) return input.command == 'touch one' or nil end }
        end"""
    )
    peer.enqueue(calls(bash("a", "touch one"), bash("b", "touch two")))
    editor.press("G<C-]>")
    waits(editor, "b")
    assert "my.broken" in editor.notice("waits for you")
    assert (tmp_path / "one").exists() and not (tmp_path / "two").exists()


def test_the_registry_of_resolvers_answers_without_a_host(start: Start) -> None:
    answers = start().lua(
        """local approval = require('flemma.tools.approval')
        local mine = { resolve = function() end, priority = 70 }
        approval.register('mine', mine)
        approval.register('other', { resolve = function() end })
        local found = { approval.get('mine') == mine, approval.count(), approval.get_all()[2].priority }
        approval.unregister('mine')
        vim.list_extend(found, { approval.get('mine') == nil, approval.count() })
        approval.clear()
        vim.list_extend(found, { approval.count(), (pcall(approval.register, 'x', {})) })
        vim.list_extend(found, { (pcall(approval.register, 'x', { resolve = print, priority = 'high' })) })
        return found"""
    )
    assert answers == [True, 2, 50, True, 1, 0, False, False]


def test_a_chat_may_add_rules_that_refuse_and_cannot_drop_its_owners(start: Start, peer: Peer, tmp_path: Path) -> None:
    front = "```lua\nflemma.opt.tools.auto_approve = { 'ls', 'deny ls(secret/**)' }\n```\n@You:\nHello\n"
    editor = flying(start, peer, tmp_path, "auto_approve = { 'ls', 'read', 'deny bash(rm *)' }", front)
    (tmp_path / "kept").touch()
    (tmp_path / "secret").mkdir()
    peer.enqueue(
        calls(
            Calls("l", "ls", {"label": "l", "path": "."}),
            Calls("s", "ls", {"label": "s", "path": "secret"}),
            bash("b", "rm kept"),
            Calls("r", "read", {"label": "r", "path": "kept"}),
        )
    )
    editor.press("G<C-]>")
    waits(editor, "r")
    assert headers(editor) == [header("l"), header("s", "error"), header("b", "error"), header("r", "pending")]
    assert (tmp_path / "kept").exists()
