"""The session API for scripts, a test for each of its functions: what they say of the current chat."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.session_calls import call, home, refusal, until

pytestmark = pytest.mark.editor

CHAT = "@System:\nBe *brief*,\n\nand kind.\n\n@You:\nHello there\n"
FUNCTIONS = (
    "context_tokens",
    "context_window",
    "cost",
    "created_at_ms",
    "cwd",
    "delete",
    "dir",
    "fork",
    "id",
    "list",
    "load",
    "reset",
    "rewind_to",
    "system",
    "text",
    "texts",
    "tokens",
    "turns",
)


@pytest.fixture
def talk(empty: Neovim, peer: Peer, tmp_path: Path) -> Neovim:
    """A chat before a screen, with one turn behind it."""
    empty.attach_screen()
    peer.enqueue(script.text("Hi", " back"))
    empty.open(tmp_path / "talk.chat", CHAT)
    empty.ready()
    empty.press("G<C-]>")
    empty.finished(1)
    empty.idle()
    until(empty, "context_tokens()")
    return empty


@pytest.fixture
def alone(start: Start) -> Neovim:
    """A Neovim without a host, before a screen."""
    editor = start()
    editor.attach_screen()
    return editor


# ---- the current chat


def test_session_id(talk: Neovim) -> None:
    id = call(talk, "id()")
    assert (home(talk, "state") / "sessions" / id / "journal.jsonl").exists()
    assert call(talk, "id(...)", talk.lua("return vim.fn.bufnr()")) == id


def test_session_dir(talk: Neovim) -> None:
    assert Path(call(talk, "dir()")) == home(talk, "state") / "sessions" / call(talk, "id()")


def test_session_cwd(talk: Neovim, tmp_path: Path) -> None:
    here = talk.lua("return vim.fn.getcwd()")
    assert call(talk, "cwd()") == here
    talk.command(f"cd {tmp_path}")
    assert call(talk, "cwd()") == here, "it stays"


def test_session_created_at_ms(talk: Neovim) -> None:
    created = call(talk, "created_at_ms()")
    assert isinstance(created, int)
    assert abs(created / 1000 - time.time()) < 120


def test_session_cost(talk: Neovim, peer: Peer) -> None:
    """Ten tokens in at 2 USD a million, two out at 10; a rewind gives nothing back."""
    assert call(talk, "cost()") == pytest.approx(40e-6)
    peer.enqueue(script.text("Again", "."))
    talk.press("Gomore<Esc><C-]>")
    talk.finished(2)
    talk.wait(lambda: call(talk, "cost()") == pytest.approx(80e-6), "the second request")
    call(talk, "rewind_to(nil)")
    assert call(talk, "cost()") == pytest.approx(80e-6)


def test_session_tokens(talk: Neovim) -> None:
    tokens = call(talk, "tokens()")
    assert (tokens["input"], tokens["output"], tokens["total"]) == (10, 2, 12)
    assert (tokens["cache_read"], tokens["cache_write"], tokens["reasoning"]) == (0, 0, 0)
    assert tokens["cache_hit_ratio"] == 0


def test_session_tokens_of_a_chat_that_sent_nothing(empty: Neovim, tmp_path: Path) -> None:
    empty.attach_screen()
    empty.open(tmp_path / "new.chat", "@You:\n")
    tokens = call(empty, "tokens()")
    assert tokens == {"input": 0, "output": 0, "cache_read": 0, "cache_write": 0, "reasoning": 0, "total": 0}
    assert "cache_hit_ratio" not in tokens, "nothing was read"
    assert call(empty, "cost()") == 0
    assert call(empty, "context_tokens()") is None


def test_session_context_tokens(talk: Neovim) -> None:
    assert call(talk, "context_tokens()") == 10


def test_session_context_window(talk: Neovim) -> None:
    models = talk.lua("return require('flemma.provider.config').models.anthropic.models")
    assert call(talk, "context_window()") == models["claude-sonnet-5-5"]["max_input_tokens"] == 1_000_000


def test_session_context_window_follows_the_model_that_answers(talk: Neovim) -> None:
    talk.command("Flemma switch anthropic claude-haiku-4-5")
    talk.wait(lambda: call(talk, "context_window()") == 200_000, "the other model's window")


def test_session_system(talk: Neovim, peer: Peer) -> None:
    (sent,) = peer.bodies
    assert call(talk, "system()") == "".join(block["text"] for block in sent["system"])
    assert call(talk, "system()") == "Be *brief*,\n\nand kind."


def test_session_system_is_known_before_the_first_request_and_after_an_edit(
    empty: Neovim, peer: Peer, tmp_path: Path
) -> None:
    empty.attach_screen()
    empty.open(tmp_path / "talk.chat", CHAT)
    assert until(empty, "system()") == "Be *brief*,\n\nand kind."
    empty.press("2Gccshort<Esc>")
    empty.wait(lambda: call(empty, "system()") == "short\n\nand kind.", "the other prompt")
    peer.enqueue(script.text("Yes."))
    empty.press("G<C-]>")
    empty.finished(1)
    assert "".join(block["text"] for block in peer.bodies[0]["system"]) == call(empty, "system()")


def test_session_system_with_templates_is_that_which_was_sent(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    empty.attach_screen()
    empty.open(tmp_path / "talk.chat", "@System:\nSum: {{ 40 + 2 }}, é\n\n@You:\nHello\n")
    empty.ready()
    peer.enqueue(script.text("Yes."))
    empty.press("G<C-]>")
    empty.finished(1)
    assert until(empty, "system()") == "Sum: 42, é"
    empty.idle()
    empty.press("ggjfS3x<Esc>")
    empty.wait(lambda: call(empty, "system()") == ": 42, é", "the prompt after the edit")
    assert "".join(block["text"] for block in peer.bodies[0]["system"]) == "Sum: 42, é"


def test_session_turns(talk: Neovim) -> None:
    (turn,) = call(talk, "turns()")
    assert (turn["block_idx"], turn["label"]) == (1, "Hello there")
    assert talk.lines()[turn["line"] - 1] == "@You:"
    talk.press("Go  And another<CR>thing<Esc>")
    assert [turn["label"] for turn in call(talk, "turns()")] == ["Hello there", "And another"]


def test_session_turns_need_no_host_and_leave_out_results_and_empty_prompts(alone: Neovim, tmp_path: Path) -> None:
    alone.lua("vim.g.flemma_python = '/nowhere/python'")
    text = (
        "@System:\nsys\n\n@You:\n\n  First\nmore\n\n@Assistant:\n**Tool Use:** `ls` (`t1`)\n\n```json\n{}\n```\n\n"
        "@You:\n**Tool Result:** `t1`\n\n```\nfiles\n```\n\n@Assistant:\nDone\n\n@You:\n\n"
    )
    alone.open(tmp_path / "talk.chat", text)
    assert [turn["label"] for turn in call(alone, "turns()")] == ["First"]


def test_what_is_asked_of_a_buffer_that_is_no_chat_is_an_error(alone: Neovim) -> None:
    for name in ("id", "cost", "tokens", "turns", "system", "cwd"):
        assert "this buffer is not a chat" in refusal(alone, f"{name}()")
    assert "buffer 99 is not a chat" in refusal(alone, "id(99)")


def test_a_window_over_a_chat_asks_about_the_chat(talk: Neovim) -> None:
    id = call(talk, "id()")
    talk.lua(
        "vim.api.nvim_open_win(vim.api.nvim_create_buf(false, true), true,"
        " { relative = 'editor', row = 1, col = 1, width = 9, height = 1 })\nvim.bo.buftype = 'nofile'"
    )
    assert call(talk, "id()") == id


def test_without_a_screen_each_of_them_says_so(start: Start, tmp_path: Path) -> None:
    editor = start()
    for name in FUNCTIONS:
        error = refusal(editor, f"{name}()")
        assert "FlemmaUiRequired" in error and f"{name}()" in error
    assert editor.lua("return require('flemma.session').get():get_request_count()") == 0
    editor.lua("vim.g.flemma_headless_sessions = 1")
    assert call(editor, "list()") == []
    editor.open(tmp_path / "a.chat", "@You:\nHi\n")
    assert [turn["label"] for turn in call(editor, "turns()")] == ["Hi"]


def test_all_functions_are_there(alone: Neovim) -> None:
    known = alone.lua("return vim.tbl_keys(require('flemma.session'))")
    more = {"search", "export", "checkpoint", "history", "stats", "pin", "subscribe", "info", "doctor", "tree"}
    assert set(known) == set(FUNCTIONS) | more | {"get", "now", "Request", "Session"}
