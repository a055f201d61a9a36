"""Settings where the user meets them: setup(), keys, and what is said of a slip."""

from __future__ import annotations

from pathlib import Path

from tests.editor.conftest import Start

KEYS = "return vim.tbl_map(function(m) return m.lhs end, vim.api.nvim_buf_get_keymap(0, ...))"


def test_a_misspelt_setting_is_said_and_the_others_hold(start: Start, tmp_path: Path) -> None:
    editor = start(
        "{ provder = 'demo', parameters = { timeout = 'long' }, keymaps = { normal = { cancel = '<F9>' } } }"
    )
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    notice = editor.notice("Settings")
    assert "provder" in notice
    assert "provider" in notice
    assert "parameters.timeout" in notice
    assert "<F9>" in editor.lua(KEYS, "n")


def test_keys_can_be_turned_off_one_by_one_or_all(start: Start, tmp_path: Path) -> None:
    editor = start("{ keymaps = { normal = { send = false, cancel = '' } } }")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    keys = editor.lua(KEYS, "n")
    assert "<M-CR>" in keys
    assert not {"<C-]>", "<C-c>"} & set(keys)
    editor.lua("require('flemma').setup({ keymaps = { enabled = false } })")
    editor.open(tmp_path / "other.chat", "@You:\n")
    assert editor.lua(KEYS, "n") == []


def test_a_key_that_the_user_mapped_stays_the_users(start: Start, tmp_path: Path) -> None:
    editor = start()
    mapping = "vim.keymap.set('n', '<C-c>', ':let g:mine = 1<CR>', { buffer = ev.buf })"
    editor.lua(
        f"vim.api.nvim_create_autocmd('FileType', {{ pattern = 'chat', callback = function(ev) {mapping} end }})"
    )
    editor.lua("vim.keymap.set('n', '<F2>', '<Plug>(FlemmaToolExecute)')")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    assert "<M-CR>" not in editor.lua(KEYS, "n")
    editor.press("<C-c>")
    editor.wait(lambda: editor.lua("return vim.g.mine"), "the user's mapping")


def test_the_command_lists_completes_and_corrects(start: Start) -> None:
    editor = start()
    assert editor.lua("return vim.fn.getcompletion('Flemma tool:e', 'cmdline')") == ["tool:execute"]
    assert "on_request_start=" in editor.lua("return vim.fn.getcompletion('Flemma send ', 'cmdline')")
    editor.command("Flemma cancle")
    assert "Did you mean cancel?" in editor.notice("cancle")
    assert "tool:execute" in editor.lua("return vim.fn.execute('Flemma')")


def test_without_a_chat_no_python_is_started_and_a_send_says_why_not(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "notes.txt", "hello\n")
    editor.command("Flemma send")
    assert ":set filetype=chat" in editor.notice("not a chat")
    assert editor.host().get("channel") is None
