"""Requests that do not begin as those before them did: the warning, and both side by side."""

from __future__ import annotations

from pathlib import Path

from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

TAB = """
return vim.iter(vim.api.nvim_tabpage_list_wins(0)):map(function(win)
  local buf = vim.api.nvim_win_get_buf(win)
  return {
    name = vim.fs.basename(vim.api.nvim_buf_get_name(buf)),
    diff = vim.wo[win].diff,
    text = table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\\n'),
    scratch = vim.bo[buf].buftype == 'nofile' and not vim.bo[buf].modifiable,
  }
end):totable()
"""
BROKEN = "does not begin as the one before it"


def say(chat: Neovim, peer: Peer, words: str, count: int) -> None:
    peer.enqueue(script.text(f"Answer {count}"))
    chat.press(f"Go{words}<Esc><C-]>")
    chat.finished(count)
    chat.idle()


def broken(chat: Neovim) -> list[str]:
    return [notice for notice in chat.notices() if BROKEN in notice]


def test_a_change_in_the_middle_is_told_and_growth_is_not(chat: Neovim, peer: Peer) -> None:
    chat.command("Flemma diagnostics:enable")
    chat.notice("compared from now on")
    say(chat, peer, "one", 1)
    say(chat, peer, "two", 2)
    chat.command("Flemma diagnostics:diff")
    chat.wait(lambda: chat.lua("return #vim.api.nvim_list_tabpages()") == 2, "the tab")
    # The comparison itself is over: a second look at both came after it.
    assert broken(chat) == []
    before, after = chat.lua(TAB)
    assert (before["name"], after["name"]) == ("before", "after")
    assert all(side["diff"] and side["scratch"] for side in (before, after))
    assert "two" in after["text"] and "two" not in before["text"]
    assert '"max_tokens"' in after["text"]
    assert CANARY not in before["text"] + after["text"]
    chat.press("q")
    chat.wait(lambda: chat.lua("return #vim.api.nvim_list_tabpages()") == 1, "the closed tab")
    chat.command("2s/Hello/Hullo/")
    say(chat, peer, "three", 3)
    notice = chat.wait(lambda: broken(chat), "the warning")[0]
    assert '"Hello' in notice and '"Hullo' in notice and "messages[0].content" in notice
    body = peer.server.recorded[-1].raw
    offset = int(notice.split("from byte ")[1].split(" ")[0].replace(",", ""))
    assert body[offset : offset + 4] == b"ullo"
    chat.command("Flemma diagnostics:diff normalized")
    chat.wait(lambda: chat.lua("return #vim.api.nvim_list_tabpages()") == 2, "the tab")
    assert '"max_tokens"' not in chat.lua(TAB)[1]["text"]


def test_another_model_begins_anew_and_off_is_off(chat: Neovim, peer: Peer) -> None:
    chat.command("Flemma diagnostics:diff")
    chat.notice("diagnostics:enable begins")
    chat.command("Flemma diagnostics:enable")
    say(chat, peer, "one", 1)
    chat.command("Flemma diagnostics:diff")
    chat.notice("no two requests")
    chat.command("Flemma switch anthropic claude-haiku-4-5")
    chat.notice("Switched")
    chat.command("2s/Hello/Hullo/")
    say(chat, peer, "two", 2)
    chat.command("Flemma diagnostics:disable")
    chat.notice("not compared any more")
    chat.command("2s/Hullo/Hallo/")
    say(chat, peer, "three", 3)
    chat.command("Flemma diagnostics:enable")
    say(chat, peer, "four", 4)
    chat.client.settle(0.4)
    assert broken(chat) == []
    chat.command("2s/Hallo/Hello/")
    say(chat, peer, "five", 5)
    assert chat.wait(lambda: broken(chat), "the warning")


def test_the_setting_begins_with_it_and_a_new_host_goes_on(start: Start, peer: Peer, tmp_path: Path) -> None:
    anthropic = f"providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    chat = start(f"{{ diagnostics = {{ enabled = true }}, {anthropic} }}", ANTHROPIC_API_KEY=CANARY)
    chat.open(tmp_path / "talk.chat", "@You:\nHello\n")
    chat.ready()
    say(chat, peer, "one", 1)
    chat.command("2s/Hello/Hullo/")
    say(chat, peer, "two", 2)
    assert chat.wait(lambda: broken(chat), "the warning")
    chat.command("Flemma diagnostics:disable")
    chat.lua("vim.uv.kill(require('flemma.host').status().pid, 'sigkill')")
    chat.notice("is started again")
    chat.ready()
    for count, word in ((3, "Hallo"), (4, "Hello")):
        chat.command(f"2s/H.llo/{word}/")
        say(chat, peer, word, count)
    chat.client.settle(0.4)
    assert len(broken(chat)) == 1
