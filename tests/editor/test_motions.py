"""From message to message, and messages as text objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor.conftest import Start
from tests.editor.neovim import Neovim

TALK = """@You:
First
question

@Assistant:
<thinking>
secret
</thinking>

Answer one.

Answer two.

@You:
Thanks é

"""


@pytest.fixture
def talk(start: Start, tmp_path: Path) -> Neovim:
    editor = start("{ editing = { foldlevel = 99 } }")
    editor.open(tmp_path / "a.chat", TALK)
    return editor


def test_next_and_previous_go_from_head_to_head(talk: Neovim) -> None:
    places = []
    for keys in ("]m", "]m", "]m", "[m", "[m", "2]m", "2[m"):
        talk.press(keys)
        places.append(talk.cursor)
    assert places == [[5, 0], [14, 0], [14, 0], [5, 0], [1, 0], [14, 0], [1, 0]]


def test_previous_goes_to_the_head_of_the_message_first(talk: Neovim) -> None:
    talk.press("10G[m")
    assert talk.cursor == [5, 0]
    talk.press("<C-o>")
    assert talk.cursor[0] == 10


def test_the_commands_do_the_same(talk: Neovim) -> None:
    talk.command("Flemma message:next")
    assert talk.cursor == [5, 0]
    talk.command("Flemma message:previous")
    assert talk.cursor == [1, 0]
    talk.command("Flemma message:next")
    talk.command("Flemma message:prev")
    assert talk.cursor == [1, 0]


def test_an_old_form_marker_is_landed_behind(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", "@You: Hello\n\n@Assistant: Hi\n")
    editor.press("]m")
    assert editor.cursor == [3, 12]


def test_an_operator_takes_the_lines_up_to_the_next_marker(talk: Neovim) -> None:
    talk.press("2Gd]m")
    assert talk.lines()[:3] == ["@You:", "@Assistant:", "<thinking>"]


@pytest.mark.parametrize("line", [5, 6, 7, 10, 12, 13])
def test_inside_takes_what_the_message_says_and_no_thinking(talk: Neovim, line: int) -> None:
    talk.press(f"{line}Gyim")
    assert talk.lua("return vim.fn.getreg('\"')") == "Answer one.\n\nAnswer two."


def test_inside_ends_with_a_whole_character(talk: Neovim) -> None:
    talk.press("Gyim")
    assert talk.lua("return vim.fn.getreg('\"')") == "Thanks é"


def test_inside_an_old_form_message_begins_behind_the_marker(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", "@You: Hello\nyou\n\n@Assistant: Hi\n")
    editor.press("yim")
    assert editor.lua("return vim.fn.getreg('\"')") == "Hello\nyou"


def test_around_takes_whole_lines_with_thinking_and_blank_ones(talk: Neovim) -> None:
    talk.press("10Gdam")
    assert talk.lines() == ["@You:", "First", "question", "", "@You:", "Thanks é", ""]


def test_visual_mode_selects_the_message(talk: Neovim) -> None:
    talk.press("10Gvamd")
    assert talk.lines() == ["@You:", "First", "question", "", "@You:", "Thanks é", ""]


def test_an_empty_message_has_no_inside(start: Start, tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.chat", "@You:\n\n\n@Assistant:\nx\n")
    editor.press("2Gdim")
    assert editor.lines() == ["@You:", "", "", "@Assistant:", "x"]
    assert editor.mode == "n"


def test_keys_can_be_changed_and_turned_off(start: Start, tmp_path: Path) -> None:
    editor = start("{ text_object = 'c', keymaps = { normal = { next_message = '<Tab>', prev_message = false } } }")
    editor.open(tmp_path / "a.chat", TALK)
    editor.press("<Tab>")
    assert editor.cursor == [5, 0]
    maps = editor.lua("return vim.tbl_map(function(m) return m.lhs end, vim.api.nvim_buf_get_keymap(0, 'o'))")
    assert {"ic", "ac"} <= set(maps)
    assert not {"im", "am", "[m", "]m"} & set(maps)
