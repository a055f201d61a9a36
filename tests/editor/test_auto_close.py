"""Folds that close when they come about: once each, and never against the user."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flemma_py.demo.reply import Calls, Reply, Says, Thinks
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.streams import slowly

pytestmark = pytest.mark.editor

THOUGHTS = Thinks("First this.\nThen that.\n")
CALL = Calls("t1", "calculator", {"expression": "6 * 7"})


@pytest.fixture
def begin(start: Start, peer: Peer, tmp_path: object) -> Callable[[str], Neovim]:
    def editor(setup: str) -> Neovim:
        address = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
        running = start(f"{{ {address}, {setup} }}", ANTHROPIC_API_KEY=CANARY)
        running.attach_screen(80, 40)
        running.open(f"{tmp_path}/talk.chat", "@You:\nHello\n")
        running.ready()
        return running

    return editor


def closed(editor: Neovim, words: str) -> bool:
    """Is the first line that begins with `words` the beginning of a closed fold?"""
    line = next((at for at, text in enumerate(editor.lines(), 1) if text.startswith(words)), 0)
    return line > 0 and bool(editor.lua("return vim.fn.foldclosed(...) == (...)", line))


@pytest.mark.parametrize(("wanted", "level"), [("true", 99), ("true", 1), ("false", 1)])
def test_a_thought_closes_when_it_ends_or_stays_open(
    begin: Callable[[str], Neovim], peer: Peer, wanted: str, level: int
) -> None:
    editor = begin(f"editing = {{ foldlevel = {level}, auto_close = {{ thinking = {wanted} }} }}")
    peer.enqueue(Reply((THOUGHTS, Says("Good day."))))
    editor.press("<C-]>")
    editor.finished()
    editor.idle()
    editor.client.settle()
    assert closed(editor, "<thinking") is (wanted == "true")
    assert editor.lua("return vim.fn.foldclosed(vim.fn.line('$'))") == -1


def test_what_is_opened_by_hand_stays_open_while_the_reply_goes_on(begin: Callable[[str], Neovim], peer: Peer) -> None:
    editor = begin("")
    peer.enqueue(slowly(Reply((THOUGHTS, Says("```\nGood day to you all. " * 20))), 0.04))
    editor.press("<C-]>")
    editor.wait(lambda: closed(editor, "<thinking"), "a closed thought")
    line = next(at for at, text in enumerate(editor.lines(), 1) if text.startswith("<thinking"))
    editor.command(f"{line}foldopen")
    editor.finished()
    editor.idle()
    editor.client.settle()
    assert not closed(editor, "<thinking")


def test_a_call_and_its_result_close_once_it_is_there(begin: Callable[[str], Neovim], peer: Peer) -> None:
    editor = begin("editing = { foldlevel = 9, auto_close = { tool_result = false } }")
    peer.enqueue(Reply((Says("I compute."), CALL), "tool_use"))
    editor.press("<C-]>")
    editor.finished()
    editor.idle()
    assert not closed(editor, "**Tool Use:**"), "somebody may have to look at it"
    editor.press("<C-]>")
    editor.wait(lambda: "42" in editor.text(), "the result")
    editor.idle()
    editor.wait(lambda: closed(editor, "**Tool Use:**"), "a closed call")
    assert not closed(editor, "**Tool Result:**")


def test_a_frontmatter_closes_with_the_window_where_that_is_wanted(start: Start, tmp_path: object) -> None:
    for wanted in ("true", "false"):
        editor = start(f"{{ editing = {{ foldlevel = 9, auto_close = {{ frontmatter = {wanted} }} }} }}")
        editor.open(f"{tmp_path}/{wanted}.chat", "```lua\nx = 1\n```\n\n@You:\nHi\n")
        assert closed(editor, "```lua") is (wanted == "true")


@pytest.mark.parametrize(
    "text", ["👨‍👩‍👧" * 60, "e\u0301" * 90, "你好" * 50, "🇩🇪🇫🇷" * 40, "a" * 5000 + "é", "\u0915\u094d\u0937" * 60]
)
def test_a_preview_is_cut_between_characters(start: Start, tmp_path: object, text: str) -> None:
    editor = start("{ editing = { foldlevel = 0 } }")
    editor.attach_screen(80, 10)
    editor.open(f"{tmp_path}/a.chat", f"@You:\n{text}\n")
    shown = str(editor.lua("return vim.fn.foldtextresult(1)"))
    kept = shown.removeprefix("@You: ").split("...")[0]
    assert kept and text.startswith(kept)
    whole = str(editor.lua("return vim.fn.strcharpart(...)", text, 0, int(editor.lua(COUNT, kept)), True))
    assert whole == kept
    assert editor.lua("return vim.fn.strdisplaywidth(...)", shown) <= 80


COUNT = "return vim.fn.strcharlen(...)"
