"""Compares the host's mirrors with the buffers, at one and the same moment."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.editor.neovim import Neovim

# One Lua call: what is pending is sent, the buffers are looked at, and the host is asked behind all that.
SNAPSHOT = """
local watch = require('flemma.buffer.watch')
local found = {}
for _, buf in ipairs(watch.buffers()) do
  if ... then watch.flush(buf) end
  local tick, lines = vim.api.nvim_buf_get_changedtick(buf), vim.api.nvim_buf_get_lines(buf, 0, -1, true)
  table.insert(found, { buf, tick, lines })
end
_G.host_report = nil
require('flemma.host').report(function(report) _G.host_report = report end)
return found
"""


def described(buf: int, tick: int, lines: list[str]) -> dict[str, Any]:
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    digest = hashlib.sha256(text).hexdigest()
    return {"buf": buf, "tick": tick, "lines": len(lines), "bytes": len(text) + 1, "sha256": digest}


def compare(editor: Neovim, *, flush: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
    """What the buffers are, what the host takes them for, and how often it had to fetch one."""
    ours = [described(*found) for found in editor.lua(SNAPSHOT, flush)]
    report = editor.wait(lambda: editor.lua("return _G.host_report"), "the host's report")
    return sorted(ours, key=number), sorted(report["buffers"], key=number), report["resyncs"]


def agree(editor: Neovim, why: str = "", *, resyncs: int = 0) -> None:
    """Every mirror is what its buffer is, now: also while a reply streams in."""
    ours, theirs, fetched = compare(editor, flush=True)
    assert theirs == ours, why
    assert fetched == resyncs, why


def agree_by_itself(editor: Neovim) -> None:
    """Every mirror becomes what its buffer is, and nobody asks for it."""

    def equal() -> bool:
        ours, theirs, fetched = compare(editor, flush=False)
        return theirs == ours and fetched == 0

    editor.wait(equal, "mirrors like the buffers", 5)


def number(buffer: dict[str, Any]) -> int:
    return int(buffer["buf"])
