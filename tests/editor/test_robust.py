"""What users' own settings, files and folders must not do to a chat, nor a chat to them."""

from __future__ import annotations

import time
from pathlib import Path

from flemma_py.demo import peer as script
from tests.editor.conftest import CANARY, Peer, Start
from tests.editor.neovim import Neovim

SHADOW = "import pathlib; pathlib.Path({!r}).write_text('ran')\nraise ImportError('a stranger')\n"
MODULES = ("pynvim", "logging", "json", "asyncio", "aiohttp", "orjson", "sitecustomize", "flemma_py")


def writing(start: Start, peer: Peer) -> Neovim:
    settings = f"editing = {{ auto_write = true }}, providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }}"
    return start(f"{{ {settings} }}", ANTHROPIC_API_KEY=CANARY)


def test_modules_of_the_working_directory_are_not_run(start: Start, tmp_path: Path) -> None:
    cloned = tmp_path / "cloned"
    cloned.mkdir()
    for name in MODULES:
        (cloned / f"{name}.py").write_text(SHADOW.format(str(tmp_path / "ran")))
    editor = start()
    editor.command(f"cd {cloned}")
    editor.open(cloned / "talk.chat", "@You:\nhelp\n")
    editor.ready()
    editor.command("checkhealth flemma")
    assert not (tmp_path / "ran").exists()
    assert "with all packages" in editor.text()


def test_a_discarded_chat_is_never_written(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = writing(start, peer)
    path = tmp_path / "talk.chat"
    editor.open(path, "@You:\nHello\nprecious\n")
    editor.ready()
    for discard in ("edit!", "bdelete!"):
        peer.enqueue(script.deltas(100, 5, 0.05))
        editor.lua("vim.api.nvim_buf_set_lines(0, 2, 3, true, {})")
        editor.press("G<C-]>")
        editor.wait(lambda: "@Assistant:" in editor.lines(), "the marker")
        editor.command(discard)
        assert path.read_text() == "@You:\nHello\nprecious\n"


def test_a_chat_is_written_after_each_request_but_not_over_somebody_elses_text(
    start: Start, peer: Peer, tmp_path: Path
) -> None:
    editor = writing(start, peer)
    path = tmp_path / "talk.chat"
    editor.open(path, "@You:\nHello\n")
    peer.enqueue(script.text("One"), script.text("Two"))
    editor.press("G<C-]>")
    editor.finished()
    assert "One" in path.read_text()
    time.sleep(1.1)
    path.write_text("theirs\n")
    editor.press("Gimore<Esc><C-]>")
    editor.finished(2)
    assert "changed by somebody else" in editor.notice("was not written")
    assert path.read_text() == "theirs\n"
    assert "Two" in editor.lines()


def test_a_file_that_cannot_be_written_is_said(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = writing(start, peer)
    editor.open(tmp_path / "nowhere" / "talk.chat")
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, { '@You:', 'Hello' })")
    peer.enqueue(script.text("One"))
    editor.press("G<C-]>")
    editor.finished()
    assert "E212" in editor.notice("was not written")


def test_a_readonly_chat_does_not_make_the_editor_sleep(chat: Neovim, peer: Peer) -> None:
    chat.command("setlocal readonly")
    peer.enqueue(script.text("One"))
    began = time.monotonic()
    chat.press("G<C-]>")
    chat.finished()
    assert time.monotonic() - began < 0.9
    assert chat.lua("return vim.bo.readonly")


def test_a_wrong_foldlevel_costs_nothing_else(start: Start, peer: Peer, tmp_path: Path) -> None:
    editor = start("{ editing = { foldlevel = 'one' } }")
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    assert "editing.foldlevel" in editor.notice("settings")
    assert editor.lua("return vim.wo.foldlevel") == 1


def test_window_options_that_the_user_changes_stay(chat: Neovim) -> None:
    chat.command("setlocal foldexpr=0 foldlevel=7 nolinebreak")
    chat.command("new | wincmd p")
    assert chat.lua("return { vim.wo.foldexpr, vim.wo.foldlevel, vim.wo.linebreak }") == ["0", 7, False]


def test_a_diff_keeps_its_folds_over_a_reload(chat: Neovim, tmp_path: Path) -> None:
    (tmp_path / "other.chat").write_text("@You:\nHello you\n")
    chat.command(f"diffsplit {tmp_path}/other.chat")
    chat.command("edit!")
    assert chat.lua("return vim.wo.foldmethod") == "diff"


def test_what_a_users_own_ftplugin_undoes_stays_undone(start: Start, tmp_path: Path) -> None:
    editor = start()
    own = "vim.b.undo_ftplugin = 'setlocal spell<'; vim.cmd('setlocal spell')"
    folder = Path(editor.lua("return vim.fn.stdpath('config')")) / "ftplugin"
    folder.mkdir(parents=True)
    (folder / "chat.lua").write_text(own)
    editor.lua("vim.opt.runtimepath:prepend(vim.fn.stdpath('config'))")
    editor.open(tmp_path / "talk.chat", "@You:\n")
    assert editor.lua("return vim.wo.spell")
    editor.command("setlocal filetype=text")
    assert not editor.lua("return vim.wo.spell")


def test_the_text_of_a_message_is_whole_with_an_exclusive_selection(chat: Neovim) -> None:
    chat.command("set selection=exclusive")
    chat.press("Gyim")
    assert chat.wait(lambda: chat.lua("return vim.fn.getreg('\"')")) == "Hello"
