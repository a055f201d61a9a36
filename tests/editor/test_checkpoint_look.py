"""What stands above a checkpoint: one closed fold, dimmed, right after each edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.editor.checkpoints import MARK, SUMMED, TALK, checkpoint, closed, dimmed, opened, past, says, watch
from tests.editor.conftest import Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim


@pytest.fixture
def talk(empty: Neovim, tmp_path: Path) -> Neovim:
    return opened(empty, tmp_path)


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
