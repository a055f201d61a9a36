"""`:Flemma status` in a real Neovim: what it tells, where it opens, and that it follows what changes."""

from __future__ import annotations

from pathlib import Path

from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim


def page(editor: Neovim) -> list[str]:
    """The lines of the status page of this tab; none where it is not open."""
    found: list[str] = editor.lua(
        """
        for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
          local buf = vim.api.nvim_win_get_buf(win)
          if vim.b[buf].flemma_page == 'status' then
            return vim.api.nvim_buf_get_lines(buf, 0, -1, true)
          end
        end
        return {}
        """
    )
    return found


def line_of(lines: list[str], label: str) -> str:
    return next((line for line in lines if f"─ {label} " in line), "")


def test_it_tells_who_answers_and_who_said_so(chat: Neovim, peer: Peer) -> None:
    chat.command("Flemma status")
    chat.wait(lambda: page(chat), "the page")
    lines = page(chat)
    assert lines[0].startswith("Flemma · ") and lines[0].endswith("talk.chat")
    assert line_of(lines, "name").split()[2:] == ["anthropic", "(default)"]
    assert peer.base_url in line_of(lines, "address")
    assert "ANTHROPIC_API_KEY" in line_of(lines, "key")
    assert line_of(lines, "max_tokens").split()[2:] == ["50%", "(default)"]
    assert line_of(lines, "calculator")
    assert CANARY not in "\n".join(lines)
    buf = chat.lua("return vim.api.nvim_get_current_buf()")
    assert chat.lua("return { vim.bo.filetype, vim.bo.modifiable, vim.bo.buftype }") == [
        "flemma-status",
        False,
        "nofile",
    ]
    chat.press("q")
    assert chat.lua(f"return vim.api.nvim_buf_is_valid({buf})") is False
    assert page(chat) == []


def test_it_follows_a_switch_and_stays_in_its_window(chat: Neovim) -> None:
    chat.command("Flemma status")
    chat.wait(lambda: page(chat), "the page")
    windows = chat.lua("return #vim.api.nvim_list_wins()")
    chat.command("Flemma switch anthropic claude-haiku-4-5 temperature=0.5")
    chat.wait(lambda: "claude-haiku-4-5" in "\n".join(page(chat)), "the page")
    assert line_of(page(chat), "temperature").split()[2:] == ["0.5", "(switched", "at", "run", "time)"]
    chat.command("Flemma status verbose")
    chat.wait(
        lambda: any(
            "parameters.anthropic.temperature" in line or "parameters.temperature" in line for line in page(chat)
        ),
        "the page",
    )
    assert page(chat)[0].endswith("talk.chat")
    assert chat.lua("return #vim.api.nvim_list_wins()") == windows


def test_what_is_wrapped_stays_below_its_value(chat: Neovim) -> None:
    screen = chat.attach_screen(60, 60)
    chat.command("Flemma status")
    chat.wait(lambda: page(chat), "the page")
    chat.command("only")
    chat.client.settle()
    rows = [row.rstrip() for row in screen.rows()]
    (first,) = [number for number, row in enumerate(rows) if "─ calculator " in row]
    value = rows[first].index("Evaluates")
    assert rows[first + 1][:value].strip() == "" and rows[first + 1][value] != " "


def test_what_may_hold_a_password_is_not_shown(start: Start, tmp_path: Path) -> None:
    editor = start("{ proxy = 'http://me:hunter2@127.0.0.1:9', no_such_key = 1 }")
    editor.open(tmp_path / "a.chat", "@You:\nHello\n")
    editor.ready()
    editor.command("Flemma status verbose")
    editor.wait(lambda: page(editor), "the page")
    text = "\n".join(page(editor))
    assert "hunter2" not in text
    assert "no_such_key" in text


def test_what_the_chat_itself_says_has_a_section(empty: Neovim, tmp_path: Path) -> None:
    front = "```lua\nname = 'Ada'\nflemma.opt.temperature = 0.25\nflemma.opt.sandbox.enabled = false\n```\n"
    empty.open(tmp_path / "a.chat", f"{front}@You:\nHello {{{{ nobody }}}}\n")
    empty.ready()
    empty.command("Flemma status")
    empty.wait(lambda: page(empty), "the page")
    lines = page(empty)
    assert line_of(lines, "frontmatter").split()[2:] == ["lua"]
    assert "sandbox.enabled" in line_of(lines, "left")
    assert line_of(lines, "templates").split()[2:] == ["Lua"]
    assert line_of(lines, "variables").split()[2:] == ["name"]
    assert "nobody" in line_of(lines, "line")
    assert line_of(lines, "temperature").split()[2:] == ["0.25", "(frontmatter)"]
