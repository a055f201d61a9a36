"""MCP servers from a real Neovim: tools in a request, a call and its result, what the commands insert and show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim
from tests.editor.test_status import page

TOY = str(Path(__file__).parents[1] / "wire/mcp_server.py")


def begin(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    server = f"{{ command = '{sys.executable}', args = {{ '{TOY}' }}, include = {{ 'add' }} }}"
    address = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    editor = start(f"{{ mcp = {{ wait = 60, servers = {{ toy = {server} }} }}, {address} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    return editor


def test_its_tools_are_in_a_request_and_a_call_is_answered(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = begin(start, peer, tmp_path)
    peer.enqueue(Reply((Calls("toolu_1", "toy__add", {"a": 20, "b": 22}),), "tool_use"))
    editor.press("G<C-]>")
    editor.wait(lambda: "toy:add" in editor.text(), "the call", 90)
    editor.idle()
    assert "toy__add" in [tool["name"] for tool in peer.bodies[0]["tools"]]
    assert "toy:add" in editor.text()
    editor.press("<C-]>")
    editor.wait(lambda: "**Tool Result:** `toolu_1`\n\n```\n42\n```" in editor.text(), "the result", 60)


def test_the_status_tells_of_them(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = begin(start, peer, tmp_path)
    editor.command("Flemma mcp:restart toy")
    editor.command("Flemma mcp:status")
    editor.wait(lambda: "MCP servers" in "\n".join(page(editor)), "the page", 60)


def test_a_prompt_is_inserted_and_cannot_forge_a_role(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = begin(start, peer, tmp_path)
    editor.command("Flemma mcp:prompt toy review code=secret")
    editor.wait(lambda: "code" in editor.text() or "secret" in editor.text(), "the prompt", 60)
    assert editor.text().count("\n@Assistant:") == 0
    assert "\\@Assistant:" in editor.text()


def test_a_project_s_file_is_shown_and_agreed_to(start: Start, peer: Peer, tmp_path: Path) -> None:
    table = {"mcpServers": {"there": {"command": sys.executable, "args": [TOY]}}}
    (tmp_path / ".mcp.json").write_text(json.dumps(table, indent=1))
    editor = begin(start, peer, tmp_path)
    editor.command("Flemma mcp:trust")
    editor.wait(lambda: editor.lua("return vim.bo.filetype") == "flemma-trust", "the page")
    assert "The MCP servers in" in editor.text()
    editor.press("y")
    stored = tmp_path / "home-0/state"
    editor.wait(lambda: any(".mcp.json" in path.read_text() for path in stored.rglob("trust.json")), "the trust")


def test_completion_knows_the_servers(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = begin(start, peer, tmp_path)
    assert editor.lua("return vim.fn.getcompletion('Flemma mcp:restart ', 'cmdline')") == ["toy"]
