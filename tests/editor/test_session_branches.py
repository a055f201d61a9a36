"""A chat goes another way: forks, rewinds and resets, and the way back from each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.talks import TWO_TURNS, asked, folder, happened, page, picks, records, sid, stuck, talk, two_turns


@pytest.fixture
def told(chat: Neovim, peer: Peer) -> Neovim:
    """A chat with two turns."""
    two_turns(chat, peer)
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
    happened(told, "rewind")
    told.command("silent undo")
    assert told.lines() == TWO_TURNS
    told.command("silent redo")
    talk(told, peer, "Else.")
    assert "Else." in told.text()


def test_a_fork_of_all_may_have_a_name(told: Neovim, tmp_path: Path) -> None:
    told.command("Flemma session:fork all other")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "other.chat", "the fork")
    assert told.lines() == TWO_TURNS
    assert (tmp_path / "talk.chat").exists()
    told.command("buffer talk.chat")
    told.command("Flemma session:fork all other")
    told.notice("give the fork another name")
    told.command("Flemma session:fork all a/b")
    told.notice("not a path")


def test_a_fork_goes_on_by_itself_and_bills_nothing_twice(told: Neovim, peer: Peer) -> None:
    parent = sid(told)
    told.command("Flemma session:fork all")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk-fork-1.chat", "the fork")
    told.lua("vim.api.nvim_buf_set_lines(0, -2, -1, false, { 'On?' })")
    talk(told, peer, "On.")
    assert sid(told) != parent
    told.command("Flemma session:stats model")
    text = page(told, "stats")
    assert re.search(r"^In all +requests", text, re.MULTILINE)
    assert re.search(r"^claude\S+ +3 ", text, re.MULTILINE), text


def test_a_fork_during_a_send_takes_what_is_whole(told: Neovim, peer: Peer) -> None:
    first = told.lua("return vim.api.nvim_get_current_buf()")
    stuck(told, peer)
    told.command("Flemma session:fork")
    told.wait(lambda: told.lua("return vim.fn.expand('%:t')") == "talk-fork-1.chat", "the fork")
    assert told.lines() == [*TWO_TURNS[:-1], "Long?"]
    child = sid(told)
    assert "Begun" not in told.text()
    told.command(f"buffer {first}")
    told.press("<C-c>")
    told.finished(3)
    assert "Begun" in told.text()
    assert sid(told) != child


def test_a_rewind_before_all_keeps_frontmatter_and_system(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    picks(chat, None)
    chat.open(tmp_path / "set.chat", '```lua\nmodel = "m"\n```\n\n@System:\nBe brief.\n\n@You:\nHello\n')
    talk(chat, peer, "Hi.")
    chat.command("Flemma session:rewind! 0")
    assert chat.lines() == ["```lua", 'model = "m"', "```", "", "@System:", "Be brief.", "", "@You:", ""]
    chat.command("silent undo")
    assert "Hi." in chat.text()


def test_a_rewind_is_asked_about_and_chosen(told: Neovim) -> None:
    told.command("Flemma session:rewind")
    assert asked(told)[-1]["items"] == ["2  And now?", "1  Hello"]
    assert told.lines() == TWO_TURNS
    picks(told, "Leave")
    told.command("Flemma session:rewind -1")
    told.wait(lambda: asked(told), "the question")
    assert "And now?" in asked(told)[-1]["prompt"]
    assert told.lines() == TWO_TURNS
    picks(told, "Cut")
    told.command("Flemma session:rewind -2")
    told.wait(lambda: told.lines() == ["@You:", "Hello"], "the cut")
    told.command("silent undo")
    assert told.lines() == TWO_TURNS
    told.command("Flemma session:rewind 7")
    told.notice("there is no turn 7")


def test_what_a_rewind_cut_is_kept_with_the_session(told: Neovim) -> None:
    name = sid(told)
    told.command("Flemma session:rewind! 1")
    (event,) = happened(told, "rewind")
    assert event["sid"] == name
    (record,) = records(told, name, "rewind")
    assert record["source"] == "user"
    assert record["to_mid"] is None
    assert record["removed"]["text"].startswith("@You:\nHello")
    assert "Well." in record["removed"]["text"]


def test_a_busy_chat_is_not_rewound(told: Neovim, peer: Peer) -> None:
    stuck(told, peer)
    told.command("Flemma session:rewind! 1")
    told.notice("this chat is still busy")
    told.press("<C-c>")
    told.finished(3)
    assert "Begun" in told.text()


def test_a_reset_clears_the_chat_and_gives_it_a_session_of_its_own(told: Neovim, peer: Peer) -> None:
    before = sid(told)
    told.command("Flemma session:reset")
    assert told.lines() == TWO_TURNS
    picks(told, "Clear it")
    told.command("Flemma session:reset")
    assert told.lines() == [""]
    assert happened(told, "agent_stop")[-1] | {"bufnr": 0} == {
        "type": "agent_stop", "reason": "user_cancel_and_clear", "sid": before, "next": sid(told), "bufnr": 0,
    }  # fmt: skip
    assert sid(told) != before
    told.command("silent undo")
    assert told.lines() == TWO_TURNS
    told.command("silent redo")
    told.lua("vim.api.nvim_buf_set_lines(0, 0, -1, false, { '@You:', 'Anew' })")
    talk(told, peer, "New.")
    told.command(f"Flemma session:load {before}")
    told.wait(lambda: "And now?" in told.text(), "the old chat")
    assert told.lines() == TWO_TURNS
    assert told.lua("return vim.fn.expand('%')") == ""
    told.notice("another chat by now")


def test_a_reset_ends_a_request(told: Neovim, peer: Peer) -> None:
    stuck(told, peer)
    told.command("Flemma! session:reset")
    told.wait(lambda: told.lines() == [""], "the blank chat")
    told.idle()
    assert told.finished(3)[-1]["data"]["status"] == "cancelled"
    told.command("silent undo")
    assert "Begun" in told.text()


def test_without_sessions_the_chat_can_be_forked_and_rewound_all_the_same(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    setup = f"{{ sessions = {{ enabled = false }}, providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
    editor = start(setup, ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    talk(editor, peer, "Hi.", "And now?", "Well.")
    editor.command("Flemma session:fork all")
    editor.wait(lambda: editor.lua("return vim.fn.expand('%:t')") == "talk-fork-1.chat", "the fork")
    editor.command("Flemma session:rewind! 1")
    assert editor.lines() == ["@You:", "Hello"]
    editor.command("Flemma session:list")
    editor.notice("No session is kept")
    assert not folder(editor).exists()


def test_a_chat_without_a_file_is_forked_into_another(empty: Neovim, peer: Peer) -> None:
    empty.lua(
        "vim.cmd.enew() vim.bo.filetype = 'chat' vim.api.nvim_buf_set_lines(0, 0, -1, false, { '@You:', 'Hello' })"
    )
    empty.ready()
    talk(empty, peer, "Hi.")
    first = empty.lua("return vim.api.nvim_get_current_buf()")
    empty.command("Flemma session:fork all")
    empty.wait(lambda: empty.lua("return vim.api.nvim_get_current_buf()") != first, "the fork")
    assert empty.lines() == empty.lines(first)
    assert empty.lua("return vim.bo.filetype") == "chat"


def test_an_editor_without_a_host_cuts_all_the_same(told: Neovim) -> None:
    told.lua("require('flemma.host').stop()")
    told.command("Flemma session:rewind! 1")
    assert told.lines() == ["@You:", "Hello"]
    told.command("silent undo")
    assert told.lines() == TWO_TURNS
