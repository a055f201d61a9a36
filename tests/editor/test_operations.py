"""Operations on sessions, each by its command, and the way back from each."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim

PICK = """
_G.asked = {}
vim.ui.select = function(items, opts, done)
  local shown = vim.tbl_map(opts.format_item or tostring, items)
  table.insert(_G.asked, { prompt = opts.prompt, kind = opts.kind, items = shown })
  local wanted = _G.wanted
  for index, line in ipairs(shown) do
    if wanted and line:find(wanted, 1, true) then
      return done(items[index], index)
    end
  end
  done(nil, nil)
end
"""


def picks(editor: Neovim, wanted: str | None) -> None:
    """From now on the user takes the first choice that has `wanted` in it; None: none."""
    editor.lua(PICK)
    editor.lua("_G.wanted = ...", wanted)


def asked(editor: Neovim) -> list[dict[str, Any]]:
    return list(editor.lua("return _G.asked"))


def talk(editor: Neovim, peer: Peer, *words: str) -> None:
    """Send what the chat says, then more: words of the user and of the model by turns, the first of the model's."""
    for at, word in enumerate(words):
        if at % 2:
            editor.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, vim.split(..., '\\n'))", word)
        else:
            done = len(editor.events("FlemmaRequestFinished"))
            peer.enqueue(script.text(word))
            editor.press("<C-]>")
            editor.finished(done + 1)
            editor.idle()


def sid(editor: Neovim) -> str:
    """The id of the chat's session, as its page has it."""
    editor.command("Flemma session:info")
    page = "vim.tbl_filter(function(b) return vim.b[b].flemma_page == 'session' end, vim.api.nvim_list_bufs())[1]"
    editor.wait(lambda: editor.lua(f"return {page}"), "the page")
    found = str(editor.lua(f"return vim.api.nvim_buf_get_lines({page}, 0, 1, true)[1]"))
    editor.command("close")
    return found.removeprefix("Session ")


def page(editor: Neovim, name: str) -> str:
    """The text of a page of a name, when it is there; it is closed."""
    is_page = f"return vim.b.flemma_page == '{name}'"
    editor.wait(lambda: editor.lua(is_page), f"the page {name}")
    text = editor.text()
    editor.command("close")
    return text


TWO_TURNS = [
    "@You:", "Hello", "", "@Assistant:", "Hi.", "", "@You:", "And now?", "", "@Assistant:", "Well.", "", "@You:", "",
]  # fmt: skip


@pytest.fixture
def told(chat: Neovim, peer: Peer) -> Neovim:
    """A chat with two turns."""
    picks(chat, None)
    talk(chat, peer, "Hi.", "And now?", "Well.")
    assert chat.lines() == TWO_TURNS
    return chat


def test_a_fork_takes_all_up_to_the_cursors_turn_and_opens(told: Neovim, tmp_path: Path) -> None:
    parent = sid(told)
    told.lua("vim.api.nvim_win_set_cursor(0, { 4, 0 })")
    told.command("Flemma session:fork")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk-fork-1.chat", "the fork")
    assert told.lines() == [*TWO_TURNS[:6], "@You:", ""]
    child = sid(told)
    assert child != parent
    told.command("Flemma session:info")
    text = page(told, "session")
    assert parent in text
    assert re.search(r"Requests +0$", text, re.MULTILINE)
    assert (tmp_path / "talk-fork-1.chat").exists()


def test_a_rewind_is_one_undo_step_and_gives_the_prompt_back(told: Neovim, peer: Peer) -> None:
    told.command("Flemma session:rewind! 2")
    assert told.lines() == [*TWO_TURNS[:6], "@You:", "And now?"]
    assert told.cursor == [8, 7]
    told.wait(lambda: told.events("FlemmaSessionEvent"), "the event")
    told.command("silent undo")
    assert told.lines() == TWO_TURNS
    told.command("silent redo")
    talk(told, peer, "Else.")
    assert "Else." in told.text()
