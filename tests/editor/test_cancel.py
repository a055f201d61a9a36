"""`<C-c>` ends it at every stage, and leaves a chat that is closed, unlocked and can be sent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply, Says
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import ROOT, Neovim
from tests.editor.streams import CALL, FENCED, THOUGHTS, WORDS, held, slowly

ABORTED = "<!-- flemma:aborted: Response interrupted by the user. -->"
PROMPT = ["", "@You:", ""]
BEGUN = ["@You:", "Hello", "", "@Assistant:"]

TOOL = '''
"""Waits until it is stopped."""
import asyncio
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome

async def wait(input: dict, context: ToolContext) -> ToolOutcome:
    await asyncio.sleep(30)
    return ToolOutcome("never")

TOOL = Tool(ToolDefinition("wait", "Waits.", {"type": "object", "properties": {}}), wait)
'''


def cancelled(chat: Neovim, peer: Peer, lines: list[str]) -> None:
    chat.press("<C-c>")
    assert chat.finished()[-1]["data"]["status"] == "cancelled"
    chat.idle()
    assert chat.lines() == lines
    chat.wait(lambda: peer.server.open_connections == 0, "the closed connection", 5)
    agree(chat)
    assert chat.notices() == []
    peer.enqueue(script.text("Good day"))
    chat.press("Gi Again<Esc><C-]>")
    chat.finished(2)
    assert chat.lines()[-4:] == ["Good day", *PROMPT]
    assert all(request.problem is None for request in peer.server.recorded)


def test_a_send_can_be_taken_back_before_the_host_is_ready(empty: Neovim, peer: Peer, tmp_path: Path) -> None:
    editor = empty
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.press("G<C-]><C-c>")
    editor.idle()
    editor.ready()
    assert editor.lines() == ["@You:", "Hello"]
    assert peer.bodies == []
    peer.enqueue(script.text("Good day"))
    editor.press("<C-]>")
    editor.finished()
    assert editor.lines()[-4:] == ["Good day", *PROMPT]


def test_while_it_waits_for_the_first_byte(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.Scripted((script.Stall(),), head=False))
    chat.press("G<C-]>")
    chat.wait(lambda: peer.bodies, "the request")
    cancelled(chat, peer, ["@You:", "Hello"])


def test_while_it_waits_for_the_first_word(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.Scripted((script.Stall(),)))
    chat.press("G<C-]>")
    chat.wait(lambda: "@Assistant:" in chat.lines() and peer.bodies, "the marker")
    cancelled(chat, peer, ["@You:", "Hello"])


def test_in_text(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(held(WORDS))
    chat.press("G<C-]>")
    chat.wait(lambda: "lazy dog" in chat.text(), "the text")
    cancelled(chat, peer, [*BEGUN, WORDS.text, "", ABORTED, *PROMPT])


def test_in_thinking_the_tag_is_closed(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(slowly(Reply((THOUGHTS,)), 0.0, stop=8))
    chat.press("G<C-]>")
    chat.wait(lambda: "<thinking>" in chat.lines() and "First" in chat.text(), "the thoughts")
    chat.client.settle(0.1)
    thoughts = chat.lines()[5:]
    cancelled(chat, peer, [*BEGUN, "<thinking>", *thoughts, "</thinking>", "", ABORTED, *PROMPT])


def test_in_a_fence_it_is_closed(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(held(FENCED))
    chat.press("G<C-]>")
    chat.wait(lambda: "print('two')" in chat.lines(), "the code")
    code = ["Look:", "", "```python", "print('one')", "print('two')", "```"]
    cancelled(chat, peer, [*BEGUN, *code, "", ABORTED, *PROMPT])


def test_in_the_arguments_of_a_call_the_half_call_is_dropped(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(held(Says("Let me see."), CALL))
    chat.press("G<C-]>")
    chat.wait(lambda: "Let me see." in chat.lines(), "the text")
    chat.client.settle(0.2)
    cancelled(chat, peer, [*BEGUN, "Let me see.", "", ABORTED, *PROMPT])


@pytest.fixture
def patient(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    """An editor whose tools have one that takes half a minute."""
    root = tmp_path / "plugin"
    for folder in ("plugin", "ftdetect", "ftplugin", "lua", "rplugin", "python", "syntax"):
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "python/flemma_py/tools/wait.py").write_text(TOOL)
    setup = f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}"
    editor = start(setup, root=root, ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    return editor


def waiting(editor: Neovim, peer: Peer) -> None:
    """Two calls run and do not end."""
    peer.enqueue(Reply((Calls("toolu_1", "wait", {}), Calls("toolu_2", "wait", {})), "tool_use"))
    editor.press("G<C-]>")
    editor.finished()
    editor.press("<C-]>")
    editor.wait(lambda: len(editor.events("FlemmaToolExecuting")) == 2, "the running tools")
    assert editor.text().count("(approved)") == 2


def test_during_a_tool_run_the_model_is_told(patient: Neovim, peer: Peer) -> None:
    waiting(patient, peer)
    patient.press("<C-c>")
    patient.wait(lambda: patient.text().count("(error)") == 2, "the results")
    patient.idle()
    agree(patient)
    peer.enqueue(script.text("Good day"))
    patient.press("<C-]>")
    patient.finished(2)
    assert "The user stopped this call" in str(peer.bodies[1])
    assert peer.server.recorded[1].problem is None


def test_a_host_that_dies_during_a_tool_run_leaves_calls_that_run_again_by_hand(patient: Neovim, peer: Peer) -> None:
    waiting(patient, peer)
    patient.lua("vim.uv.kill(require('flemma.host').status().pid, 9)")
    patient.idle()
    patient.ready()
    (notice,) = patient.notices()
    assert "2 tool calls were under way and may have run" in notice
    patient.press("gg/Result.*toolu_2<CR><M-CR>")
    patient.notice("once more runs it again")
    patient.idle()
    patient.press("<M-CR>")
    patient.wait(lambda: len(patient.events("FlemmaToolExecuting")) == 3, "the run")
    patient.press("<C-c>")
    patient.wait(lambda: patient.text().count("(error)") == 1, "the result")
    patient.idle()
    assert patient.text().count("(aborted)") == 1
    agree(patient)


def test_with_nothing_to_cancel_a_notice_says_so(chat: Neovim) -> None:
    chat.press("<C-c>")
    assert chat.notice("nothing to cancel")


def test_hammering_the_key_does_no_harm(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(*[held(WORDS)] * 20)
    for _ in range(10):
        chat.press("G<C-]><C-c><C-]><C-c><C-c>")
    chat.idle()
    chat.client.settle(0.1)
    chat.idle()
    agree(chat)
    assert chat.lua("return vim.bo.modifiable") is True
