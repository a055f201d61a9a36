"""A new Neovim goes on with what was used before, where its owner wants that; nothing is billed a second time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flemma_py.sessions import SessionStore
from tests.editor.conftest import Start
from tests.editor.neovim import Neovim
from tests.editor.session_calls import home
from tests.wire.session_support import chat as a_session

pytestmark = pytest.mark.editor

REQUESTS = "return require('flemma.session').get().requests"


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """A home that several editors share."""
    return {f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in ("STATE", "CACHE")}


def begin(start: Start, places: dict[str, str], tmp_path: Path, wanted: str, fill: bool = False) -> Neovim:
    editor = start(f"{{ sessions = {{ restore_usage = {wanted} }} }}", **places)
    editor.lua("vim.cmd.cd(...)", str(tmp_path))
    if fill:
        for folder in (str(tmp_path), "/elsewhere"):
            kept = SessionStore(home(editor, "state") / "sessions", home(editor, "cache"))
            kept.start()
            a_session(kept, folder, workspace=folder)
            kept.close()
    editor.open(tmp_path / "a.chat", "@You:\n")
    editor.ready()
    return editor


def models(editor: Neovim) -> list[dict[str, Any]]:
    return list(editor.lua(REQUESTS))


def test_restore_usage_project(start: Start, places: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    editor = begin(start, places, tmp_path, "'project'", fill=True)
    (request,) = editor.wait(lambda: models(editor), "what was used before")
    assert request["imported"] is True
    assert (request["model"], request["input_tokens"]) == ("m", 1_000_000)
    assert editor.lua("return require('flemma.session').get():get_total_cost()") == pytest.approx(3.0)
    other = begin(start, places, tmp_path, "'project'")
    assert len(other.wait(lambda: models(other), "the same")) == 1, "restoring billed nothing"


def test_restore_usage_instance(start: Start, places: dict[str, str], tmp_path: Path) -> None:
    editor = begin(start, places, tmp_path, "'instance'", fill=True)
    (request,) = editor.wait(lambda: models(editor), "what the last one used")
    assert request["output_tokens"] == 1_000_000
    editor.lua("require('flemma.session').get():add_request({ provider = 'x', model = 'own' })")
    editor.lua("vim.uv.kill(require('flemma.host').status().pid, 'sigkill')")
    editor.wait(lambda: not editor.host()["ready"], "its end")
    editor.ready()
    editor.report()
    assert [each["model"] for each in models(editor)] == ["m", "own"], "a host that is started again adds nothing"


def test_nothing_is_restored_unasked(start: Start, places: dict[str, str], tmp_path: Path) -> None:
    editor = begin(start, places, tmp_path, "false", fill=True)
    editor.report()
    assert models(editor) == []
