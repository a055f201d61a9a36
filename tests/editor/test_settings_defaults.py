"""What Lua knows of settings without a host: it is what the schema says, under old names as under new."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from flemma_py.config import Layer, Layers
from flemma_py.config.functions import with_functions
from flemma_py.config.group import as_table
from flemma_py.config.schema import Settings
from tests.editor.conftest import Start
from tests.editor.neovim import ROOT
from tests.pure.test_settings_names import DECLARED

GET = "return require('flemma.settings').get(unpack(...))"


def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_settings", ROOT / "scripts/generate_settings.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(value: Any) -> Any:
    """As Lua has it: no nil, and one kind of empty table."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None} or []
    return list(value) if isinstance(value, tuple) else value


def test_the_file_is_what_the_schema_makes_of_it() -> None:
    assert generate().SCHEMA.read_text() == generate().schema_lua(), "run `make generate`"


def test_lua_reads_the_defaults_as_they_are_meant(start: Start) -> None:
    expected = as_table(Settings())
    del expected["experimental"], expected["parameters"]["own"]
    found = start().lua("return require('flemma.settings').defaults")
    assert plain(found) == plain(expected)


@pytest.mark.parametrize(
    ("setup", "path", "value"),
    [
        ("{ notify = { timeout = 5 } }", "ui.usage.timeout", 5),
        ("{ notify = { timeout = 5 } }", "ui.usage.padding", 1),
        ("{ notify = { timeout = 5 }, ui = { usage = { timeout = 6 } } }", "ui.usage.timeout", 6),
        ("{ pricing = { enabled = false } }", "ui.pricing.enabled", False),
        ("{ text_object = false }", "keymaps.text_object", False),
        ("{ keymaps = { normal = { next_message = '<F3>' } } }", "keymaps.normal.message_next", "<F3>"),
        ("{ keymaps = { normal = { message_next = '<F3>' } } }", "keymaps.normal.message_next", "<F3>"),
        ("{ keymaps = { normal = { next_message = '<F3>' } } }", "keymaps.normal.message_prev", "[m"),
        ("{ role_style = 'italic' }", "highlights.role_style", "italic"),
        ("{ highlights = { tool_use = 'X', user_lua_expression = 'Y' } }", "highlights.tool_use_title", "X"),
        ("{ highlights = { tool_use = 'X', user_lua_expression = 'Y' } }", "highlights.lua_expression", "Y"),
        ("{ defaults = { dark = { bg = '#111111' } } }", "highlights.defaults.dark.bg", "#111111"),
        ("{ notify = 3, model = vim.NIL }", "ui.usage", 3),
    ],
)
def test_lua_knows_old_names(start: Start, setup: str, path: str, value: Any) -> None:
    assert start(setup).lua(GET, path.split(".")) == value


def test_the_look_of_the_report_can_be_given_back_under_its_old_name(start: Start, tmp_path: Path) -> None:
    editor = start("{ notify = require('flemma.notify').default_opts, model = 'm' }")
    editor.open(tmp_path / "talk.chat", "@You:\nhelp\n")
    notice = editor.notice("Settings")
    assert notice == "Flemma: Settings:\n  notify is called ui.usage by now; the old name holds, too."
    editor.lua("require('flemma').setup({ notify = { padding = 2 }, model = false })")
    assert "model must be" in editor.notice("model must be")
    assert sum("ui.usage" in text for text in editor.notices()) == 1


def test_a_configuration_with_older_names_is_taken_whole(start: Start) -> None:
    editor = start()
    editor.lua((Path(__file__).parent / "configuration.lua").read_text())
    given = with_functions(editor.lua("return require('flemma.settings').plain()"))
    layers, issues = Layers(declared=DECLARED).with_layer(Layer.SETUP, given)
    assert {issue.trouble for issue in issues} == {"renamed"}
    assert len(issues) == 11
    settings = layers.resolve()
    assert (settings.parameters.max_tokens, settings.parameters.temperature, settings.parameters.timeout) == (
        4000,
        0.7,
        120,
    )
    assert settings.ui.usage == Settings().ui.usage
    assert settings.highlights == Settings().highlights
    assert settings.keymaps == Settings().keymaps
