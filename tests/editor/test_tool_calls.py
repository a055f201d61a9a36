"""Commands that run in a chat: listed, stopped one by one or all, announced, and gone with the host or the editor."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.mirrors import agree
from tests.editor.neovim import Neovim
from tests.editor.test_status import line_of, page
from tests.wire.commands import MARK, alive, new_mark, wait_until

WAIT = "touch {0}; until [ -e go-{0} ]; do sleep 0.02; done; echo said by {0}"


@pytest.fixture
def bash(start: Start, peer: Peer, tmp_path: Path) -> Neovim:
    """A chat whose commands know their own, and have no wall around them."""
    setup = f"""{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}, sandbox = {{ enabled = false }},
      tools = {{ bash = {{ env = {{ {MARK} = '{new_mark()}' }} }} }} }}"""
    editor = start(setup, ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    editor.ready()
    return editor


def mark(editor: Neovim) -> str:
    return str(editor.lua(f"return require('flemma.settings').get('tools', 'bash', 'env', '{MARK}')"))


def running(editor: Neovim, peer: Peer, folder: Path, **commands: str) -> None:
    """Let the model call bash with each of these, and wait until all have begun."""
    calls = [Calls(id, "bash", {"label": id, "command": command.format(id)}) for id, command in commands.items()]
    peer.enqueue(Reply(tuple(calls), "tool_use"))
    editor.press("G<C-]>")
    editor.finished()
    editor.press("<C-]>")
    editor.wait(lambda: all((folder / id).exists() for id in commands), "the running commands")


def listed(editor: Neovim) -> list[list[str]]:
    """What `:Flemma tool:list` shows, in words, without its first line."""
    text: str = editor.lua("return vim.fn.execute('Flemma tool:list')")
    return [line.split() for line in text.strip().split("\n")[1:]]


def test_calls_are_listed_stopped_at_the_cursor_and_announced(bash: Neovim, peer: Peer, tmp_path: Path) -> None:
    running(bash, peer, tmp_path, one=WAIT, two=WAIT)
    assert [(name, id) for name, _, id in listed(bash)] == [("bash", "one"), ("bash", "two")]
    assert all(elapsed.endswith("s") for _, elapsed, _ in listed(bash))
    row = next(number for number, line in enumerate(bash.lines(), 1) if "Tool Use" in line and "`two`" in line)
    bash.lua("vim.api.nvim_win_set_cursor(0, { ..., 0 })", row)
    bash.command("Flemma tool:cancel")
    bash.wait(lambda: "The user stopped this call" in bash.text(), "the result of the stopped call")
    bash.wait(lambda: [id for *_, id in listed(bash)] == ["one"], "the shorter list")
    assert bash.lua("return vim.bo.modifiable") is False
    (tmp_path / "go-one").touch()
    bash.idle()
    assert "\nsaid by one" in bash.text()
    assert "\nsaid by two" not in bash.text()
    agree(bash)
    buf = bash.lua("return vim.api.nvim_get_current_buf()")
    begun = [event["data"] for event in bash.events("FlemmaToolExecuting")]
    assert begun == [{"bufnr": buf, "tool_name": "bash", "tool_id": id} for id in ("one", "two")]
    ended = [event["data"] for event in bash.events("FlemmaToolFinished")]
    assert [(data["tool_id"], data["status"]) for data in ended] == [("two", "error"), ("one", "success")]


def test_all_calls_are_stopped_at_once(bash: Neovim, peer: Peer, tmp_path: Path) -> None:
    running(bash, peer, tmp_path, one=WAIT, two=WAIT)
    bash.command("Flemma tool:cancel-all")
    bash.idle()
    bash.wait(lambda: bash.text().count("The user stopped this call") == 2, "both results")
    agree(bash)
    assert not alive(mark(bash))
    bash.command("Flemma tool:list")
    assert bash.notice("no tool call of this chat runs")


@pytest.mark.parametrize("command", ["tool:list", "tool:cancel", "tool:cancel-all"])
def test_where_nothing_runs_a_notice_says_so(bash: Neovim, command: str) -> None:
    bash.command(f"Flemma {command}")
    assert bash.notice("no tool call of this chat runs")


STAY = "setsid sh -c 'sleep 1000 & disown' & touch {0}; sleep 1000"


def test_a_host_that_is_killed_takes_its_commands_along(bash: Neovim, peer: Peer, tmp_path: Path) -> None:
    running(bash, peer, tmp_path, one=STAY)
    own = mark(bash)
    assert alive(own)
    psutil.Process(bash.host()["pid"]).kill()
    wait_until(lambda: not alive(own))
    bash.idle()
    bash.wait(lambda: bash.events("FlemmaToolFinished"), "the word of its end")
    assert bash.events("FlemmaToolFinished")[0]["data"]["status"] == "error"
    assert bash.lua("return require('flemma.running').list(0)") == []


def test_an_editor_that_is_killed_takes_its_commands_along(bash: Neovim, peer: Peer, tmp_path: Path) -> None:
    running(bash, peer, tmp_path, one=STAY)
    own = mark(bash)
    bash.client.kill()
    wait_until(lambda: not alive(own))


def test_a_chat_that_is_closed_takes_its_commands_along(bash: Neovim, peer: Peer, tmp_path: Path) -> None:
    running(bash, peer, tmp_path, one=STAY)
    own = mark(bash)
    bash.command("enew!")
    bash.command("bwipeout! #")
    wait_until(lambda: not alive(own))


def test_the_sandbox_is_turned_off_and_its_status_is_shown(chat: Neovim) -> None:
    chat.command("Flemma sandbox:disable")
    assert chat.notice("The sandbox is off")
    chat.command("Flemma sandbox:status")
    chat.wait(lambda: page(chat), "the page")
    shown = chat.lua("return vim.api.nvim_get_current_line()")
    assert shown.startswith("Sandbox") and "off" in shown and "(told at run time)" in shown


def test_a_sandbox_that_is_not_there_is_not_turned_on(start: Start, tmp_path: Path) -> None:
    editor = start("{ sandbox = { enabled = false, backends = { bwrap = { path = 'no-such-bwrap' } } } }")
    editor.open(tmp_path / "a.chat", "@You:\nHello\n")
    editor.ready()
    editor.command("Flemma sandbox:enable")
    assert editor.notice("The sandbox was not turned on")
    editor.command("Flemma sandbox:status")
    editor.wait(lambda: page(editor), "the page")
    assert line_of(page(editor), "backend") == ""


CALL = """
@Assistant:
Let me see.

**Tool Use:** `bash` (`one`)

```json
{"label": "one", "command": "echo done; touch begun"}
```
"""


def with_frontmatter(editor: Neovim, folder: Path, json: str) -> str:
    """Run one call of a chat that begins with this frontmatter; the chat as it is then."""
    editor.open(folder / "own.chat", f"```json\n{json}\n```\n@You:\nHello\n{CALL}")
    editor.ready()
    editor.press("G<C-]>")
    editor.wait(lambda: "Tool Result" in editor.text() and "(approved)" not in editor.text(), "the result")
    editor.idle()
    return editor.text()


def test_a_chat_may_ask_for_a_stricter_sandbox_than_its_owner(bash: Neovim, tmp_path: Path) -> None:
    text = with_frontmatter(bash, tmp_path, '{"flemma": {"sandbox": true, "tools": {"default_timeout": 0.001}}}')
    assert "longer than 0.001 s" in text


def test_nothing_runs_where_it_is_not_known_what_a_chat_forbids(bash: Neovim, tmp_path: Path) -> None:
    bash.open(tmp_path / "own.chat", f"""```json\n{{"flemma": {{"sandbox": \n```\n@You:\nHello\n{CALL}""")
    bash.ready()
    before = bash.text()
    bash.press("G<C-]>")
    assert "line 2" in bash.notice("No tool call was run")
    bash.idle()
    assert bash.text() == before
    assert not (tmp_path / "begun").exists()
