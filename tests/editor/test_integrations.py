"""What other plugins are handed: functions of the kinds that they ask for. None of them is needed."""

from __future__ import annotations

from pathlib import Path

from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

ICON = """
local path, filetype = ...
return { require('flemma.integrations.bufferline').get_element_icon({
  path = path, filetype = filetype, extension = 'chat', directory = false }) }
"""
DEVICONS = """
_G.told = {}
package.loaded['nvim-web-devicons'] = {
  set_icon = function(icons) _G.told = vim.tbl_extend('force', _G.told, icons) end,
  set_icon_by_filetype = function(names) _G.by_filetype = names end,
  get_icon_by_filetype = function(filetype) return filetype == 'chat' and '∴' or '?', 'DevIcon' end,
}
"""


def test_bufferline_shows_which_chat_is_busy(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    path = str(tmp_path / "talk.chat")
    assert chat.lua(ICON, path, "chat") == []
    chat.lua(DEVICONS)
    assert chat.lua(ICON, path, "chat") == ["∴", "DevIcon"]
    peer.enqueue(script.Scripted((script.Stall(),)))
    chat.press("G<C-]>")
    chat.wait(lambda: chat.lua(ICON, path, "chat") == ["󰔟", "FlemmaBusy"], "the busy sign")
    assert chat.lua(ICON, "x.lua", "lua") == ["?", "DevIcon"]
    chat.press("<C-c>")
    chat.idle()
    chat.wait(lambda: chat.lua(ICON, path, "chat") == ["∴", "DevIcon"], "the icon")


def test_bufferline_asks_the_users_own_function_for_the_rest(chat: Neovim, tmp_path: Path) -> None:
    own = "require('flemma.integrations.bufferline').get_element_icon(function(e) return 'own', e.filetype end)"
    assert chat.lua(f"return {{ {own}({{ path = 'x', filetype = 'lua' }}) }}") == ["own", "lua"]


def test_bufferline_shows_which_chat_wants_attention(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    path = str(tmp_path / "talk.chat")
    chat.lua(ICON, path, "chat")
    peer.enqueue("Done.")
    chat.press("G<C-]>")
    chat.command("enew")
    chat.finished()
    chat.wait(lambda: chat.lua(ICON, path, "chat") == ["●", "FlemmaBusy"], "the sign of attention")


def test_devicons_is_told_of_chats_where_it_is_there(start: Start, tmp_path: Path) -> None:
    editor = start("{ integrations = { devicons = { icon = 'C' } } }", ANTHROPIC_API_KEY=CANARY)
    editor.lua(DEVICONS)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    told = editor.lua("return _G.told.chat")
    assert (told["icon"], told["name"]) == ("C", "Chat") and told["color"].startswith("#")
    assert editor.lua("return _G.by_filetype") == {"chat": "chat"}


def test_devicons_is_left_alone_where_that_is_wanted(start: Start, tmp_path: Path) -> None:
    editor = start("{ integrations = { devicons = { enabled = false } } }", ANTHROPIC_API_KEY=CANARY)
    editor.lua(DEVICONS)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    assert editor.lua("return next(_G.told) == nil") is True


def test_treesitter_context_leaves_chats_alone(chat: Neovim) -> None:
    module = "require('flemma.integrations.treesitter_context')"
    assert chat.lua(f"return {module}.on_attach(0)") is False
    assert chat.lua(f"return {module}.wrap(function() return true end)(0)") is False
    chat.command("enew")
    assert chat.lua(f"return {module}.on_attach(0)") is True
    assert chat.lua(f"return {module}.wrap(function() return false end)(0)") is False


def test_another_notifier_gets_the_notices_with_a_title(chat: Neovim) -> None:
    chat.lua("_G.titles = {}; vim.notify = function(text, level, opts) table.insert(_G.titles, opts.title) end")
    chat.command("Flemma nonsense")
    chat.wait(lambda: chat.lua("return _G.titles") == ["Flemma"], "the notice")
