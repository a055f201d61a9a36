"""The key goes into one request header, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import psutil

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import CANARY, Peer
from tests.editor.neovim import Neovim

CALL = Reply((Calls("toolu_1", "calculator", {"expression": "6 * 7"}),), "tool_use")
ECHO = {"type": "error", "error": {"type": "authentication_error", "message": f"invalid x-api-key: {CANARY}"}}


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_key_is_in_no_argv_log_file_buffer_or_notice(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    chat.lua(
        "require('flemma').setup({ logging = { enabled = true, level = 'TRACE' }, providers = ... })",
        {"anthropic": {"base_url": peer.base_url}},
    )
    peer.enqueue(CALL, script.refusal(401, ECHO), script.text("Good day"))
    chat.press("G<C-]>")
    chat.finished()
    chat.press("<C-]>")
    chat.wait(lambda: "42" in chat.lines(), "the result")
    chat.idle()
    chat.press("<C-]>")
    chat.finished(2)
    chat.press("<C-]>")
    chat.finished(3)
    chat.command("write")

    family = [psutil.Process(chat.pid), *psutil.Process(chat.pid).children(recursive=True)]
    assert len(family) >= 3, "Neovim, the host, the evaluation worker"
    assert not [process for process in family if CANARY in " ".join(process.cmdline())]
    worker = family[-1]
    assert "flemma_py" in " ".join(worker.cmdline())
    assert CANARY not in str(worker.environ())

    assert any("x-api-key" in request.headers for request in peer.server.recorded)
    found = [path for path in files_below(tmp_path) if CANARY.encode() in path.read_bytes()]
    assert found == []
    assert [path for path in files_below(tmp_path) if path.name == "flemma.log" and path.stat().st_size]
    assert CANARY not in chat.text()
    assert CANARY not in "\n".join(chat.notices())
    assert CANARY not in chat.lua("return vim.fn.execute('messages')")
