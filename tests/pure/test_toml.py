"""Settings as TOML: written so that reading gives them back, and read with the lines on which they stand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py import log as log_file
from flemma_py.app.own_folders import OwnFolders
from flemma_py.app.settings_file import as_toml
from flemma_py.config.functions import LuaFunction
from flemma_py.config.toml import read_toml, toml_text
from flemma_py.errors import SettingsError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.one_of(TEXTS, st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False))
VALUES = st.recursive(
    PLAIN, lambda each: st.one_of(st.lists(each, max_size=4), st.dictionaries(TEXTS, each, max_size=4))
)


@given(st.dictionaries(TEXTS, VALUES, max_size=6))
def test_what_is_written_is_read_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml_text(table, ["a comment", "another\n"[:-1]])) == table


def test_what_is_nothing_is_left_out() -> None:
    assert toml_text({"a": None, "b": {"c": None, "d": [1, None]}}) == "[b]\nd = [1]\n"


def test_a_setting_is_found_on_its_line() -> None:
    text = (
        'model = "x"\n\n[parameters]  # a comment\nmax_tokens = 3\nthinking = { level = "high" }\n\n'
        '[providers."my.own"]\nkind = "openai_chat"\ntools.bash = 1\n'
    )
    found = read_toml(text, "x.toml")
    assert found.line_of("model") == 1
    assert found.line_of("parameters.max_tokens") == 4
    assert found.line_of("parameters.thinking.level") == 5
    assert found.line_of("parameters.nothing") == 3
    assert found.line_of("nothing") is None
    assert found.raw["providers"]["my.own"]["tools"]["bash"] == 1
    assert found.lines["providers", "my.own", "kind"] == 8


def test_what_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(SettingsError, match=r"x\.toml is no TOML: .*at line 2"):
        read_toml("a = 1\nb = = 2\n", "x.toml")


def test_a_date_is_a_text_that_no_setting_takes() -> None:
    assert read_toml("model = 2026-01-31\n", "x").raw == {"model": "2026-01-31"}


def test_functions_and_secrets_are_left_out_of_the_file() -> None:
    log_file.register_secret("canary-of-a-header")
    raw = {
        "model": "m1",
        "tools": {
            "auto_approve": ["read", LuaFunction(3)],
            "on": {"done": LuaFunction(4)},
            "bash": {"env": {"CI_TOKEN": "t", "CI": "1"}},
        },
        "providers": {"x": {"base_url": "http://a", "headers": {"X-Team": "canary-of-a-header"}}},
    }
    exported = as_toml(raw)
    assert tomllib.loads(exported.text) == {
        "model": "m1",
        "tools": {"auto_approve": ["read"], "on": {}, "bash": {"env": {"CI": "1"}}},
        "providers": {"x": {"base_url": "http://a", "headers": {}}},
    }
    assert exported.left_out == (
        "tools.auto_approve (of it a function, which stays in Neovim)",
        "tools.on.done (a function stays in Neovim)",
        "tools.bash.env.CI_TOKEN (it may be a secret)",
        "providers.x.headers.X-Team (it may be a secret)",
    )
    assert "canary" not in exported.text


def test_the_folders_are_those_of_neovim() -> None:
    found = OwnFolders.of({"HOME": "/h", "XDG_STATE_HOME": "/s", "NVIM_APPNAME": "mine"}, windows=False)
    assert found.config == Path("/h/.config/mine/flemma")
    assert (found.state, found.log, found.cache) == (
        Path("/s/mine/flemma"),
        Path("/s/mine"),
        Path("/h/.cache/mine/flemma"),
    )
    assert OwnFolders.of({"HOME": "/h", "XDG_STATE_HOME": "relative"}, windows=False).state == Path(
        "/h/.local/state/nvim/flemma"
    )
