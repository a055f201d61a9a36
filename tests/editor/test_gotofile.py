"""`gf` and friends on file references and includes, in a real Neovim."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flemma_py.document.references import Reference, split_references
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

NAMES = ["a.txt", "my notes.md", "c++.md", "100%.md", "it's [odd] #1 *.txt", "ünïcödé.txt", "file.a.b"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "chats"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(f"this is {name}\n")
    (tmp_path / "above.txt").write_text("above\n")
    return folder


@pytest.fixture
def editor(start: Start, folder: Path) -> Neovim:
    return start()


def press(editor: Neovim, keys: str) -> None:
    """Type the keys and come back when they have been obeyed."""
    editor.lua("vim.api.nvim_feedkeys(vim.keycode(...), 'mx', false)", keys)


def go(editor: Neovim, folder: Path, line: str, keys: str = "gf") -> str:
    """Open a chat with one line, put the cursor where `|` is, press the keys, and name the file that is shown then."""
    before, behind = line.split("|")
    editor.open(folder / "talk.chat", f"@You:\n{before}{behind}\n")
    editor.lua("vim.api.nvim_win_set_cursor(0, { 2, ... })", len(before.encode()))
    press(editor, keys)
    return str(editor.lua("return vim.api.nvim_buf_get_name(0)"))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("see |@./a.txt", "a.txt"),
        ("see @./a.tx|t.", "a.txt"),
        ("(@./my%20not|es.md).", "my notes.md"),
        ("@./my+no|tes.md;type=text/markdown, and more", "my notes.md"),
        ("@./my%20notes.md;type=text/mark|down.", "my notes.md"),
        ("@./c|++.md", "c++.md"),
        ("@./100|%.md", "100%.md"),
        ("@./it's+[odd]+%231+*.t|xt", "it's [odd] #1 *.txt"),
        ("看 @./ün|ïcödé.txt。", "ünïcödé.txt"),
        ("@./a.txt @./file.|a.b!", "file.a.b"),
        ("{{ include('./a|.txt') }}", "a.txt"),
        ('{{ inc|lude("my notes.md", { binary = true }) }}', "my notes.md"),
        ("{{ include('./a.txt') }} {{ include('file.|a.b') }}", "file.a.b"),
    ],
)
def test_the_file_at_the_cursor_is_opened(editor: Neovim, folder: Path, line: str, name: str) -> None:
    assert go(editor, folder, line) == str(folder / name)
    assert editor.lines() == [f"this is {name}"]


def test_a_parent_an_absolute_and_a_home_path(editor: Neovim, folder: Path) -> None:
    home = Path(editor.lua("return vim.uv.os_homedir()"))
    (home / "at home.txt").write_text("home\n")
    for line in ("|@../above.txt", f"|@/{folder.parent}/above.txt", f"|@//{str(folder.parent)[1:]}/above.txt"):
        assert os.path.realpath(go(editor, folder, line)) == os.path.realpath(folder.parent / "above.txt")
    assert go(editor, folder, "|@~/at%20home.txt") == str(home / "at home.txt")


def test_a_split_and_a_tab(editor: Neovim, folder: Path) -> None:
    assert go(editor, folder, "|@./a.txt", "<C-w>f") == str(folder / "a.txt")
    assert editor.lua("return #vim.api.nvim_tabpage_list_wins(0)") == 2
    editor.command("only")
    assert go(editor, folder, "|@./file.a.b", "<C-w>gf") == str(folder / "file.a.b")
    assert editor.lua("return #vim.api.nvim_list_tabpages()") == 2


def test_beside_a_reference_the_key_does_what_it_always_does(editor: Neovim, folder: Path) -> None:
    plain = folder / "a.txt"
    assert go(editor, folder, f"@./file.a.b |{plain}") == str(plain)
    assert go(editor, folder, "|nothing") == str(folder / "talk.chat")


def test_a_file_that_is_not_there_is_said_to_be_missing(editor: Neovim, folder: Path) -> None:
    assert go(editor, folder, "|@./missing.txt.") == str(folder / "talk.chat")
    editor.notice(f"there is no file {folder}/missing.txt")
    os.mkfifo(folder / "pipe")
    assert go(editor, folder, "|@./pipe") == str(folder / "talk.chat")
    editor.notice("is a fifo, which cannot be edited")


def test_a_chat_without_a_file_begins_in_the_working_directory(editor: Neovim, folder: Path) -> None:
    editor.command(f"cd {folder}")
    editor.command("enew | setlocal filetype=chat")
    editor.lua("vim.api.nvim_buf_set_lines(0, 0, -1, true, { '@./a.txt' })")
    editor.command("set nohidden")
    press(editor, "gf")
    editor.notice("E37")
    press(editor, "<C-w>f")
    assert editor.lua("return vim.api.nvim_buf_get_name(0)") == str(folder / "a.txt")


def test_users_keys_are_left_alone(start: Start, folder: Path) -> None:
    editor = start("{ keymaps = { enabled = false } }")
    editor.open(folder / "talk.chat", "@You:\n")
    assert editor.lua("return vim.fn.maparg('gf', 'n')") == ""
    own = start()
    own.lua("vim.keymap.set('n', '<leader>x', '<Plug>(FlemmaFile)')")
    own.open(folder / "talk.chat", "@You:\n")
    assert own.lua("return vim.fn.maparg('gf', 'n')") == ""
    assert own.lua("return vim.fn.maparg('<C-w>f', 'n')") == "<Plug>(FlemmaFileSplit)"
    own.open(folder / "a.txt")
    assert own.lua("return vim.fn.maparg('<C-w>f', 'n')") == ""


LINES = [
    "Critique @./patches/fix.lua;type=text/x-lua.",
    "@./a.png,@./b.png and foo@./bar/ a@b.c @/x @./ @./... @~/x @//y/z @../../up",
    '(@./file.tar.gz). **@./bold.py** `@./code`, "@./it\'s.txt"! @./a;b.txt @./a;type= @./a;type=. @./a.csv;type=a/b;c',
    "看@./图.png。 @./%zz%4 @./%20 @./c++ @./x;type=image/svg+xml, @./@./y @../@./",
]

NAMED = """
local line, found = ..., {}
for column = 1, #line do
  local named = require('flemma.gotofile').named(line, column)
  found[column] = named and { named.first - 1, named.last, named.path, named.literal } or vim.NIL
end
return found
"""


@pytest.mark.parametrize("line", LINES)
def test_lua_and_python_find_the_same_references(editor: Neovim, line: str) -> None:
    wanted: list[list[object] | None] = [None] * len(line.encode())
    for piece in split_references(line):
        if isinstance(piece, Reference):
            span = piece.span
            place = [span.column, span.end_column, piece.path, piece.literal]
            wanted[span.column : span.end_column] = [place] * (span.end_column - span.column)
    assert editor.lua(NAMED, line) == wanted
