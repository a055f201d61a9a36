"""Where requests begin, as the editor knows it without a host: after any edit it is where the host's parser has it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flemma_py.document.parser import parse
from flemma_py.document.query import message_lines
from flemma_py.prompt.start import first_message, has_checkpoint, unsent
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim
from tests.editor.test_folds import CONVERSATION, edit, editor  # noqa: F401
from tests.pure import document_texts as texts

MARK = "<!-- flemma:checkpoint -->"
LINES = [*texts.LINES, MARK, MARK, "@You:", "@You:", f"@You: {MARK}", "<!--flemma:checkpoint-->", f" {MARK}", "@You: "]

READ = """
local outlines, border = require('flemma.ui.outline'), require('flemma.ui.border')
return vim.tbl_map(function(text)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, text)
  outlines.attach(buf)
  local outline = outlines.of(buf)
  local unsent = {}
  for at = 1, #text do
    if border.is_unsent(outline, at) then unsent[#unsent + 1] = at - 1 end
  end
  local found = { outline.border, unsent, border.pieces(outline) }
  vim.api.nvim_buf_delete(buf, { force = true })
  return found
end, ...)
"""


def by_the_host(lines: list[str]) -> list[object]:
    document = parse(lines)
    index = first_message(document)
    at = document.first_lines[index] + 2 if document.messages and has_checkpoint(document.messages[index]) else 0
    ranges = list(unsent(document))
    return [at, [line for first, end in ranges for line in range(first, end)], [first + 1 for first, _ in ranges]]


def test_the_corpus_begins_where_the_host_says(editor: Neovim) -> None:  # noqa: F811
    rng = random.Random(11)
    files = [[rng.choice(LINES) for _ in range(rng.randrange(1, 40))] for _ in range(1500)]
    for lines, found in zip(files, editor.lua(READ, files), strict=True):
        assert found == by_the_host(lines), "\n".join(lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.sampled_from(LINES), min_size=1, max_size=30), min_size=5, max_size=20))
def test_any_file_begins_where_the_host_says(editor: Neovim, files: list[list[str]]) -> None:  # noqa: F811
    for lines, found in zip(files, editor.lua(READ, files), strict=True):
        assert found == by_the_host(lines), "\n".join(lines)


def outermost(lines: list[str]) -> list[list[int]]:
    """The folds that are closed when all are: messages, save those of one line, and what is not sent as one."""
    document = parse(lines)
    past = [[first + 1, end] for first, end in unsent(document)]
    folds = [[first + 1, end] for first, end in (message_lines(document, at) for at in range(len(document.messages)))]
    folds = [fold for fold in folds if not any(first <= fold[0] <= end for first, end in past)] + past
    if document.frontmatter:
        folds.append([1, document.frontmatter.span.end_line + 1])
    return sorted(fold for fold in folds if fold[0] < fold[1])


SHUT = """
vim.wo.foldlevel = 0
local found, line = {}, 1
while line <= vim.fn.line('$') do
  local last = vim.fn.foldclosedend(line)
  if last ~= -1 then found[#found + 1] = { line, last } end
  line = math.max(last, line) + 1
end
vim.wo.foldlevel = 99
return found
"""


@pytest.mark.parametrize("seed", range(3))
def test_random_edits_leave_the_border_and_its_fold_as_they_should_be(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chat = start()
    chat.open(
        tmp_path / "a.chat",
        f"{CONVERSATION}{MARK}\n\nSum\n\n" + CONVERSATION.replace("```lua", "@System:\nS\n\n```lua"),
    )
    rng = random.Random(seed)
    monkeypatch.setattr(texts, "LINES", LINES)
    for number in range(120):
        done = edit(chat, rng)
        lines = chat.lines()
        told = f"edit {number}: {done}\n" + "\n".join(f"{at} {line}" for at, line in enumerate(lines, 1))
        at = chat.lua("return require('flemma.ui.outline').of(vim.api.nvim_get_current_buf()).border")
        assert at == by_the_host(lines)[0], told
        assert chat.lua(SHUT) == outermost(lines), told
    assert not [notice for notice in chat.notices() if "fold" in notice or "outline" in notice]


def test_a_key_costs_no_more_behind_a_long_past(start: Start, tmp_path: Path) -> None:
    chat = start()
    talk = CONVERSATION.removeprefix('```lua\nname = "Ada"\n```\n\n@System:\nBe brief.\n\n')
    chat.open(tmp_path / "a.chat", talk * 500 + f"{MARK}\n\nSum\n\n" + talk)
    chat.lua("""
      _G.looked = 0
      local border = require('flemma.ui.border')
      local find = border.find
      border.find = function(outline, first, last)
        _G.looked = _G.looked + last - first + 1
        return find(outline, first, last)
      end
    """)
    for row in (100, 7000, -3):
        for _ in range(20):
            chat.lua("vim.api.nvim_buf_set_lines(0, ...)", row, row, True, ["more", "words"])
    assert chat.lua("return _G.looked") < 60 * 40
