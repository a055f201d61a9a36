"""Tools in Python files, in a real Neovim: in the configuration, and in a project that was agreed to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editor.calling import Chat, begin
from tests.editor.conftest import Peer, Start
from tests.editor.test_status import line_of, page
from tests.wire.test_tools_own_files import put, reverse


@pytest.fixture
def talk(start: Start, peer: Peer, tmp_path: Path) -> Chat:
    return begin(start, peer, tmp_path)


def test_a_file_in_the_configuration_is_a_tool_and_lua_knows_it(talk: Chat) -> None:
    folder = Path(talk.editor.lua("return vim.fn.stdpath('config')")) / "flemma/tools"
    put(folder, one=reverse())
    assert talk.call("reverse", {"word": "amalgam"}) == "```\nmaglama\n```"
    known = "return (require('flemma.tools').get('reverse') or {}).origin"
    talk.editor.wait(lambda: talk.editor.lua(known), "the push")
    assert talk.editor.lua(known) == str(folder / "one.py")
    talk.editor.command("Flemma status")
    talk.editor.wait(lambda: "one.py" in line_of(page(talk.editor), "reverse"), "the status")


def test_a_project_s_files_are_shown_and_agreed_to(talk: Chat, tmp_path: Path) -> None:
    put(tmp_path / ".flemma/tools", one=reverse())
    talk.send()
    talk.editor.finished()
    talk.editor.notice(":Flemma tool:trust shows them")
    assert "reverse" not in talk.offered()
    talk.editor.command("Flemma tool:trust")
    talk.editor.wait(lambda: "y: agree" in talk.editor.text(), "the question")
    shown = talk.editor.lines()
    assert "outside of the sandbox" in "\n".join(shown) and "# ---- one.py ----" in shown
    assert set(reverse().split("\n")) <= set(shown)
    talk.editor.press("y")
    talk.editor.notice("Agreed to these tools")
    assert talk.call("reverse", {"word": "amalgam"}) == "```\nmaglama\n```"


def test_a_project_without_tools_has_nothing_to_agree_to(talk: Chat) -> None:
    talk.editor.command("Flemma tool:trust")
    talk.editor.notice("there is nothing to agree to")
