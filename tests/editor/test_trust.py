"""`:Flemma trust`: what is shown is what is agreed to, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from flemma_py.app.trust import TrustStore
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

CHAT = "```json\n{}\n```\n\n@You:\nhelp\n"
ASKS = '{"flemma": {"tools": {"bash": {"shell": "/bin/evil"}}}}'


@pytest.fixture
def chat(start: Start, tmp_path: Path) -> Neovim:
    editor = start()
    editor.open(tmp_path / "talk.chat", CHAT.format(ASKS).replace("{}", ASKS))
    editor.ready()
    return editor


def store(editor: Neovim) -> Path:
    return Path(editor.lua("return vim.fs.joinpath(vim.fn.stdpath('state'), 'flemma', 'trust.json')"))


def ask(editor: Neovim) -> str:
    editor.command("Flemma trust")
    editor.wait(lambda: "y: agree" in editor.text(), "the question")
    return editor.text()


def test_the_exact_text_is_shown_and_agreed_to(chat: Neovim, tmp_path: Path) -> None:
    shown = ask(chat)
    assert ASKS in shown.splitlines()
    assert "talk.chat" in shown
    chat.press("y")
    chat.notice("Agreed to this frontmatter")
    path = str(tmp_path / "talk.chat")
    assert TrustStore(store(chat)).is_trusted(path, f"json\n{ASKS}")
    assert not TrustStore(store(chat)).is_trusted(path, f"json\n{ASKS} ")
    assert store(chat).stat().st_mode & 0o777 == 0o600
    assert ASKS not in store(chat).read_text()
    assert "(you agreed to it)" in ask(chat)
    chat.press("q")
    chat.command("Flemma trust:list")
    assert path in chat.notice("Agreed to the frontmatter of:")
    chat.command("Flemma trust:revoke")
    chat.notice("No longer agreed to")
    assert json.loads(store(chat).read_text()) == {"trusted": {}}


def test_a_question_that_is_asked_again_takes_the_window_of_the_first(chat: Neovim) -> None:
    ask(chat)
    chat.command("wincmd p")
    ask(chat)
    assert chat.lua("return #vim.api.nvim_list_wins()") == 2
    chat.press("y")
    chat.notice("Agreed to this frontmatter")
    assert chat.lua("return vim.bo.filetype") == "chat"
    assert chat.lua("return vim.fn.maparg('y', 'n')") == ""


def test_looking_is_not_agreeing(chat: Neovim) -> None:
    ask(chat)
    chat.press("q")
    chat.wait(lambda: chat.lua("return #vim.api.nvim_list_wins()") == 1, "the closed window")
    assert not store(chat).exists()


def test_a_text_that_changed_while_it_was_shown_is_not_agreed_to(chat: Neovim) -> None:
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    ask(chat)
    chat.lua('vim.api.nvim_buf_set_lines(..., 1, 2, true, { \'{"flemma": {"proxy": "x"}}\' })', buf)
    chat.press("y")
    chat.notice("was changed since it was shown")
    assert not store(chat).exists()


def test_without_frontmatter_there_is_nothing_to_agree_to(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.command("Flemma trust")
    editor.notice("is not a chat")
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    editor.ready()
    editor.command("Flemma trust")
    editor.notice("has no frontmatter")
    editor.command("Flemma trust:list")
    editor.notice("No frontmatter of any file")
