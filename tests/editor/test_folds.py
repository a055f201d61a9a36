"""Folds are right at once, without a host, after any edit, and agree with the parser of the host."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flemma_py.document.outline import outline
from flemma_py.document.parser import parse
from tests.counts import some
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim
from tests.pure import document_texts as texts

CONVERSATION = """```lua
name = "Ada"
```

@System:
Be brief.

@You:
Hello {{ name }}

@Assistant:
<thinking anthropic:signature="abc">
They greet.

I greet back.
</thinking>

Good day!

```python
@You:
```

**Tool Use:** `bash` (`t1`)

```json
{"command": "ls"}
```

@You:
**Tool Result:** `t1`

```
README
```

@Assistant:
One file.

@You:
"""

# Per line: kind, role and fold level, by the outline alone.
READ = """
local outlines, folds = require('flemma.ui.outline'), require('flemma.ui.folds')
return vim.tbl_map(function(text)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, text)
  outlines.attach(buf)
  local outline, rows = outlines.of(buf), {}
  for at, node in ipairs(outline.nodes) do
    local level = folds.level(outline, at)
    local number = tonumber((tostring(level):gsub('>', '')))
    rows[at] = { node.message and node.message.role or '', number, outlines.is_head(outline, at) }
  end
  vim.api.nvim_buf_delete(buf, { force = true })
  return rows
end, ...)
"""


def expected(lines: list[str]) -> list[list[Any]]:
    """The same by the host's parser. A block behind an old-form marker folds from the next line on."""
    rows: list[list[Any]] = [["", 0, False] for _ in lines]
    for entry in outline(parse(lines)):
        for at in range(entry.first, entry.last + 1):
            if entry.kind == "message":
                rows[at] = [entry.name, 1, at == entry.first]
            elif not rows[at][2]:
                rows[at][1] = entry.level
    return rows


@pytest.fixture(scope="module")
def editor(binary: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    running = Neovim(binary, {"HOME": str(home), "XDG_STATE_HOME": str(home), "PATH": ""})
    yield running
    running.close()


def levels(editor: Neovim) -> list[int]:
    return list(editor.lua("return vim.tbl_map(vim.fn.foldlevel, vim.fn.range(1, vim.fn.line('$')))"))


def fresh_levels(editor: Neovim) -> list[int]:
    return list(
        editor.lua("""
        local buf = vim.api.nvim_get_current_buf()
        local outlines, folds = require('flemma.ui.outline'), require('flemma.ui.folds')
        local copy = vim.api.nvim_create_buf(false, true)
        vim.api.nvim_buf_set_lines(copy, 0, -1, false, vim.api.nvim_buf_get_lines(buf, 0, -1, false))
        outlines.attach(copy)
        local found = {}
        for at = 1, #outlines.of(copy).nodes do
          found[at] = tonumber((tostring(folds.level(outlines.of(copy), at)):gsub('>', '')))
        end
        vim.api.nvim_buf_delete(copy, { force = true })
        return found
        """)
    )


def test_messages_thinking_tools_and_frontmatter_have_their_levels(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION)
    assert levels(editor) == [row[1] for row in expected(CONVERSATION.split("\n")[:-1])]
    closed = editor.lua("return vim.tbl_map(vim.fn.foldclosed, vim.fn.range(1, vim.fn.line('$')))")
    lines = CONVERSATION.split("\n")
    for part in ("```lua", "<thinking anthropic", "**Tool Use", "**Tool Result"):
        at = next(number for number, line in enumerate(lines, 1) if line.startswith(part))
        assert closed[at - 1] == at, part
    assert closed[lines.index("Good day!")] == -1


def test_the_corpus_folds_as_the_host_parses_it(editor: Neovim) -> None:
    files = [CONVERSATION.split("\n")]
    rng = random.Random(7)
    files += [[rng.choice(texts.LINES) for _ in range(rng.randrange(1, 40))] for _ in range(1500)]
    for lines, rows in zip(files, editor.lua(READ, files), strict=True):
        assert rows == expected(lines), "\n".join(lines)


@settings(max_examples=some(15, 60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts.files.filter(bool), min_size=5, max_size=20))
def test_any_file_folds_as_the_host_parses_it(editor: Neovim, files: list[list[str]]) -> None:
    for lines, rows in zip(files, editor.lua(READ, files), strict=True):
        assert rows == expected(lines), "\n".join(lines)


def edit(editor: Neovim, rng: random.Random) -> str:
    """One edit as a person, a plugin or the host might make it; gives what was done."""
    total = len(editor.lines())
    line = rng.randrange(1, total + 1)
    words = "\n".join(rng.choice(texts.LINES) for _ in range(rng.randrange(1, 4)))
    match rng.randrange(9):
        case 0:
            todo = f"silent {line},{min(total, line + rng.randrange(4))}delete"
        case 1:
            todo = "silent undo"
        case 2:
            todo = "silent redo"
        case 3:
            todo = f"{line}normal! J"
        case 4:
            todo = f"{line}normal! yyp"
        case 5:
            todo = f"{line}normal! 2ddP"
        case 6:
            todo = f"{line}move {rng.randrange(total + 1)}"
        case 7:
            row = line - 1
            editor.lua("vim.api.nvim_buf_set_lines(0, ...)", row, min(total, row + 2), True, words.split("\n"))
            return f"set_lines {row} {words!r}"
        case _:
            editor.lua("vim.api.nvim_buf_set_text(0, ...)", line - 1, 0, line - 1, 0, words.split("\n"))
            return f"set_text {line} {words!r}"
    editor.command(f"silent! {todo}")
    return todo


@pytest.mark.parametrize("seed", range(4))
def test_150_random_edits_leave_every_level_as_a_fresh_scan_gives_it(start: Start, tmp_path: Path, seed: int) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION * 3)
    rng = random.Random(seed)
    editor.lua("vim.wo.foldlevel = 99")
    for number in range(150):
        done = edit(editor, rng)
        found, wanted = levels(editor), fresh_levels(editor)
        assert found == wanted, f"edit {number}: {done}\n" + "\n".join(
            f"{a} {b} {line}" for a, b, line in zip(found, wanted, editor.lines(), strict=True)
        )
    assert not [notice for notice in editor.notices() if "fold" in notice or "outline" in notice]


def append(editor: Neovim, text: str) -> None:
    """Write at the end, as a reply is written."""
    editor.lua("vim.api.nvim_buf_set_text(0, -1, -1, -1, -1, vim.split(..., '\\n'))", text)


def test_a_thought_is_open_while_it_is_written_and_closed_afterwards(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", "@You:\nHi\n")
    append(editor, "\n\n@Assistant:\n<thinking>\nOne")
    for piece in (" and", "\ntwo", "\nthree"):
        append(editor, piece)
    assert editor.lua("return vim.fn.foldclosed(5)") == -1
    append(editor, "\n</thinking>\n\nHello")
    append(editor, "\n\n@You:\n")
    assert editor.lua("return vim.fn.foldclosed(5)") == 5
    assert editor.lua("return vim.fn.foldclosedend(5)") == 9
    assert levels(editor) == fresh_levels(editor)


def test_a_delta_costs_what_it_writes_in_a_chat_of_any_length(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION.removeprefix('```lua\nname = "Ada"\n```\n\n') * 300)
    assert levels(editor)[-1] == 1
    editor.lua("""
      _G.asked = 0
      local folds = require('flemma.ui.folds')
      local expr = folds.expr
      folds.expr = function() _G.asked = _G.asked + 1; return expr() end
    """)
    append(editor, "\n@Assistant:\n")
    for number in range(50):
        append(editor, f"word {number}\n" if number % 5 == 0 else "word ")
        editor.command("redraw")
    assert levels(editor) == fresh_levels(editor)
    assert editor.lua("return _G.asked") < 50 * 12


def test_what_was_opened_stays_open_when_text_above_it_changes(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION)
    thought = editor.lines().index("</thinking>")
    editor.command(f"{thought}foldopen")
    editor.lua("vim.api.nvim_buf_set_lines(0, 10, 10, true, { 'more', 'words' })")
    editor.lua("vim.api.nvim_buf_set_lines(0, 5, 6, true, {})")
    assert editor.lua("return vim.fn.foldclosed(...)", thought + 1) == -1
    assert levels(editor) == fresh_levels(editor)


def test_folds_come_when_insert_mode_is_left(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", "@You:\nHi\n")
    editor.press("Go@Assistant:<CR>Hello<CR>@You:<CR>x<Esc>")
    editor.wait(lambda: editor.mode == "n")
    heads = editor.lua("return vim.tbl_map(vim.fn.foldlevel, { 1, 3, 5 })")
    assert heads == [1, 1, 1]
    editor.command("3foldclose")
    assert [editor.lua("return vim.fn.foldclosed(...)", line) for line in (2, 3, 4, 5)] == [-1, 3, 3, -1]


def test_a_file_that_is_read_anew_folds_anew(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION)
    assert levels(editor) == fresh_levels(editor)
    (tmp_path / "a.chat").write_text("@You:\nOther\n\n" + CONVERSATION)
    editor.command("silent edit!")
    assert levels(editor) == fresh_levels(editor)
    editor.lua("vim.api.nvim_buf_set_lines(0, 1, 1, true, { 'more', '', '@Assistant:' })")
    assert levels(editor) == fresh_levels(editor)
    editor.command("silent undo")
    assert levels(editor) == fresh_levels(editor)


def test_two_windows_fold_alike(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", CONVERSATION)
    editor.command("split")
    editor.lua(
        "vim.api.nvim_buf_set_lines(0, 8, 8, true, { '', '@Assistant:', '<thinking>', 'x', '</thinking>', 'y' })"
    )
    first = levels(editor)
    editor.command("wincmd p")
    assert levels(editor) == first == fresh_levels(editor)
