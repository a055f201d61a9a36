"""A chat whose model calls tools of the owner's, and a person who presses the keys for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

SCHEMA = "{ type = 'object', properties = { query = { type = 'string' } }, required = { 'query' } }"


class Chat:
    """A chat whose model calls tools of Lua's."""

    def __init__(self, editor: Neovim, peer: Peer) -> None:
        self.editor = editor
        self.peer = peer
        self._calls = 0

    def register(self, name: str, body: str, *, schema: str = SCHEMA, more: str = "") -> None:
        self.editor.lua(
            f"""require('flemma.tools').register('{name}', {{
              name = '{name}', description = 'A tool of the test.', input_schema = {schema}, {more}
              execute = {body} }})"""
        )

    def call(self, name: str, input: dict[str, Any] | None = None) -> str:
        """Let the model call a tool, press the keys for it, and give the block of its result."""
        self.begin(name, input)
        return self.result()

    def begin(self, name: str, input: dict[str, Any] | None = None) -> None:
        self._calls += 1
        given = {"query": "x"} if input is None else input
        self.peer.enqueue(Reply((Calls(self.id, name, given),), "tool_use"))
        before = len(self.editor.events("FlemmaRequestFinished"))
        self.editor.press("Goand<Esc>")
        self.editor.press("G<C-]>")
        self.editor.finished(before + 1)
        self.editor.idle()
        self.editor.press("<C-]>")

    @property
    def id(self) -> str:
        return f"toolu_{self._calls}"

    def result(self) -> str:
        head = f"**Tool Result:** `{self.id}`"
        self.editor.wait(lambda: head in self.editor.text(), "the result block")
        self.editor.idle()
        block = self.editor.text().split(head)[1].strip()
        self.editor.press("Go<Esc>")
        return block

    def send(self) -> None:
        self.peer.enqueue(script.text("Fine."))
        self.editor.press("G<C-]>")

    def offered(self) -> dict[str, Any]:
        """What the last request told of tools, by name."""
        return {tool["name"]: tool for tool in self.peer.bodies[-1]["tools"]}


def begin(start: Start, peer: Peer, tmp_path: Path) -> Chat:
    """An editor with such a chat, and no wall around its commands."""
    editor = start(
        f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, sandbox = {{ enabled = false }} }}",
        ANTHROPIC_API_KEY=CANARY,
    )
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    return Chat(editor, peer)


def windows(editor: Neovim) -> str:
    return str(
        editor.lua(
            """local texts = {}
            for _, win in ipairs(vim.api.nvim_list_wins()) do
              vim.list_extend(texts, vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(win), 0, -1, true))
            end
            return table.concat(texts, '\\n')"""
        )
    )
