"""A chat with two turns, what is asked of its user, and what its session's journal has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Says
from flemma_py.sessions.locks import Locks
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim
from tests.editor.streams import held

PICK = """
_G.asked = {}
vim.ui.select = function(items, opts, done)
  local shown = vim.tbl_map(opts.format_item or tostring, items)
  table.insert(_G.asked, { prompt = opts.prompt, kind = opts.kind, items = shown })
  local wanted = _G.wanted
  for index, line in ipairs(shown) do
    if type(wanted) == 'string' and line:find(wanted, 1, true) then
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


def folder(editor: Neovim) -> Path:
    """Where sessions are kept."""
    return Path(editor.lua("return vim.fn.stdpath('state')"), "flemma/sessions")


def records(editor: Neovim, sid: str, kind: str) -> list[dict[str, Any]]:
    """What the journal has of a kind."""
    lines = (folder(editor) / sid / "journal.jsonl").read_text().splitlines()
    return [record["d"] for record in map(json.loads, lines) if record["type"] == kind]


def left(editor: Neovim, sid: str) -> None:
    """Wait until nobody works in a session."""
    editor.wait(lambda: not Locks(folder(editor) / "locks").is_leased(sid), "the end of the lease")


def stuck(editor: Neovim, peer: Peer) -> None:
    """Ask something, whose answer begins and does not end."""
    editor.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'Long?' })")
    peer.enqueue(held(Says("Begun, and it goes on. ")))
    editor.press("<C-]>")
    editor.wait(lambda: "Begun" in editor.text(), "the beginning")


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


def two_turns(chat: Neovim, peer: Peer) -> None:
    """Make the chat one of two turns. Its user chooses nothing of what is asked."""
    picks(chat, None)
    talk(chat, peer, "Hi.", "And now?", "Well.")
    assert chat.lines() == TWO_TURNS
    # The first one's price is told when the list of prices has been loaded.
    billed = "return require('flemma.session').get():get_request_count()"
    chat.wait(lambda: chat.lua(billed) == 2, "both requests in the session")


def happened(editor: Neovim, type: str) -> list[dict[str, Any]]:
    """What was told of sessions with the event of this type; waits for the first."""

    def told() -> list[dict[str, Any]]:
        return [each["data"] for each in editor.events("FlemmaSessionEvent") if each["data"]["type"] == type]

    return list(editor.wait(told, f"the event {type}"))
