"""One more of a kind is one more file: a provider and a tool that are put into their folders work."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flemma_py.demo import peer as script
from flemma_py.demo.reply import Calls, Reply
from tests.editor.conftest import Peer, Start
from tests.editor.neovim import ROOT

PROVIDER = '''
"""A vendor that speaks Anthropic's wire under another name."""
from dataclasses import dataclass
from flemma_py.config.schema import key
from flemma_py.providers.anthropic import Anthropic

@dataclass(frozen=True)
class Parameters:
    colour: str = key("red", "a colour")

class Toy(Anthropic):
    default_model = "toy-1"
    key_environment = ("TOY_KEY",)
    parameters = Parameters

PROVIDER = Toy("toy", "TOY_KEY", "Toy")
'''

TOOL = '''
"""Turns a word round."""
from flemma_py.model.tool import Tool, ToolContext, ToolDefinition, ToolOutcome

SCHEMA = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}

async def reverse(input: dict, context: ToolContext) -> ToolOutcome:
    return ToolOutcome(input["word"][::-1])

TOOL = Tool(ToolDefinition("reverse", "Turns a word round.", SCHEMA), reverse)
'''


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The plugin with one more provider and one more tool."""
    root = tmp_path / "plugin"
    for folder in ("plugin", "ftdetect", "ftplugin", "lua", "rplugin", "python", "syntax"):
        if (ROOT / folder).exists():
            shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "python/flemma_py/providers/toy.py").write_text(PROVIDER)
    (root / "python/flemma_py/tools/reverse.py").write_text(TOOL)
    return root


def test_a_provider_and_a_tool_are_one_file_each(copy: Path, start: Start, peer: Peer, tmp_path: Path) -> None:
    parameters = "parameters = { toy = { colour = 'blue', color = 'blue', max_tokens = 77 } }"
    setup = f"{{ provider = 'toy', providers = {{ toy = {{ base_url = '{peer.base_url}' }} }}, {parameters} }}"
    editor = start(setup, root=copy, TOY_KEY="toy-secret")
    editor.open(tmp_path / "talk.chat", "@You:\nHello\n")
    peer.enqueue(Reply((Calls("toolu_1", "reverse", {"word": "amalgam"}),), "tool_use"), script.text("Done."))
    editor.press("G<C-]>")
    editor.finished()
    editor.press("<C-]>")
    editor.wait(lambda: "maglama" in editor.lines(), "the result")
    editor.idle()
    editor.press("<C-]>")
    editor.finished(2)
    first = peer.server.recorded[0]
    assert (first.body["model"], first.body["max_tokens"]) == ("toy-1", 77)
    assert editor.notice("Did you mean").endswith("Did you mean parameters.toy.colour?")
    assert first.headers["x-api-key"] == "toy-secret"
    assert "reverse" in [tool["name"] for tool in first.body["tools"]]
