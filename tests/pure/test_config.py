from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.config import Layer, Layers
from flemma_py.config.frontmatter import Frontmatter, with_frontmatter
from flemma_py.config.schema import Trust, key
from flemma_py.config.spelling import edits, nearest
from flemma_py.model.setting_ops import SettingOp


def set_up(raw: Any, layer: Layer = Layer.SETUP) -> tuple[Layers, list[str]]:
    layers, issues = Layers().with_layer(layer, raw)
    return layers, [issue.message for issue in issues]


def from_file(layers: Layers, raw: Any) -> Frontmatter:
    return with_frontmatter(layers, [SettingOp((), "set", raw, None)])


def test_without_layers_every_setting_has_its_default() -> None:
    settings = Layers().resolve()
    assert settings.provider is None
    assert settings.parameters.max_tokens == "50%"
    assert settings.parameters.timeout == 600
    assert settings.tools.cursor_after_result == "result"
    assert settings.keymaps.normal.send == "<C-]>"
    assert settings.providers == {}


def test_the_highest_layer_that_sets_a_key_wins_and_is_its_origin() -> None:
    layers = Layers()
    for layer, tokens in ((Layer.SETUP, 1), (Layer.RUNTIME, 2)):
        layers, issues = layers.with_layer(layer, {"parameters": {"max_tokens": tokens}})
        assert not issues
    file = from_file(layers, {"parameters": {"max_tokens": 3}}).layers
    assert file.resolve().parameters.max_tokens == 3
    assert file.origin("parameters.max_tokens") is Layer.FRONTMATTER
    assert file.origin("parameters.timeout") is Layer.DEFAULTS
    assert layers.resolve().parameters.max_tokens == 2


def test_a_layer_is_replaced_as_a_whole() -> None:
    layers, _ = set_up({"model": "one", "tools": {"show_spinner": False}})
    layers, _ = layers.with_layer(Layer.SETUP, {"model": "two"})
    assert layers.resolve().model == "two"
    assert layers.resolve().tools.show_spinner is True


def test_nothing_shadows_a_lower_layer_with_the_default() -> None:
    layers, _ = set_up({"parameters": {"temperature": 1, "max_tokens": 10}})
    layers, issues = layers.with_layer(Layer.RUNTIME, {"parameters": {"temperature": None, "max_tokens": None}})
    assert not issues
    assert layers.resolve().parameters.temperature is None
    assert layers.resolve().parameters.max_tokens == "50%"
    assert layers.origin("parameters.temperature") is Layer.RUNTIME


def test_a_bad_key_or_value_is_told_and_its_siblings_apply() -> None:
    layers, messages = set_up(
        {"parameters": {"max_tokns": 1, "timeout": "soon", "temperature": 0.5}, "model": "m", "nonsense": {}}
    )
    assert messages == [
        "parameters.max_tokns is not a setting. Did you mean parameters.max_tokens?",
        "parameters.timeout must be a number of seconds above 0.",
        "nonsense is not a setting.",
    ]
    assert layers.resolve().parameters.temperature == 0.5
    assert layers.resolve().model == "m"


@pytest.mark.parametrize(
    "raw",
    [
        {"model": 3},
        {"model": True},
        {"parameters": {"max_tokens": True}},
        {"parameters": {"max_tokens": 0}},
        {"parameters": {"max_tokens": "0%"}},
        {"parameters": {"max_tokens": "101%"}},
        {"parameters": {"max_tokens": 1.5}},
        {"parameters": {"temperature": 3}},
        {"parameters": {"timeout": 0}},
        {"parameters": {"anthropic": {"cache_retention": "long"}}},
        {"providers": {"x": {"headers": {"a": 1}}}},
        {"providers": {"x": {"api_key_cmd": [1]}}},
        {"providers": {"x": {"retries": 11}}},
        {"tools": {"show_spinner": 1}},
        {"keymaps": {"normal": {"send": True}}},
        {"keymaps": {"normal": "x"}},
        {"providers": ["anthropic"]},
        {"logging": {"level": "LOUD"}},
        "model",
        ["model"],
    ],
)
def test_a_value_of_a_wrong_form_is_one_issue_and_changes_nothing(raw: Any) -> None:
    layers, messages = set_up(raw)
    assert len(messages) == 1
    assert layers.resolve() == Layers().resolve()


@pytest.mark.parametrize("raw", [{"parameters": {"max_tokens": 1}}, {"parameters": {"max_tokens": "100%"}}])
def test_tokens_are_a_number_or_a_share(raw: Any) -> None:
    layers, messages = set_up(raw)
    assert not messages
    assert layers.resolve().parameters.max_tokens == raw["parameters"]["max_tokens"]


@pytest.mark.parametrize(
    "value",
    [
        *("off", "minimal", "max", False, 0, 1, 4096, 4096.5, {}),
        *({"level": "low"}, {"level": 9}, {"level": False, "foreign": "drop"}),
        *({"foreign": "preserve"}, {"level": None, "foreign": None}),
    ],
)
def test_thinking_is_a_level_a_number_or_a_table(value: Any) -> None:
    layers, messages = set_up({"parameters": {"thinking": value}})
    assert not messages
    assert layers.resolve().parameters.thinking == value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("hihg", "parameters.thinking must be off, minimal, low, medium, high, max, false, a number of tokens, or a"),
        ("hihg", "Did you mean high?"),
        (True, "parameters.thinking must be off"),
        (-1, "parameters.thinking must be off"),
        (float("inf"), "parameters.thinking must be off"),
        (float("nan"), "parameters.thinking must be off"),
        (["high"], "parameters.thinking must be off"),
        ({"level": "mx"}, "parameters.thinking.level must be off, minimal"),
        ({"level": True}, "parameters.thinking.level must be"),
        ({"level": {}}, "parameters.thinking.level must be"),
        ({"levl": "high"}, "parameters.thinking.levl is not a setting. Did you mean parameters.thinking.level?"),
        ({"foreign": "drp"}, "parameters.thinking.foreign must be preserve or drop. Did you mean drop?"),
        ({"foreign": True}, "parameters.thinking.foreign must be preserve or drop."),
        ({"colour": 1}, "parameters.thinking.colour is not a setting."),
    ],
)
def test_what_is_wrong_with_thinking_is_told_by_its_place(value: Any, said: str) -> None:
    layers, messages = set_up({"parameters": {"thinking": value}})
    assert len(messages) == 1 and said in messages[0]
    assert layers.resolve().parameters.thinking is None


@pytest.mark.parametrize("off", [False, ""])
def test_a_key_can_be_switched_off(off: Any) -> None:
    layers, messages = set_up({"keymaps": {"insert": {"send": off}}})
    assert not messages
    assert not layers.resolve().keymaps.insert.send


def test_a_wrong_word_is_answered_with_the_nearest_right_one() -> None:
    _, messages = set_up({"tools": {"cursor_after_result": "sty"}})
    assert messages == ["tools.cursor_after_result must be result, stay or next. Did you mean stay?"]


def test_a_wrong_value_is_never_repeated() -> None:
    _, messages = set_up({"providers": {"anthropic": {"base_url": ["sk-ant-canary"]}}})
    assert "canary" not in messages[0]


@pytest.mark.parametrize("raw", [[], {"parameters": []}, {"providers": []}, {"providers": {"anthropic": []}}])
def test_an_empty_list_is_an_empty_table(raw: Any) -> None:
    layers, messages = set_up(raw)
    assert not messages
    assert layers.resolve() == Layers().resolve()


def test_providers_have_names_of_the_owners_choice_with_dots_even() -> None:
    layers, messages = set_up({"providers": {"my.proxy": {"base_url": "http://localhost:1"}}})
    assert not messages
    assert layers.resolve().providers["my.proxy"].base_url == "http://localhost:1"
    assert layers.origin(("providers", "my.proxy", "base_url")) is Layer.SETUP


def test_ordinary_settings_load_without_pydantic() -> None:
    program = (
        "import sys; from flemma_py.config import Layer, Layers\n"
        "raw = {'model': 'm', 'parameters': {'max_tokens': 8000, 'timeout': 60, 'temperature': 0.5},"
        " 'providers': {'anthropic': {'base_url': 'http://localhost', 'headers': {'a': 'b'},"
        " 'models': ['m'], 'api_key_cmd': ['x']}}, 'presets': {'$x': 'a m', '$y': {'provider': 'a'}},"
        " 'tools': {'show_spinner': False}, 'keymaps': {'normal': {'send': False}}, 'logging': {'level': 'INFO'}}\n"
        "layers, issues = Layers().with_layer(Layer.SETUP, raw); layers.resolve()\n"
        "assert not issues and 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": "python"})


def test_distance_counts_inserted_deleted_and_replaced_letters() -> None:
    assert edits("", "abc") == 3
    assert edits("kitten", "sitting") == 3
    assert nearest("temprature", ["timeout", "temperature"]) == "temperature"
    assert nearest("abcdefgh", ["timeout"]) is None
    assert nearest("ui", ["to"]) is None
    assert nearest("x", []) is None


LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.just([])
)
NAMES = st.sampled_from(["provider", "model", "parameters", "tools", "providers", "timeout", "max_tokens", "x"])


@given(st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12))
def test_any_table_gives_settings_and_issues_never_an_error(raw: Any) -> None:
    for layer in (Layer.SETUP, Layer.RUNTIME):
        layers, _ = Layers().with_layer(layer, raw)
        layers.resolve()
    from_file(Layers(), raw).layers.resolve()


@dataclass(frozen=True, slots=True)
class Own:
    colour: str | None = key(None, "a colour", trust=Trust.FILE)


def test_a_provider_declares_its_parameters_itself() -> None:
    layers, issues = Layers(declared={"painter": Own}).with_layer(
        Layer.SETUP,
        {
            "parameters": {"painter": {"colour": "red", "timeout": 5}, "mine": {"colour": "blue"}},
            "providers": {"mine": {"kind": "painter"}},
        },
    )
    assert not issues
    own = layers.resolve().parameters.own
    assert (own["painter"].colour, own["painter"].timeout, own["mine"].colour) == ("red", 5, "blue")
    layers = from_file(layers, {"parameters": {"painter": {"colour": "green"}}}).layers
    assert layers.resolve().parameters.own["painter"].colour == "green"


def test_changes_leave_other_keys_of_their_layer() -> None:
    layers, _ = Layers().with_changes(Layer.RUNTIME, {"model": "m", "parameters": {"temperature": 1}})
    layers, _ = layers.with_changes(Layer.RUNTIME, {"parameters": {"temperature": None}})
    assert layers.resolve().model == "m"
    assert layers.resolve().parameters.temperature is None
