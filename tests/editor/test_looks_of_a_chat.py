"""Signs, turns, conceal, colours of a chat's own, and the keys that open and uncover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

pytestmark = pytest.mark.editor

CALL = '**Tool Use:** `bash` (`{0}`)\n\n```json\n{{"command": "ls"}}\n```\n'
RESULT = "**Tool Result:** `{0}`\n\n```\na\n```\n"
TALK = f"""@System:
Brief.

@You:
One **bold** word

@Assistant:
{CALL.format("a")}
@You:
{RESULT.format("a")}
@Assistant:
Done.

@You:
Two

@Assistant:
{CALL.format("b")}
@You:
Three
"""


def rows(editor: Neovim) -> list[str]:
    assert editor.client.screen is not None
    editor.client.settle()
    return editor.client.screen.rows()


def row(editor: Neovim, part: str) -> str:
    return next(shown for shown in rows(editor) if part in shown)


def opened(start: Start, path: Path, setup: str = "", text: str = TALK, before: str = "") -> Neovim:
    editor = start(setup)
    editor.command("set termguicolors background=dark")
    editor.attach_screen(80, 48)
    if before:
        editor.command(before)
    editor.open(path / "a.chat", text)
    return editor


# ---- signs


def test_each_line_of_a_message_has_the_sign_of_its_role(start: Start, tmp_path: Path) -> None:
    setup = "{ signs = { enabled = true, system = { char = 'S' }, assistant = { hl = 'Title' } } }"
    editor = opened(start, tmp_path, setup)
    editor.command("normal! zR")
    editor.wait(lambda: row(editor, "Brief.").startswith("S "), "a sign")
    assert row(editor, "One bold").startswith("▏ ")
    assert row(editor, "Done.").startswith("▌ ")
    assert editor.lua("return vim.api.nvim_get_hl(0, { name = 'FlemmaSignAssistant' }).link") == "Title"


def test_signs_are_placed_where_somebody_looks_and_move_with_the_text(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, "{ signs = { enabled = true } }", TALK * 60)
    editor.command("normal! zR")
    count = "return #vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('flemma.signs'), 0, -1, {})"
    editor.wait(lambda: editor.lua(count), "signs")
    assert editor.lua(count) < 120
    editor.command("normal! G")
    editor.wait(lambda: row(editor, "Three").startswith("▏ "), "the sign of the last line")
    editor.command("normal! OMore")
    editor.wait(lambda: row(editor, "More").startswith("▏ "), "the sign of a new line")


# ---- turns


def pieces(editor: Neovim) -> dict[str, str]:
    """What stands beside each line with text, before the number."""
    return {shown[2:].strip(" ─"): shown[0] for shown in rows(editor) if shown[2:].strip(" ─")}


def test_a_turn_goes_from_a_prompt_to_the_answer_that_needs_no_tool(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, "{ turns = { enabled = true, padding = 0 }, editing = { foldlevel = 9 } }")
    drawn = [shown[0] for shown in rows(editor)]
    lines = editor.lines()
    last = lines.index("Done.")
    assert drawn[:3] == [" ", " ", " "], "a system message is in no turn"
    assert drawn[3] == "╭"
    assert set(drawn[4:last]) == {"│"}
    assert drawn[last : last + 2] == ["╰", " "]
    again = lines.index("Two") - 1
    assert drawn[again : again + 2] == ["╭", "┊"]
    assert drawn[lines.index("Three")] == "└"


def test_a_fold_over_the_end_of_a_turn_shows_its_corner(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, "{ turns = { enabled = true, padding = 0 }, editing = { foldlevel = 0 } }")
    assert [shown[0] for shown in rows(editor)][:8] == [" ", "╭", "│", "│", "╰", "╭", "┊", "└"]


def test_the_columns_of_the_user_stay(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, "{ turns = { enabled = true } }", before="set statuscolumn=%l>")
    assert ">" in row(editor, "Brief.")[:8]
    editor.command("set filetype=text")
    assert editor.lua("return vim.wo.statuscolumn") == "%l>"
    editor.lua("require('flemma').setup({})")
    editor.command("set filetype=chat")
    assert editor.lua("return vim.wo.statuscolumn") == "%l>"


# ---- what is hidden


@pytest.mark.parametrize(
    ("value", "level", "cursor"),
    [("'2nv'", 2, "nv"), ("3", 3, ""), ("'1'", 1, ""), ("false", 0, ""), ("'9z'", 0, ""), ("0", 0, "")],
)
def test_conceal_is_a_level_with_modes(start: Start, tmp_path: Path, value: str, level: int, cursor: str) -> None:
    editor = opened(start, tmp_path, f"{{ editing = {{ conceal = {value} }} }}")
    assert editor.lua("return { vim.wo.conceallevel, vim.wo.concealcursor }") == [level, cursor]


def test_conceal_leaks_into_no_other_buffer(start: Start, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("**x**\n")
    editor = opened(start, tmp_path)
    where = "return { vim.wo.conceallevel, vim.wo.concealcursor, vim.wo.winhighlight, vim.wo.statuscolumn }"
    chat = editor.lua(where)
    assert chat[:2] == [2, "nv"]
    for command in (f"split {tmp_path}/other.md", "new", f"edit {tmp_path}/other.md"):
        editor.command(command)
        assert editor.lua(where) == [0, "", "", ""], command
    editor.command(f"edit {tmp_path}/a.chat")
    assert editor.lua(where) == chat
    assert editor.lua("return { vim.go.conceallevel, vim.go.concealcursor }") == [0, ""]


def test_a_press_of_space_folds_and_two_uncover(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path)
    editor.command("normal! zR")
    editor.command("/One")
    line = editor.cursor[0]
    editor.press("<Space>")
    editor.wait(lambda: editor.lua("return vim.fn.foldclosed(...)", line) == line - 1, "a closed message")
    editor.lua("vim.uv.sleep(require('flemma.ui.toggle').DOUBLE + 20)")
    editor.press("<Space>")
    editor.wait(lambda: editor.lua("return vim.fn.foldclosed(...)", line) == -1, "an open message")
    assert "One bold word" in row(editor, "One")
    editor.lua("vim.uv.sleep(require('flemma.ui.toggle').DOUBLE + 20)")
    editor.press("<Space><Space>")
    editor.wait(lambda: "One **bold** word" in row(editor, "One"), "the markup")
    assert editor.lua("return vim.fn.foldclosed(...)", line) == -1


def test_a_closed_block_at_the_cursor_is_opened_alone(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path)
    line = editor.lines().index("**Tool Use:** `bash` (`a`)") + 1
    editor.command(str(line))
    assert editor.lua("return vim.fn.foldclosed(...)", line) == line
    editor.press("<Space>")
    editor.wait(lambda: editor.lua("return vim.fn.foldclosed(...)", line) == -1, "an open block")


@pytest.mark.parametrize("before", ["let mapleader = ' '", "nnoremap <Space> <Nop>"])
def test_space_stays_the_users(start: Start, tmp_path: Path, before: str) -> None:
    editor = opened(start, tmp_path, before=before)
    assert editor.lua("return vim.fn.maparg('<Space>', 'n', false, true).buffer or 0") == 0


# ---- a chat's own looks


OWN = """```lua
flemma.opt.highlights.user = "#ff8800"
flemma.opt.line_highlights.assistant = "#123456"
flemma.opt.ruler.char = "="
flemma.opt.editing.conceal = 0
```

"""


def cell(editor: Neovim, part: str) -> dict[str, Any]:
    screen = editor.client.screen
    assert screen is not None
    shown = rows(editor)
    at = next(number for number, text in enumerate(shown) if part in text)
    return screen.highlights.get(screen.cells[at][shown[at].index(part)][1], {})


def test_a_chat_has_colours_of_its_own_and_only_it(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, text=OWN + TALK)
    editor.command("normal! zR")
    editor.ready()
    editor.wait(lambda: "===" in row(editor, "@You:"), "the chat's own ruler")
    assert cell(editor, "One **bold**")["foreground"] == 0xFF8800
    assert cell(editor, "Done.")["background"] == 0x123456
    editor.command("botright vsplit")
    editor.open(tmp_path / "b.chat", TALK.replace("One", "Uno").replace("Done.", "Hecho."))
    editor.command("normal! zR")
    assert cell(editor, "Uno bold")["foreground"] != 0xFF8800
    assert cell(editor, "Hecho.")["background"] != 0x123456
    editor.command("wincmd p | edit! " + str(tmp_path / "b.chat"))
    assert editor.lua("return vim.wo.winhighlight") == ""


def test_colours_of_its_own_go_with_the_frontmatter(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, text=OWN + TALK)
    editor.command("normal! zR")
    editor.ready()
    editor.wait(lambda: "===" in row(editor, "@You:"), "the chat's own ruler")
    editor.command("1,7delete")
    editor.wait(lambda: "───" in row(editor, "@You:"), "the common ruler")
    assert editor.lua("return { vim.wo.winhighlight, vim.wo.conceallevel }") == ["", 2]


HIDING = """```lua
flemma.opt.highlights.tool_use_title = "#14161b"
flemma.opt.line_highlights.assistant = "#b3f6c0"
flemma.opt.highlights.user = "#ff8800"
```

"""


def test_a_file_hides_nothing_by_its_colours(start: Start, tmp_path: Path) -> None:
    editor = opened(start, tmp_path, text=HIDING + TALK)
    editor.command("normal! zR")
    editor.ready()
    editor.wait(lambda: cell(editor, "One bold").get("foreground") == 0xFF8800, "the chat's own colours")
    assert cell(editor, "Tool Use")["foreground"] != 0x14161B
    assert cell(editor, '{"command"')["background"] != 0xB3F6C0
    editor.notice("cannot be read where it stands")


# ---- an empty chat


@pytest.mark.parametrize(("text", "lines"), [("", ["@You:", ""]), ("  \n\n", ["@You:", ""]), ("@You:\nx\n", None)])
def test_an_empty_chat_begins_with_a_prompt(start: Start, tmp_path: Path, text: str, lines: list[str] | None) -> None:
    editor = start("{ editing = { auto_prompt = true } }")
    editor.open(tmp_path / "a.chat", text)
    assert editor.lines() == (lines or ["@You:", "x"])
    assert editor.lua("return vim.bo.modified") is False
    assert editor.cursor == ([2, 0] if lines else [1, 0])
