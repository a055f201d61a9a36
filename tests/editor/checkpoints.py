"""A chat with something to sum up, and what a checkpoint makes of it on the screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flemma_py.conversation.checkpoint.summary import HEADING
from flemma_py.demo.reply import Reply, Says
from tests.editor.conftest import Peer
from tests.editor.neovim import Neovim

MARK = "<!-- flemma:checkpoint -->"
LONG = "The quick brown fox jumps over the lazy dog. " * 30
TALK = (
    f"@System:\nBe brief.\n\n@You:\nWhat does the fox do?\n\n@Assistant:\n{LONG}\n\n"
    f"@You:\nAnd the dog?\n\n@Assistant:\n{LONG}\n\n@You:\nNext "
)
SUMMED = ["@You:", MARK, "", HEADING, "", "A fox jumps over a dog.", ""]


def opened(editor: Neovim, folder: Path) -> Neovim:
    """With a chat of two complete turns, and a prompt that is not sent."""
    editor.open(folder / "talk.chat", TALK)
    editor.ready()
    return editor


def says(text: str) -> Reply:
    return Reply((Says(text),))


def checkpoint(talk: Neovim, peer: Peer, text: str = "A fox jumps over a dog.", words: str = "") -> list[str]:
    """The lines before it."""
    before = talk.lines()
    peer.enqueue(says(text))
    talk.command(f"Flemma session:checkpoint {words}")
    talk.idle()
    return before


def latest(talk: Neovim) -> dict[str, Any]:
    """What the last request used, when that is told."""
    used = "return require('flemma.session').get():get_latest_request()"
    return dict(talk.wait(lambda: talk.lua(used), "the usage"))


def border(lines: list[str]) -> int:
    """The 1-based line of the checkpoint's role marker."""
    return lines.index(MARK)


def closed(talk: Neovim) -> list[list[int]]:
    """The closed folds: first and last line of each."""
    return list(
        talk.lua("""
        local found, line = {}, 1
        while line <= vim.fn.line('$') do
          local last = vim.fn.foldclosedend(line)
          if last ~= -1 then found[#found + 1] = { line, last } end
          line = math.max(last, line) + 1
        end
        return found
        """)
    )


def past(lines: list[str]) -> list[int]:
    return [lines.index("@You:") + 1, border(lines) - 1]


def watch(editor: Neovim) -> Neovim:
    """A screen to look at, on which what is not sent has a colour that nothing else has."""
    editor.attach_screen(100, 60)
    editor.command("highlight FlemmaUnsent guifg=#123456")
    return editor


def dimmed(editor: Neovim) -> list[int]:
    """Lines on the screen that are drawn as not sent. Folds are opened, where there are closed ones."""
    screen = editor.client.screen
    assert screen is not None
    if closed(editor):
        editor.command("normal! zR")
    rows = editor.lua("""
        return vim.tbl_map(function(line)
          return vim.fn.getline(line) ~= '' and vim.fn.screenpos(0, line, 1).row or 0
        end, vim.fn.range(1, vim.fn.line('$')))
    """)
    editor.client.settle()
    looks = [screen.highlights.get(screen.cells[row - 1][0][1], {}) if row else {} for row in rows]
    return [line for line, look in enumerate(looks, 1) if look.get("foreground") == 0x123456]
