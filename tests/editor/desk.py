"""One editor for many chats, one after another: starting a Neovim and a host for each would take most of the time."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.editor.conftest import CANARY, Peer
from tests.editor.neovim import Neovim

TO_THE_PEER = """
local address = ...
local flemma = require('flemma')
local setup = flemma.setup
flemma.setup = function(opts)
  local servers = { anthropic = { base_url = address }, openai = { base_url = address .. '/v1' } }
  return setup(vim.tbl_deep_extend('force', { providers = servers }, opts or {}))
end
flemma.setup()
"""
"""What is set up from now on talks to the peer, if it says nothing else."""


class Desk:
    """An editor whose host runs, a peer, and a folder below which chats lie. The home is elsewhere."""

    def __init__(self, binary: str, folder: Path, path: str = "", **environment: str) -> None:
        home, self.folder = folder / "home", folder / "chats"
        home.mkdir()
        self.folder.mkdir()
        self.peer = Peer()
        base = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        if path:
            base["PATH"] = path
        folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        keys = {"ANTHROPIC_API_KEY": CANARY, "OPENAI_API_KEY": CANARY}
        self.editor = Neovim(binary, base | folders | keys | {"HOME": str(home)} | environment)
        self.editor.lua(TO_THE_PEER, self.peer.base_url)
        self._count = 0

    def write(self, files: Mapping[str, str | bytes], below: str = "") -> Path:
        """Write files into a folder below that of the chats, and give that folder."""
        folder = self.folder / below
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    def open(self, path: Path, text: str | None = None) -> int:
        """Open a chat, forget notices, and wait until the host has its text."""
        self.editor.lua("_G.notices = {}")
        buffer = self.editor.open(path, text)
        self.editor.ready()
        return buffer

    def fresh(self) -> Path:
        """A folder for one chat."""
        self._count += 1
        folder = self.folder / f"{self._count}"
        folder.mkdir()
        return folder

    def send(self) -> dict[str, Any] | None:
        """Press the key, wait until the chat is free again, and give the request's body if there was one."""
        bodies, ended = len(self.peer.bodies), len(self.editor.events("FlemmaRequestFinished"))
        self.editor.press("<C-]>")
        self.editor.wait(
            lambda: len(self.editor.events("FlemmaRequestFinished")) > ended or self.editor.notices(),
            "an answer, or a reason for none",
        )
        self.editor.idle()
        sent = self.peer.bodies
        return sent[-1] if len(sent) > bodies else None

    def page(self, command: str, kind: str) -> str:
        """The text of the page that a command opens; it is closed again."""
        self.editor.command(f"Flemma {command}")
        self.editor.wait(lambda: self.editor.lua("return vim.b.flemma_page") == kind, f"the page of {command}")
        text = self.editor.text()
        self.editor.command("bwipeout")
        return text

    def close(self) -> None:
        self.editor.close()
        self.peer.close()


def said(body: Mapping[str, Any]) -> str:
    """All texts of the last message of a request, files as `<media type>`."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(block.get("text") or f"<{block['source']['media_type']}>" for block in content)


def system(body: Mapping[str, Any]) -> str:
    return "".join(block["text"] for block in body["system"])


def tools(body: Mapping[str, Any]) -> list[str]:
    return [tool["name"] for tool in body["tools"]]
