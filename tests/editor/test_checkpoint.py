"""`:Flemma session:checkpoint`: a summary in place of what was said, which stays, dimmed and folded, and comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flemma_py.conversation.checkpoint.summary import HEADING, SYSTEM
from flemma_py.demo.reply import Reply, Says
from tests.editor.conftest import TALK, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim

MARK = "<!-- flemma:checkpoint -->"
SUMMED = ["@You:", MARK, "", HEADING, "", "A fox jumps over a dog.", ""]


BUSY_WITH = "local at = require('flemma.ui.spinner').activity(vim.api.nvim_get_current_buf()); return at and at.tool"


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


def test_a_summary_stands_where_requests_start_and_what_was_said_stays(talk: Neovim, peer: Peer) -> None:
    before = checkpoint(talk, peer, words="keep the API decisions")
    lines = talk.lines()
    at = border(lines) - 1
    assert lines == [*before[:at], *SUMMED, *before[at:]]
    assert before[at:] == ["@You:", "Next "]
    talk.notice("requests start at the summary now")
    asked = peer.bodies[-1]
    assert "tools" not in asked and json.dumps(SYSTEM)[1:40] in json.dumps(asked["system"])
    said = json.dumps(asked["messages"])
    assert len(asked["messages"]) == 1
    assert "What does the fox do?" in said and "Be brief." not in said and "Next" not in said
    assert "keep the API decisions" in said
    agree(talk)
    peer.enqueue(says("Fine."))
    talk.press("GAplease<Esc><C-]>")
    talk.finished(2)
    body = peer.bodies[-1]
    assert [message["role"] for message in body["messages"]] == ["user"]
    said = json.dumps(body["messages"])
    assert "A fox jumps over a dog." in said and "Next please" in said
    assert "What does the fox do?" not in said and "lazy" not in said
    assert "Be brief." in json.dumps(body["system"])


def test_all_above_is_one_closed_fold_and_dimmed(talk: Neovim, peer: Peer) -> None:
    watch(talk)
    assert closed(talk) == [] and dimmed(talk) == []
    checkpoint(talk, peer)
    lines = talk.lines()
    talk.wait(lambda: closed(talk) == [past(lines)], "the fold")
    text = talk.lua("return vim.fn.foldtextresult(4)")
    assert text.startswith("Not sent, summed up below: What does the fox do?") and text.endswith("(12 lines)")
    first, last = past(lines)
    assert dimmed(talk) == [line for line in range(first, last + 1) if lines[line - 1]]


def test_undo_brings_it_back_and_redo_again(talk: Neovim, peer: Peer) -> None:
    watch(talk)
    before = checkpoint(talk, peer)
    after = talk.lines()
    talk.wait(lambda: closed(talk) == [past(after)], "the fold")
    talk.press("u")
    talk.wait(lambda: talk.lines() == before, "the undo")
    talk.wait(lambda: closed(talk) == [], "open folds")
    assert dimmed(talk) == []
    agree(talk)
    talk.press("<C-r>")
    talk.wait(lambda: talk.lines() == after, "the redo")
    talk.wait(lambda: closed(talk) == [past(after)], "the fold")
    assert dimmed(talk)


def test_without_its_line_all_is_sent_again(talk: Neovim, peer: Peer) -> None:
    watch(talk)
    checkpoint(talk, peer)
    lines = talk.lines()
    talk.wait(lambda: closed(talk) == [past(lines)], "the fold")
    talk.command(f"{lines.index(MARK) + 1}delete")
    talk.wait(lambda: closed(talk) == [], "open folds")
    assert dimmed(talk) == []
    peer.enqueue(says("Fine."))
    talk.press("GAplease<Esc><C-]>")
    talk.finished(2)
    assert "What does the fox do?" in json.dumps(peer.bodies[-1]["messages"])


def test_a_line_typed_by_hand_is_a_checkpoint_only_right_below_you(talk: Neovim) -> None:
    watch(talk)
    talk.press("Go<CR>@You:<CR>" + MARK.replace("<", "<lt>") + "<Esc>")
    lines = talk.lines()
    talk.wait(lambda: closed(talk) == [past(lines)], "the fold")
    talk.press("O<Esc>")
    talk.wait(lambda: closed(talk) == [], "open folds")
    assert dimmed(talk) == []
    talk.press("u")
    talk.wait(lambda: closed(talk) == [past(lines)], "the fold")


def test_lines_that_nobody_touched_are_drawn_anew(start: Start, tmp_path: Path) -> None:
    editor = watch(start("{ editing = { auto_close = { checkpoint = false } } }"))
    editor.open(tmp_path / "a.chat", f"@You:\nA\n\n@Assistant:\nB\n\n@You:\n{MARK}\nSum\n")
    assert dimmed(editor) == [1, 2, 4, 5]
    editor.command("8delete")
    editor.wait(lambda: dimmed(editor) == [], "bright lines")
    editor.press("u")
    editor.wait(lambda: dimmed(editor) == [1, 2, 4, 5], "dim lines")
    editor.command("call append(9, ['', '@Assistant:', 'C', '', '@You:', '<!-- flemma:checkpoint -->', 'All'])")
    editor.wait(lambda: dimmed(editor) == [1, 2, 4, 5, 7, 8, 9, 11, 12], "more dim lines")
    editor.command("15s/$/ no more/")
    editor.wait(lambda: dimmed(editor) == [1, 2, 4, 5], "the border before")
    assert closed(editor) == []


def test_a_fold_that_was_opened_stays_open(talk: Neovim, peer: Peer) -> None:
    watch(talk)
    checkpoint(talk, peer)
    lines = talk.lines()
    talk.wait(lambda: closed(talk) == [past(lines)], "the fold")
    talk.press("4Gzo")
    assert closed(talk) == []
    talk.press("ggOx<Esc>GAmore<Esc>o<Esc>")
    agree(talk)
    talk.command("redraw")
    assert closed(talk) == []


def test_a_chat_is_opened_with_its_past_closed(start: Start, tmp_path: Path) -> None:
    editor = start()
    watch(editor)
    chat = "\n".join([*TALK.split("\n")[:-2], *SUMMED, "@You:", "Next"])
    editor.open(tmp_path / "old.chat", chat)
    lines = editor.lines()
    editor.wait(lambda: closed(editor) == [past(lines)], "the fold")
    other = start("{ editing = { auto_close = { checkpoint = false } } }")
    other.open(tmp_path / "other.chat", chat)
    other.command("redraw")
    assert closed(other) == []


def test_system_messages_between_are_sent_and_not_dimmed(start: Start, tmp_path: Path) -> None:
    editor = start()
    watch(editor)
    chat = f"```yaml\nx: 1\n```\n@You:\nA\nB\n\n@System:\nS\n\n@You:\nC\n\n@Assistant:\nD\n\n@You:\n{MARK}\n\nSum\n"
    editor.open(tmp_path / "a.chat", chat)
    editor.wait(lambda: closed(editor) == [[1, 3], [4, 7], [11, 16]], "the folds")
    assert dimmed(editor) == [4, 5, 6, 11, 12, 14, 15]
