"""What listeners are told of requests and tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor.calling import Chat, begin
from tests.editor.conftest import Peer, Start


@pytest.fixture
def talk(start: Start, peer: Peer, tmp_path: Path) -> Chat:
    return begin(start, peer, tmp_path)


def test_listeners_are_told_of_a_request_and_a_tool_with_their_data(talk: Chat) -> None:
    buf = talk.editor.lua("return vim.api.nvim_get_current_buf()")
    talk.register("t", "function() error('no', 0) end")
    talk.call("t")
    told = [(event["name"], event["data"]) for event in talk.editor.events()]
    about = {"bufnr": buf, "tool_name": "t", "tool_id": "toolu_1"}
    assert ("FlemmaRequestSending", {"bufnr": buf}) in told
    assert ("FlemmaToolExecuting", about) in told
    assert ("FlemmaToolFinished", {**about, "status": "error"}) in told
    finished = next(data for name, data in told if name == "FlemmaRequestFinished")
    assert (finished["bufnr"], finished["status"]) == (buf, "completed")
    names = [name for name, _ in told if name.startswith(("FlemmaRequest", "FlemmaTool"))]
    assert names == ["FlemmaRequestSending", "FlemmaRequestFinished", "FlemmaToolExecuting", "FlemmaToolFinished"]


def test_the_end_of_a_request_tells_what_it_used(talk: Chat) -> None:
    talk.send()
    talk.editor.finished()
    # The first one's prices may still be loading when it ends.
    talk.editor.wait(lambda: talk.editor.lua("return require('flemma.session').get():get_request_count()") == 1, "it")
    talk.editor.press("Goand<Esc>")
    talk.send()
    used = talk.editor.finished(2)[1]["data"]["request"]
    assert used["provider"] == "anthropic" and used["input_tokens"] > 0


@pytest.mark.parametrize("event", ["FlemmaBootComplete", "FlemmaConfigUpdated", "FlemmaToolFinished"])
def test_a_listener_that_fails_is_told_and_breaks_nothing(talk: Chat, event: str) -> None:
    talk.editor.lua(
        """vim.api.nvim_create_autocmd('User', { pattern = ..., callback = function() error('listener') end })""", event
    )
    talk.register("t", "function() return 'fine' end")
    talk.editor.lua("require('flemma.tools').register(function(register, done) done() end)")
    talk.editor.command("Flemma switch anthropic temperature=0.5")
    assert talk.call("t") == "```\nfine\n```"
    assert "listener" in talk.editor.notice(f"an autocommand for {event} failed")
