"""Completion without the language client: what `<C-x><C-o>` finds from tables of Lua's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor.conftest import CANARY, Start
from tests.editor.neovim import Neovim

FRONT = "```lua\nname = 'Ada'\n%s\n```\n@You:\nHello\n"


@pytest.fixture
def editor(start: Start, tmp_path: Path) -> Neovim:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "v 1.pdf").write_bytes(b"%PDF")
    (tmp_path / "spare.txt").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    editor = start("{ lsp = { enabled = false } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n\n")
    return editor


def offered(editor: Neovim, typed: str) -> list[str]:
    """What is offered behind `typed`, on the last line."""
    editor.lua("_G.words = nil")
    editor.press("GS" + typed.replace("<", "<lt>") + "<C-x><C-o><Cmd>lua _G.words = vim.fn.complete_info().items<CR>")
    items = editor.wait(lambda: editor.lua("return _G.words and { _G.words }"), "the words")[0]
    editor.press("<C-e><Esc>")
    return [item["word"] for item in items]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("@", ["@System:", "@You:", "@Assistant:"]),
        ("@Y", ["@You:"]),
        ("see @./sp", ["specs/", "spare.txt"]),
        ("see @./specs/", ["v%201.pdf"]),
        ("see @./.h", [".hidden"]),
        ("{{ include('sp", ["specs/", "spare.txt"]),
        ("{{ __f", ["__filename"]),
        ("nothing", []),
        ("mail@./x.org/", []),
    ],
)
def test_it_offers_what_may_stand_there(editor: Neovim, typed: str, words: list[str]) -> None:
    assert offered(editor, typed) == words


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("flemma.opt.tempe", ["temperature"]),
        ("flemma.opt.ui.usage.po", ["position"]),
        ("flemma.opt.tools:remove('calc", ["calculator", "calculator_async"]),
        ("flemma.opt.provider = 'anth", ["anthropic"]),
        ("flemma.opt.auto_approve = { '$stan", ["$standard"]),
    ],
)
def test_the_frontmatter_has_settings_and_names(start: Start, tmp_path: Path, typed: str, words: list[str]) -> None:
    editor = start("{ lsp = { enabled = false } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", FRONT % "")
    editor.ready()
    editor.wait(lambda: editor.lua("return require('flemma.switch').is_told()"), "the names")
    editor.lua("_G.words = nil")
    editor.press(f"zR3GS{typed}<C-x><C-o><Cmd>lua _G.words = vim.fn.complete_info().items<CR>")
    items = editor.wait(lambda: editor.lua("return _G.words and { _G.words }"), "the words")[0]
    assert [item["word"] for item in items] == words


def test_variables_of_the_frontmatter_are_offered_in_templates(start: Start, tmp_path: Path) -> None:
    editor = start("{ lsp = { enabled = false } }", ANTHROPIC_API_KEY=CANARY)
    editor.open(tmp_path / "talk.chat", FRONT % "name_of_another = 1")
    assert offered(editor, "{{ na") == ["name", "name_of_another"]


def test_a_user_who_has_one_keeps_it_and_the_client_takes_over_from_ours(start: Start, tmp_path: Path) -> None:
    editor = start(ANTHROPIC_API_KEY=CANARY)
    editor.command("autocmd FileType chat ++once setlocal omnifunc=syntaxcomplete#Complete")
    editor.open(tmp_path / "first.chat", "@You:\nHello\n")
    editor.open(tmp_path / "second.chat", "@You:\nHello\n")
    assert "flemma.omnifunc" in editor.lua("return vim.bo.omnifunc")
    editor.wait(lambda: editor.lua("return vim.bo.omnifunc") == "v:lua.vim.lsp.omnifunc", "the client")
    editor.command("buffer first.chat")
    assert editor.lua("return vim.bo.omnifunc") == "syntaxcomplete#Complete"
