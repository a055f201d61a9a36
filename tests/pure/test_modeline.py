"""Words of a command line, and presets that are written with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.config.modeline import parse, tokens
from flemma_py.config.presets import BUILT_IN, Preset, expand_model, find_preset, read_presets
from flemma_py.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("nil", None),
        ("null", None),
        ("", None),
        ("3", 3),
        ("-3", -3),
        ("0x1F", 31),
        ("0.5", 0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("nan", "nan"),
        ("50%", "50%"),
        ('"3"', "3"),
        ("'a b'", "a b"),
        (r'"say \"hi\" \\ \n"', r'say "hi" \ \n'),
        ('"open', '"open'),
        ("a,2,true", ["a", 2, True]),
        ('"a,b",c', ["a,b", "c"]),
        ("a=b", "a=b"),
    ],
)
def test_a_value_has_the_type_that_its_words_have(text: str, value: Any) -> None:
    assert parse(f"x key={text}").named == {"key": value}


def test_words_stay_as_they_were_written() -> None:
    line = parse("""  openai  gpt-5 'my model' 3 temperature=0.3 it's """)
    assert line.words == ("openai", "gpt-5", "my model", "3", "it's")
    assert line.named == {"temperature": 0.3}


@given(st.text())
def test_any_line_is_read(line: str) -> None:
    parse(line)
    assert "".join("".join(tokens(line)).split()) == "".join(line.split())


def test_presets_are_lines_or_tables() -> None:
    found, problems = read_presets(
        {
            "$line": "anthropic claude-x temperature=0.2 max_tokens=",
            "$table": {"provider": "a", "model": "m", "max_tokens": 6},
            "$list": ["a", "m"],
            "$mixed": {"1": "a", "2": "m", "temperature": 1},
            "$rule": {"auto_approve": ["read"]},
        }
    )
    assert not problems
    assert found["$line"] == Preset("anthropic", "claude-x", {"temperature": 0.2})
    assert found["$table"] == Preset("a", "m", {"max_tokens": 6})
    assert found["$list"] == Preset("a", "m")
    assert found["$mixed"] == Preset("a", "m", {"temperature": 1})
    assert found["$rule"] == Preset(auto_approve=("read",))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("fast", "a m", "the name of a preset begins with $"),
        ("$x", "anthropic", "must name a provider, a model"),
        ("$x", "a m more", "must name a provider, a model"),
        ("$x", 3, "it must be a text"),
        ("$x", {"model": "m"}, "it names no provider"),
        ("$x", {"provider": 3}, "its provider must be a name"),
        ("$x", ["a", "m", "more"], "more words than a provider and a model: more"),
        ("$x", {"provider": "a", "auto_approve": "all"}, "its auto_approve must be a list"),
    ],
)
def test_a_preset_that_cannot_be_is_told_and_the_others_stay(name: str, value: Any, said: str) -> None:
    found, problems = read_presets({name: value, "$good": "a m"})
    assert found.keys() - BUILT_IN.keys() == {"$good"}
    assert len(problems) == 1
    assert problems[0].startswith(f"presets.{name} was ignored: ")
    assert said in problems[0]
    assert problems[0].endswith(".")


def test_a_model_may_be_a_preset() -> None:
    presets, _ = read_presets({"$fast": "a m temperature=1 max_tokens=5"})
    raw = expand_model({"model": "$fast", "parameters": {"max_tokens": 7}}, presets)
    assert raw == {"provider": "a", "model": "m", "parameters": {"temperature": 1, "max_tokens": 7}}
    own, _ = read_presets({"$own": "a m effort=low depth=2 temperature=1"})
    raw = expand_model({"model": "$own", "parameters": {"a": {"depth": 3}}}, own)
    assert raw["parameters"] == {"temperature": 1, "a": {"effort": "low", "depth": 3}}
    assert expand_model({"model": "plain"}, presets) == {"model": "plain"}
    with pytest.raises(SettingsError, match="for a, not for b"):
        expand_model({"model": "$fast", "provider": "b"}, presets)
    with pytest.raises(SettingsError, match="did you mean"):
        find_preset(presets, "$fats")
