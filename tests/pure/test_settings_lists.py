"""Lists that several layers change: the algebra of set, append, prepend and remove."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flemma_py.config import Layer, Layers
from flemma_py.config.frontmatter import with_frontmatter
from flemma_py.config.lists import ListChange, Words, expander
from flemma_py.config.presets import BUILT_IN, members
from flemma_py.config.toolnames import ToolNames
from flemma_py.model.setting_ops import Action, SettingOp

WORDS = st.lists(st.sampled_from("abcdef"), max_size=5).map(tuple)
STEPS = st.lists(st.tuples(st.sampled_from(get_args(Action)), WORDS), max_size=6)
PLAIN = expander({})
TOOLS = ToolNames(("bash", "calculator", "read"), ("bash", "calculator", "calculator_async", "read"))
WITH_TOOLS = Layers(tools=TOOLS, members=members(BUILT_IN))
STANDARD = BUILT_IN["$standard"].auto_approve


def change(steps: list[tuple[Action, Words]]) -> ListChange:
    made = ListChange()
    for action, words in steps:
        made = made.then(action, words)
    return made


def apply(base: Words, *steps: tuple[Action, Words]) -> Words:
    return change(list(steps)).apply(base, base, PLAIN)


@given(WORDS, STEPS)
def test_a_word_is_in_a_list_once(base: Words, steps: list[tuple[Action, Words]]) -> None:
    result = apply(tuple(dict.fromkeys(base)), *steps)
    assert len(result) == len(set(result))


@given(WORDS, STEPS, WORDS)
def test_a_set_discards_what_came_before(base: Words, steps: list[tuple[Action, Words]], words: Words) -> None:
    assert apply(base, *steps, ("set", words)) == tuple(dict.fromkeys(words))


@given(WORDS, WORDS)
def test_what_is_appended_is_last_and_what_is_prepended_first_both_in_their_order(base: Words, words: Words) -> None:
    unique = tuple(dict.fromkeys(words))
    others = tuple(word for word in dict.fromkeys(base) if word not in words)
    base = tuple(dict.fromkeys(base))
    assert apply(base, ("append", words)) == others + unique
    assert apply(base, ("prepend", words)) == unique + others
    assert apply(base, ("remove", words)) == others


@given(WORDS, WORDS)
def test_removing_twice_and_removing_what_was_just_added_are_one_removal(base: Words, words: Words) -> None:
    base = tuple(dict.fromkeys(base))
    assert apply(base, ("remove", words), ("remove", words)) == apply(base, ("remove", words))
    assert apply(base, ("append", words), ("remove", words)) == apply(base, ("remove", words))


@given(WORDS, STEPS, STEPS)
def test_one_layer_over_another_is_the_same_as_all_its_steps_in_one(
    base: Words, low: list[tuple[Action, Words]], high: list[tuple[Action, Words]]
) -> None:
    base = tuple(dict.fromkeys(base))
    assert change(high).apply(change(low).apply(base, base, PLAIN), base, PLAIN) == apply(base, *low, *high)


def test_of_successive_prepends_the_last_is_first() -> None:
    assert apply(("x",), ("prepend", ("a",)), ("prepend", ("b",))) == ("b", "a", "x")


@given(st.dictionaries(st.sampled_from(["$a", "$b", "$c"]), st.lists(st.sampled_from(["$a", "$b", "$c", "x", "y"]))))
def test_presets_that_name_each_other_in_a_circle_end(table: dict[str, list[str]]) -> None:
    assert not [word for word in expander(table)(["$a", "$b", "$c"]) if word in table]


def tools(*ops: tuple[Action, Any], layers: Layers = WITH_TOOLS, path: str = "tools") -> tuple[Any, ...] | None:
    done = with_frontmatter(layers, [SettingOp(tuple(path.split(".")), *op, 1) for op in ops], trusted=True)
    assert not done.issues
    settings = done.layers.resolve()
    return settings.tools.offered if path == "tools" else settings.tools.auto_approve


def test_without_a_word_on_it_all_enabled_tools_are_offered() -> None:
    assert WITH_TOOLS.resolve().tools.offered is None
    assert Layers().resolve().tools.auto_approve == ("$standard",)


def test_a_tool_that_is_off_may_be_appended_or_named() -> None:
    assert tools(("append", "calculator_async")) == ("bash", "calculator", "read", "calculator_async")
    assert tools(("set", ["calculator_async"])) == ("calculator_async",)


@pytest.mark.parametrize("nothing", [[], {}, ()])
def test_an_empty_list_is_no_tools(nothing: Any) -> None:
    assert tools(("set", nothing)) == ()
    json = SettingOp((), "set", {"tools": {"$set": list(nothing)}}, 1)
    assert with_frontmatter(WITH_TOOLS, [json]).layers.resolve().tools.offered == ()


def test_none_gives_the_default_back() -> None:
    assert tools(("set", ["read"]), ("set", None)) == TOOLS.enabled


def test_a_preset_is_removed_with_each_of_its_members() -> None:
    assert tools(path="tools.auto_approve") == STANDARD
    assert tools(("remove", "$standard"), ("append", "bash"), path="tools.auto_approve") == ("bash",)
    without = tools(("remove", ["$readonly"]), path="tools.auto_approve")
    assert without == ("write", "edit")


def test_one_word_is_a_list_where_it_is_added_and_a_rule_of_approval_even_where_it_is_set() -> None:
    assert tools(("remove", "bash")) == ("calculator", "read")
    assert tools(("set", "bash"), path="tools.auto_approve") == ("bash",)
    done = with_frontmatter(WITH_TOOLS, [SettingOp(("tools",), "set", "bash", 1)])
    assert [issue.trouble for issue in done.faults] == ["misfit"]


def test_layers_are_replayed_from_below() -> None:
    layers, _ = WITH_TOOLS.with_layer(Layer.SETUP, {"tools": {"$remove": "bash"}})
    layers, _ = layers.with_layer(Layer.RUNTIME, {"tools": {"offered": {"$prepend": ["read"]}}})
    assert tools(layers=layers) == ("read", "calculator")
    assert tools(("append", "bash"), layers=layers) == ("read", "calculator", "bash")
    assert layers.contributors("tools.offered") == (Layer.SETUP, Layer.RUNTIME)
    assert layers.origin("tools.offered") is Layer.RUNTIME
    layers, _ = layers.with_changes(Layer.RUNTIME, {"tools": {"$set": ["read"]}})
    assert layers.contributors("tools.offered") == (Layer.RUNTIME,)


def test_removing_what_is_not_there_makes_nobody_an_origin() -> None:
    layers, _ = WITH_TOOLS.with_layer(Layer.SETUP, {"tools": {"$remove": "calculator_async"}})
    assert layers.contributors("tools.offered") == ()
    assert layers.origin("tools.offered") is Layer.DEFAULTS


def test_setup_takes_a_list_a_table_or_both_at_once() -> None:
    for given_tools in (["bash"], {"1": "bash", "autopilot": True}, {"offered": ["bash"]}):
        layers, issues = WITH_TOOLS.with_layer(Layer.SETUP, {"tools": given_tools})
        assert not issues
        assert layers.resolve().tools.offered == ("bash",)
        assert layers.resolve().tools.autopilot.enabled == ("autopilot" in given_tools)


@pytest.mark.parametrize("off", [False, {"enabled": False}])
def test_a_switch_may_stand_for_its_table(off: Any) -> None:
    on, _ = Layers().with_layer(Layer.SETUP, {"tools": {"autopilot": {"enabled": True, "max_turns": 5}}})
    for op in (SettingOp(("tools", "autopilot"), "set", off, 0), SettingOp((), "set", {"sandbox": True}, 0)):
        on = with_frontmatter(on, [op]).layers if op.path else on
    found = with_frontmatter(on, [SettingOp((), "set", {"tools": {"autopilot": off}}, 0)]).layers.resolve()
    assert (found.tools.autopilot.enabled, found.tools.autopilot.max_turns) == (False, 5)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"tools": {"$apend": "x"}}, "tools has no operator $apend: did you mean $append?"),
        (
            {"tools": {"$something": 1}},
            "tools has no operator $something (there are $set, $append, $remove, $prepend).",
        ),
        ({"model": {"$append": "x"}}, "model is no list: nothing can be appended to it, prepended or removed."),
        (
            {"parameters": {"$append": "x"}},
            "parameters is no list: nothing can be appended to it, prepended or removed.",
        ),
        ({"tools": {"auto_approve": {"$set": [3]}}}, "tools.auto_approve must be a list of tools, rules and $presets,"),
        ({"tools": {"auto_approve": True}}, "tools.auto_approve must be"),
        ({"parameters": {"max_tokens": [1]}}, "parameters.max_tokens must be"),
        ({"tools": ["calculater"]}, "tools.offered: there is no tool calculater. Did you mean calculator?"),
        ({"tools": {"$remove": "calculater"}}, "tools.offered: there is no tool calculater. Did you mean calculator?"),
        ({"tools": ["something_else"]}, "tools.offered: there is no tool something_else."),
        ({"tools": {"approve": ["$standart"]}}, "tools.auto_approve: there is no preset $standart. Did you mean"),
        ({"tools": {"approve": ["bsh(git *)"]}}, "tools.auto_approve: there is no tool bsh. Did you mean bash?"),
    ],
)
def test_what_is_wrong_in_frontmatter_is_said_with_its_line(raw: Any, said: str) -> None:
    done = with_frontmatter(WITH_TOOLS, [SettingOp((), "set", raw, 4), SettingOp(("model",), "set", "m", 5)])
    assert [issue.message.startswith(said) for issue in done.faults] == [True], done.faults
    assert done.faults[0].line == 4
    assert done.layers.resolve().model == "m"


def test_operators_and_keys_may_share_a_table_and_set_is_good_for_any_setting() -> None:
    raw = {
        "tools": {
            "$remove": "bash",
            "$append": ["calculator_async"],
            "autopilot": False,
            "show_spinner": {"$set": False},
        }
    }
    done = with_frontmatter(WITH_TOOLS, [SettingOp((), "set", raw, 0)])
    assert not done.issues
    found = done.layers.resolve().tools
    assert found.offered == ("calculator", "read", "calculator_async")
    assert not found.show_spinner
