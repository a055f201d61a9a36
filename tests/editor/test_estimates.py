"""How many tokens a chat takes, in a real Neovim: the command, and the figure that a status line shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from flemma_py.demo import peer as script
from flemma_py.demo.server import COUNT
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

FIGURE = "return require('flemma.state').estimate(...)"


def figure(chat: Neovim, *arguments: Any) -> dict[str, Any]:
    """The figure of a chat, once there is one."""
    return dict(chat.wait(lambda: chat.lua(FIGURE, *arguments), "the figure"))


def until(chat: Neovim, text: str) -> None:
    chat.wait(lambda: (chat.lua(FIGURE) or {}).get("text") == text, f"the figure {text}")


def counts(peer: Peer) -> int:
    return sum(request.path == COUNT for request in peer.server.recorded)


def test_the_command_tells_what_the_vendor_counted(chat: Neovim, peer: Peer) -> None:
    chat.press("GA, you<Esc>")
    chat.command("Flemma usage:estimate")
    notice = chat.notice("input tokens")
    assert re.fullmatch(
        r"Flemma: [\d,]+ input tokens · \$[\d.]+ · claude-[\w-]+ \(\$[\d.]+ input / \$[\d.]+ output per MTok\)\.?",
        notice,
    )
    (request,) = peer.server.recorded
    assert request.path == COUNT and "Hello, you" in request.raw.decode()
    assert chat.lua("return vim.bo.modifiable")
    counted = figure(chat)
    assert counted["exact"] and f"{counted['tokens']:,} input" in notice
    chat.press("o1234<Esc>")
    chat.wait(lambda: chat.lua(FIGURE)["tokens"] == counted["tokens"] + 2, "the figure after the change")
    assert chat.lua(FIGURE)["exact"] is False
    assert counts(peer) == 1


def test_money_that_is_not_wanted_is_not_told(start: Start, peer: Peer, tmp_path: Path) -> None:
    anthropic = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    chat = start(f"{{ ui = {{ pricing = {{ enabled = false }} }}, {anthropic} }}", ANTHROPIC_API_KEY=CANARY)
    chat.open(tmp_path / "talk.chat", "@You:\nHello\n")
    chat.ready()
    chat.command("Flemma usage:estimate")
    assert "$" not in chat.notice("input tokens")


def test_what_cannot_be_estimated_is_told_as_a_sentence(chat: Neovim, peer: Peer, tmp_path: Path) -> None:
    chat.open(tmp_path / "empty.chat", "@You:\n")
    chat.ready()
    chat.command("Flemma usage:estimate")
    assert chat.notice("Nothing was estimated").endswith(".")
    assert not peer.server.recorded
    chat.command("enew")
    chat.command("Flemma usage:estimate")
    chat.notice("not a chat")


def test_a_busy_chat_is_not_estimated(chat: Neovim, peer: Peer) -> None:
    peer.enqueue(script.Scripted((script.Stall(),)))
    chat.press("G<C-]>")
    chat.wait(lambda: peer.server.recorded, "the request")
    chat.command("Flemma usage:estimate")
    chat.notice("still busy")
    chat.press("<C-c>")
    chat.idle()
    assert counts(peer) == 0


def test_the_figure_follows_the_text_and_nothing_leaves(chat: Neovim, peer: Peer) -> None:
    # "@You:\nHello\n" and the last line's end: 12 characters.
    assert figure(chat) == {"tokens": 3, "exact": False, "text": "~3"}
    chat.press("Go" + "x" * 3989 + "<Esc>")
    until(chat, "~1,001")
    chat.press("u")
    until(chat, "~3")
    events = chat.events("FlemmaUsageEstimated")
    assert [event["data"]["bufnr"] for event in events] == [chat.lua("return vim.api.nvim_get_current_buf()")] * 3
    assert peer.server.recorded == []


def test_after_a_request_it_goes_on_from_what_was_used(chat: Neovim, peer: Peer) -> None:
    assert figure(chat)["tokens"] == 3
    peer.enqueue(script.text("Good day"))
    chat.press("G<C-]>")
    chat.finished()
    # 10 tokens were read; the reply and the new prompt are 30 characters more.
    more = -(-(len(chat.text()) + 1 - 12) // 4)
    until(chat, f"~{10 + more}")
    chat.command("Flemma switch anthropic claude-haiku-4-5")
    chat.notice("Switched")
    chat.press("Goabcd<Esc>")
    until(chat, f"~{-(-(len(chat.text()) + 1) // 4)}")


def test_each_chat_has_its_own_and_takes_it_along(chat: Neovim, tmp_path: Path) -> None:
    first = chat.lua("return vim.api.nvim_get_current_buf()")
    second = chat.open(tmp_path / "other.chat", "@You:\n" + "x" * 93 + "\n")
    assert figure(chat, second)["tokens"] == 25
    assert figure(chat, first)["tokens"] == 3
    chat.command(f"bwipeout! {second}")
    assert chat.lua(FIGURE, second) is None
    assert figure(chat, first)["tokens"] == 3


def test_the_vendor_is_asked_only_where_that_is_wanted_and_when_typing_pauses(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    anthropic = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    chat = start(f"{{ ui = {{ statusline = {{ estimate = 'vendor' }} }}, {anthropic} }}", ANTHROPIC_API_KEY=CANARY)
    chat.open(tmp_path / "talk.chat", "@You:\nHello\n")
    chat.ready()
    assert figure(chat)["exact"] is False
    chat.press("Goone<Esc>")
    chat.press("otwo<Esc>")
    chat.wait(lambda: chat.lua(FIGURE)["exact"], "the vendor's count")
    # Not when the file was opened, and once for both changes.
    assert counts(peer) == 1
    assert "two" in peer.server.recorded[0].raw.decode()
    chat.press("othree<Esc>")
    chat.wait(lambda: not chat.lua(FIGURE)["exact"], "the figure after the change")
    peer.enqueue(script.text("Good day"))
    chat.press("<C-]>")
    chat.finished()
    assert counts(peer) == 1
