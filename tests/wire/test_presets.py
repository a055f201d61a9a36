"""Presets that bring a rule of approval: at the start, on a switch, and over a restart of the host."""

from __future__ import annotations

from typing import Any

import pytest

from flemma_py.app.services import Services
from flemma_py.config import Layer
from flemma_py.config.functions import MARK, LuaFunction
from flemma_py.model.setting_ops import SettingOp

PRESETS = {
    "$careful": {"auto_approve": ["$readonly"]},
    "$review": {
        "provider": "anthropic",
        "model": "m",
        "max_tokens": 6000,
        "auto_approve": ["read", "bash(git diff *)"],
    },
    "$plain": "anthropic claude-x temperature=0.2",
}


def services(**settings: Any) -> Services:
    made = Services({}, lambda _, message: said.append(message))
    said: list[str] = []
    made.configure({"presets": PRESETS, **settings})
    made.settle()
    made.said = said  # type: ignore[attr-defined]
    return made


def approved(made: Services) -> tuple[Any, ...]:
    return made.settings.tools.auto_approve


STANDARD = ("read", "write", "edit", "find", "grep", "ls")
READONLY = ("read", "find", "grep", "ls")


def test_what_is_built_in_holds_without_setup() -> None:
    assert approved(services()) == STANDARD
    assert not services().complaints


def test_a_switch_to_a_preset_applies_its_rule_at_run_time() -> None:
    made = services(provider="anthropic", model="before")
    assert made.switch("$careful").message == "Switched to $careful"
    assert approved(made) == READONLY
    assert made.layers.origin("tools.auto_approve") is Layer.RUNTIME
    assert (made.settings.provider, made.settings.model) == ("anthropic", "before")
    made.switch("$review")
    assert approved(made) == ("read", "bash(git diff *)")
    assert made.settings.parameters.max_tokens == 6000
    # One that says nothing of approval leaves it as it is.
    made.switch("$plain")
    assert approved(made) == ("read", "bash(git diff *)")
    assert made.switch("$readonly").done
    assert approved(made) == READONLY


def test_a_preset_without_a_provider_needs_none_unless_a_model_is_named() -> None:
    made = services()
    assert made.switch("$careful temperature=1").done
    assert made.settings.parameters.temperature == 1
    assert not made.switch("$careful claude-x").done
    made = services(provider="anthropic")
    assert made.switch("$careful claude-x").done
    assert made.settings.model == "claude-x"


def test_a_preset_may_be_the_model_of_setup() -> None:
    made = services(model="$review")
    assert (made.settings.provider, made.settings.model) == ("anthropic", "m")
    assert approved(made) == ("read", "bash(git diff *)")
    made = services(model="$careful")
    assert approved(made) == READONLY
    assert made.settings.model is None
    made = services(model="$review", tools={"auto_approve": ["ls"], "show_spinner": False})
    assert approved(made) == ("ls",)
    made = services(model="$review", tools=["calculator"])
    assert made.settings.tools.offered == ("calculator",)
    assert approved(made) == ("read", "bash(git diff *)")


def test_a_preset_of_the_owners_takes_the_place_of_a_built_in_one() -> None:
    made = services(presets={"$standard": {"auto_approve": ["read", "$more"]}, "$more": {"auto_approve": ["ls"]}})
    assert approved(made) == ("read", "ls")


@pytest.mark.parametrize("rule", ["read", {"read": True}, [{"a": 1}], [3]])
def test_a_rule_that_is_no_list_makes_the_preset_void(rule: Any) -> None:
    made = services(presets={"$x": {"provider": "anthropic", "auto_approve": rule}, "x": "a m", "$y": "anthropic m"})
    assert made.presets.keys() == {"$readonly", "$standard", "$y"}
    assert len(made.complaints) == 2


def test_a_tool_that_there_is_not_is_told() -> None:
    assert services(tools={"auto_approve": ["bsh"]}).complaints == (
        "tools.auto_approve: there is no tool bsh. Did you mean bash?",
    )


def test_what_was_switched_outlives_the_host_functions_included() -> None:
    presets = {"$x": {"provider": "anthropic", "model": "m", "auto_approve": [{MARK: 7}, "read"]}}
    made = services(presets=presets)
    made.switch("$x")
    assert approved(made) == (LuaFunction(7), "read")
    runtime = made.catalogue()["runtime"]
    assert runtime["tools"] == {"auto_approve": [{MARK: 7}, "read"]}
    again = Services({}, lambda _, message: None)
    again.restore(runtime)
    again.configure({"presets": presets})
    again.settle()
    assert approved(again) == (LuaFunction(7), "read")


def test_an_old_name_is_told_once() -> None:
    made = services(notify={"timeout": 1})
    told: list[str] = made.said  # type: ignore[attr-defined]
    assert told == ["Settings:\n  notify is called ui.usage by now; the old name holds, too."]
    made.configure({"notify": {"timeout": 2}})
    assert len(told) == 1
    assert not made.complaints
    assert made.settings.ui.usage.timeout == 2


def test_a_chat_has_settings_of_its_own() -> None:
    made = services()
    done = made.with_frontmatter([SettingOp(("tools",), "remove", "calculator", 1)], trusted=False)
    assert "calculator" not in (done.layers.resolve().tools.offered or ())
    assert made.settings.tools.offered is None
