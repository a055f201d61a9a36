"""Sources of tools that take their time: sends wait for them, and for no longer than they must."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor.calling import SCHEMA, Chat, begin
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.test_status import page


@pytest.fixture
def talk(start: Start, peer: Peer, tmp_path: Path) -> Chat:
    return begin(start, peer, tmp_path)


def test_a_send_waits_for_a_source_that_is_not_done(talk: Chat) -> None:
    talk.editor.lua(
        "require('flemma.tools').register(function(register, done) _G.register, _G.done = register, done end)"
    )
    talk.send()
    talk.editor.wait(lambda: "tool definitions" in spinner(talk.editor), "the notice")
    assert talk.peer.bodies == []
    talk.editor.command("Flemma status")
    talk.editor.wait(lambda: any("is not done" in line for line in page(talk.editor)), "the status")
    talk.editor.press("q")
    talk.editor.lua(f"_G.register('found', {{ input_schema = {SCHEMA}, execute = function() end }})")
    talk.editor.lua("_G.done() _G.done('x')")
    talk.editor.finished()
    assert "found" in talk.offered()
    assert [event["data"] for event in talk.editor.events("FlemmaBootComplete")] in ([{}], [[]])
    assert not any("may be missing" in notice for notice in talk.editor.notices())


def test_a_source_that_is_never_done_is_waited_for_no_longer_than_its_time(talk: Chat) -> None:
    talk.editor.lua("require('flemma.tools').register({ timeout = 0.5, resolve = function(r) _G.register = r end })")
    talk.send()
    talk.editor.finished()
    talk.editor.notice("may be missing: it was not done within 0.5 s")
    talk.editor.lua(f"_G.register('late', {{ input_schema = {SCHEMA}, execute = function() return 'late' end }})")
    assert talk.call("late") == "```\nlate\n```"


def test_waiting_for_a_source_can_be_cancelled(talk: Chat) -> None:
    talk.editor.lua("require('flemma.tools').register(function() end)")
    talk.send()
    talk.editor.wait(lambda: "tool definitions" in spinner(talk.editor), "the notice")
    talk.editor.press("<C-c>")
    talk.editor.idle()
    assert talk.peer.bodies == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("function(register, done) done('no network') end", "no network"),
        ("function(register, done) error('boom', 0) end", "boom"),
    ],
)
def test_a_source_that_fails_is_told_and_stops_no_send(talk: Chat, source: str, said: str) -> None:
    talk.editor.lua(f"require('flemma.tools').register({source})")
    talk.editor.notice(f"may be missing: {said}")
    talk.send()
    assert [event["data"]["status"] for event in talk.editor.finished()] == ["completed"]


def spinner(editor: Neovim) -> str:
    marks = editor.lua(
        """local texts = {}
        for _, ns in pairs(vim.api.nvim_get_namespaces()) do
          for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, ns, 0, -1, { details = true })) do
            for _, chunk in ipairs(mark[4].virt_text or {}) do texts[#texts + 1] = chunk[1] end
          end
        end
        return table.concat(texts, ' ')"""
    )
    return str(marks)
