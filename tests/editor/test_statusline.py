"""What status lines show of a chat: a table that is there without asking, texts by a format, lualine's component."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

STATUS = "return require('flemma').status(...)"
TEXT = "return require('flemma').statusline()"
LUALINE = Path(__file__).parent / "lualine"


def status(chat: Neovim, *arguments: Any) -> dict[str, Any]:
    return dict(chat.lua(STATUS, *arguments))


def until(chat: Neovim, text: str) -> None:
    chat.wait(lambda: chat.lua(TEXT) == text, f"the status line {text!r}, not {chat.lua(TEXT)!r}")


def model(chat: Neovim) -> Any:
    return chat.lua("return require('flemma').status().model.name")


def test_it_tells_who_would_answer(chat: Neovim) -> None:
    chat.wait(lambda: model(chat) == "claude-sonnet-5-5", "the default model")
    chat.wait(lambda: status(chat)["buffer"]["tokens"].get("text"), "the figure")
    found = status(chat)
    assert found["provider"] == {"name": "anthropic"} and found["booting"] is False
    assert found["model"]["max_input_tokens"] >= 200_000
    assert found["session"] == {"cost": 0, "requests": 0, "tokens": {"input": 0, "output": 0}}
    assert found["buffer"]["tokens"]["text"].startswith("~")
    assert "last" not in found and "busy" not in found
    until(chat, "claude-sonnet-5-5")


def test_a_buffer_that_is_no_chat_has_none(empty: Neovim) -> None:
    assert empty.lua("return require('flemma').status() == nil") is True
    assert empty.lua(TEXT) == ""


def test_what_setup_says_is_shown_before_a_host_is_there(start: Start, tmp_path: Path) -> None:
    editor = start("{ provider = 'anthropic', model = 'claude-haiku-4-5' }", ANTHROPIC_API_KEY=CANARY)
    editor.lua(
        "_G.first = nil; vim.api.nvim_create_autocmd('FileType', { pattern = 'chat', callback = function()"
        " _G.first = require('flemma').status() end })"
    )
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    first = editor.lua("return _G.first")
    assert (first["model"]["name"], first["booting"]) == ("claude-haiku-4-5", True)
    editor.ready()
    editor.wait(lambda: status(editor)["booting"] is False, "the word of the host")
    assert model(editor) == "claude-haiku-4-5"


def test_it_follows_a_switch_and_what_that_says_of_thinking(chat: Neovim) -> None:
    chat.command("Flemma switch anthropic claude-haiku-4-5")
    until(chat, "claude-haiku-4-5")
    chat.command("Flemma switch anthropic claude-haiku-4-5 thinking_budget=4096")
    until(chat, "claude-haiku-4-5  ✓ thinking")
    assert status(chat)["thinking"] == {"enabled": True, "asked": True, "level": "low", "budget": 4096}
    chat.command("Flemma switch openai gpt-6.1-sol reasoning=high")
    until(chat, "gpt-6.1-sol (high)")
    chat.command("Flemma switch openai gpt-6.1-sol reasoning= thinking=off")
    until(chat, "gpt-6.1-sol")


def test_the_frontmatter_has_its_say_and_takes_it_back(empty: Neovim, tmp_path: Path) -> None:
    front = "```lua\nflemma.opt.model = 'claude-haiku-4-5'\nflemma.opt.thinking = 'low'\n```\n"
    empty.open(tmp_path / "talk.chat", f"{front}@You:\nHello\n")
    empty.open(tmp_path / "other.chat", "@You:\nHello\n")
    empty.ready()
    until(empty, "claude-sonnet-5-5")
    empty.command("buffer talk.chat")
    until(empty, "claude-haiku-4-5 (low)")
    empty.command("1,4delete")
    until(empty, "claude-sonnet-5-5")


def test_what_was_used_is_counted(chat: Neovim, peer: Peer) -> None:
    chat.lua(STATUS)
    peer.enqueue("Hi.")
    chat.press("G<C-]>")
    chat.finished()
    chat.wait(lambda: status(chat)["session"]["requests"] == 1 and "last" in status(chat), "the request")
    found = status(chat)
    assert found["session"]["cost"] == found["last"]["cost"] > 0
    assert found["session"]["tokens"] == found["last"]["tokens"]
    assert found["last"]["status"] == "completed"
    assert found["buffer"]["tokens"]["input"] > 0
    chat.lua("require('flemma.state').reset_session()")
    chat.wait(lambda: status(chat)["session"]["requests"] == 0, "the reset session")


def test_it_tells_what_a_chat_is_busy_with(chat: Neovim, peer: Peer) -> None:
    chat.lua(STATUS)
    peer.enqueue(script.Scripted((script.Stall(),)))
    chat.press("G<C-]>")
    chat.wait(lambda: status(chat).get("busy", {}).get("phase") == "waiting", "the busy chat")
    chat.press("<C-c>")
    chat.idle()
    chat.wait(lambda: "busy" not in status(chat), "the idle chat")


def test_a_redraw_computes_nothing_and_nothing_new_is_the_same_table(chat: Neovim) -> None:
    chat.command(r"set laststatus=2 statusline=%{%v:lua.require'flemma'.statusline()%}")
    until(chat, "claude-sonnet-5-5")
    chat.wait(lambda: chat.lua("return require('flemma').status().buffer.tokens.input"), "the figure")
    assert chat.lua(
        """
        local flemma, values = require('flemma'), require('flemma.statusline.values')
        local gather, made, before = values.gather, 0, flemma.status()
        values.gather = function(...) made = made + 1 return gather(...) end
        for _ = 1, 20 do
          vim.cmd('redrawstatus!')
          vim.cmd.redraw()
        end
        local same = rawequal(before, flemma.status())
        values.gather = gather
        return { made, same }
        """
    ) == [0, True]


def test_a_change_is_announced_once_and_only_where_somebody_asked(chat: Neovim) -> None:
    until(chat, "claude-sonnet-5-5")
    chat.lua("_G.fired = {}")
    chat.command("Flemma switch anthropic claude-haiku-4-5")
    until(chat, "claude-haiku-4-5")
    events = chat.events("FlemmaStatusChanged")
    assert events and all(event["data"]["bufnr"] == chat.lua("return vim.fn.bufnr()") for event in events)


FORMATS = [
    ("'{{ model.name }}'", "claude-haiku-4-5"),
    ("'  {{ provider.name }}/{{ model.name }}{{ session.cost }} '", "anthropic/claude-haiku-4-5"),
    ("'{{ 100 }}% {{ \"5%\" }}'", "100% 5%%"),
    ("'{% if thinking.enabled then %}thinks {{ thinking.level }}{% end %} {{ last.cost }}'", "thinks high"),
    ("'{{ commas(1234567) }} {{ money(0.5) }} {{ money(session.cost) }}'", "1,234,567 $0.50"),
    ("function(status) return status.model.name:upper() end", "CLAUDE-HAIKU-4-5"),
    ("function() return nil end", ""),
]


@pytest.mark.parametrize(("format", "shown"), FORMATS)
def test_a_format_is_the_owners(start: Start, tmp_path: Path, format: str, shown: str) -> None:
    settings = "provider = 'anthropic', model = 'claude-haiku-4-5', parameters = { thinking = 'high' }"
    editor = start(f"{{ {settings}, ui = {{ statusline = {{ format = {format} }} }} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    until(editor, shown)
    assert not [notice for notice in editor.notices() if "ui.statusline" in notice]


@pytest.mark.parametrize("format", ["'{{ model. }}'", "'{{ nothing.here }}'", "function() error('broken') end"])
def test_a_format_that_fails_is_told_once_and_the_model_is_shown(start: Start, tmp_path: Path, format: str) -> None:
    settings = "provider = 'anthropic', model = 'claude-haiku-4-5'"
    editor = start(f"{{ {settings}, ui = {{ statusline = {{ format = {format} }} }} }}", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    until(editor, "claude-haiku-4-5")
    editor.wait(lambda: status(editor)["booting"] is False, "the word of the host")
    assert len([notice for notice in editor.notices() if "ui.statusline.format" in notice]) == 1


def test_formats_of_older_settings_hold(start: Start, tmp_path: Path) -> None:
    editor = start(
        "{ provider = 'openai', parameters = { openai = { reasoning = 'low' } },"
        " statusline = { reasoning_format = '<{model}|{level}>' } }",
        OPENAI_API_KEY=CANARY,
    )
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    until(editor, "<gpt-6.1-sol|low>")


PART = "_G.part = _G.part or require('lualine.components.flemma')({ %s }); return part:draw()"


def lualine(editor: Neovim, options: str = "") -> str:
    """What the component gives in lualine's hands: `lualine/` beside this file has the interface it is made for."""
    editor.lua(f"vim.opt.runtimepath:append('{LUALINE}')")
    return str(editor.lua(PART % options))


def test_lualine_shows_the_model_and_nothing_elsewhere(chat: Neovim) -> None:
    chat.wait(lambda: lualine(chat, "icon = '*'") == "%#Section#* claude-sonnet-5-5", "the component")
    chat.command("enew")
    assert lualine(chat) == ""
    chat.command("buffer talk.chat")
    chat.command("Flemma switch anthropic claude-haiku-4-5")
    chat.wait(lambda: lualine(chat) == "%#Section#* claude-haiku-4-5", "the switch")
    assert chat.lua("return require('lualine').refreshed") > 0


def test_lualine_has_a_format_of_its_own_in_the_colours_of_its_section(chat: Neovim) -> None:
    format = "format = 'A%%* %#FlemmaStatusTextMuted#{{ provider.name }}%*!'"
    shown = "%#Section#A%%* %#Section_muted#anthropic%#Section#!"
    chat.wait(lambda: lualine(chat, format) == shown, "the component")
