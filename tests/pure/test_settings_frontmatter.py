"""What a chat may set for itself: the examples of the help, and who is trusted with what."""

from __future__ import annotations

from typing import Any

import pytest
from tests.pure.test_settings_lists import STANDARD, WITH_TOOLS, tools
from tests.pure.test_settings_names import DECLARED, at

from flemma_py.config import Layer, Layers
from flemma_py.config.frontmatter import Withheld, notice, with_frontmatter
from flemma_py.config.presets import members, read_presets
from flemma_py.model.setting_ops import Action, SettingOp

OWNED = Layers(declared=DECLARED, tools=WITH_TOOLS.tools, members=WITH_TOOLS.members)


def setting(path: str, value: Any, action: Action = "set") -> SettingOp:
    return SettingOp(tuple(path.split(".")), action, value, 2)


# ---- what a chat may choose


def test_tools_of_a_buffer() -> None:
    base = ("bash", "calculator", "read")
    assert tools(("set", ["bash", "read"])) == ("bash", "read")
    assert tools(("remove", "calculator")) == ("bash", "read")
    assert tools(("append", "calculator_async")) == (*base, "calculator_async")
    assert tools(("prepend", "read")) == ("read", "bash", "calculator")
    # As `+`, `-` and `^` are recorded, one after the other.
    assert tools(("append", "read"), ("remove", "calculator"), ("prepend", "read")) == ("read", "bash")
    assert tools(("remove", ["calculator", "bash"]), ("append", ["read", "write"])) == ("read", "write")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("anthropic.cache_retention", "none"),
        ("anthropic.thinking_budget", 20000),
        ("openai.reasoning", "high"),
        ("vertex.thinking_budget", 4096),
    ],
)
def test_parameters_of_a_buffer_without_the_word_parameters(path: str, value: Any) -> None:
    for name in (path, f"parameters.{path}"):
        done = with_frontmatter(OWNED, [setting(name, value)])
        assert not done.issues
        assert at(done.layers.resolve(), f"parameters.own.{path}") == value
        assert done.layers.origin(f"parameters.{path}") is Layer.FRONTMATTER


def test_a_whole_table_takes_the_place_of_what_the_file_said_before() -> None:
    first = setting("anthropic.max_tokens", 7)
    second = setting("anthropic", {"cache_retention": "long", "thinking_budget": 10000})
    found = with_frontmatter(OWNED, [first, second]).layers.resolve().parameters.own["anthropic"]
    assert (found.cache_retention, found.thinking_budget, found.max_tokens) == ("long", 10000, None)


def test_nothing_leaks_into_the_next_evaluation_or_chat() -> None:
    done = with_frontmatter(OWNED, [setting("model", "m"), setting("tools", ["read"])])
    again = with_frontmatter(done.layers, [])
    assert again.layers.resolve() == OWNED.with_own().resolve()


def test_a_wrong_word_has_its_line_and_a_suggestion_up_to_three_letters() -> None:
    done = with_frontmatter(OWNED, [setting("tmeperature", 1), setting("parameters.anthropic.cache_retension", "long")])
    assert [issue.suggestion for issue in done.faults] == ["temperature", "cache_retention"]
    assert {issue.line for issue in done.faults} == {2}
    assert [issue.suggestion for issue in with_frontmatter(OWNED, [setting("somewhere", 1)]).faults] == [None]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("provider", "openai"),
        ("model", "gpt"),
        ("parameters.temperature", 1),
        ("timeout", 5),
        ("highlights.user", "Comment"),
        ("ruler.char", "="),
        ("editing.foldlevel", 9),
        ("tools.cursor_after_result", "stay"),
        ("parameters.thinking.level", "low"),
    ],
)
def test_a_chat_may_choose_names_parameters_and_looks(path: str, value: Any) -> None:
    done = with_frontmatter(OWNED, [setting(path, value)])
    assert not done.issues
    assert not done.withheld


# ---- what tightens, and what does not


TIGHTER = [
    ("tools.require_approval", True, False),
    ("tools.autopilot", False, True),
    ("tools.autopilot.max_turns", 5, 500),
    ("tools.auto_approve_sandboxed", False, True),
    ("tools.auto_approve", ["read"], ["read", "bash"]),
    ("tools.auto_approve", [], ["$standard", "bash(git status)"]),
    ("tools.auto_approve", ["read", "deny write(docs/**)", "ask grep"], ["read", "allow grep(x)"]),
    ("tools.max_concurrent", 1, 0),
    ("tools.default_timeout", 5, 500),
    ("tools.consent", "seen", "seed"),
    ("tools.truncate.max_lines", 10, 4000),
    ("tools.grep.exclude", ["dist", *WITH_TOOLS.resolve().tools.grep.exclude], ["dist"]),
    ("tools.mcporter.enabled", False, True),
    ("sandbox", True, False),
    ("sandbox.policy.network", False, True),
    ("sandbox.policy.allow_privileged", False, True),
    ("sandbox.policy.rw_paths", ["urn:flemma:cwd"], ["urn:flemma:cwd", "/"]),
]
OWNERS = {
    "tools": {
        "require_approval": False,
        "autopilot": {"enabled": False, "max_turns": 50},
        "auto_approve_sandboxed": False,
        "max_concurrent": 4,
        "truncate": {"max_lines": 100},
    },
    "sandbox": {"enabled": True, "policy": {"network": False}},
}


@pytest.mark.parametrize(("path", "value"), [(path, value) for path, value, _ in TIGHTER])
def test_a_chat_may_be_stricter_than_its_owner(path: str, value: Any) -> None:
    layers, issues = OWNED.with_layer(Layer.SETUP, OWNERS)
    assert not issues
    done = with_frontmatter(layers, [setting(path, value)])
    assert not done.issues
    assert not done.withheld


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, _, value in TIGHTER if path != "tools.require_approval"]
)
def test_what_loosens_is_withheld_until_the_owner_agrees(path: str, value: Any) -> None:
    layers, _ = OWNED.with_layer(Layer.SETUP, OWNERS)
    done = with_frontmatter(layers, [setting(path, value)])
    assert [each.line for each in done.withheld] == [2]
    assert done.layers.resolve() == layers.resolve()
    agreed = with_frontmatter(layers, [setting(path, value)], trusted=True)
    assert not agreed.withheld
    assert agreed.layers.resolve() != layers.resolve()


def test_approval_that_the_owner_asks_for_stays_asked_for() -> None:
    done = with_frontmatter(OWNED, [setting("tools.require_approval", False)])
    assert done.withheld == (Withheld("tools.require_approval", False, 2, "allows more than the owner's settings do"),)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("providers.anthropic.base_url", "http://theirs"),
        ("providers.anthropic.api_key_env", "HOME"),
        ("providers.anthropic.api_key_cmd", "cat x"),
        ("providers.anthropic.headers", {"a": "b"}),
        ("providers.x", {"kind": "openai_chat", "base_url": "http://x"}),
        ("parameters.vertex.location", "evil.example/"),
        ("vertex", {"location": "evil.example/"}),
        ("tools.bash.shell", "/x"),
        ("tools.bash.env", {"PATH": "/x"}),
        ("tools.ls.cwd", "/"),
        ("sandbox.backend", "none"),
        ("sandbox.backends.bwrap.path", "/x"),
        ("tools.truncate.output_path_format", "/etc/x"),
        ("editing.auto_write", True),
        ("ui.statusline.format", "%{system('x')}"),
        ("ui.pricing.enabled", False),
        ("sessions.mirror", "off"),
    ],
)
def test_what_names_a_program_an_address_a_key_or_a_path_is_withheld(path: str, value: Any) -> None:
    done = with_frontmatter(OWNED, [setting(path, value)])
    assert done.withheld
    assert not done.faults
    assert done.layers.resolve() == OWNED.with_own().resolve()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("presets", {"$x": "a m"}),
        ("proxy", "http://x"),
        ("ca_bundle", "/x"),
        ("logging.path", "/etc/passwd"),
        ("keymaps.normal.send", "<F2>"),
        ("tools.modules", ["os"]),
        ("templating.modules", ["os"]),
        ("secrets.gcloud.path", "/x"),
        ("sessions.dir", "/x"),
        ("lsp.enabled", False),
    ],
)
@pytest.mark.parametrize("trusted", [True, False])
def test_what_is_for_all_chats_is_for_setup_alone(path: str, value: Any, trusted: bool) -> None:
    done = with_frontmatter(OWNED, [setting(path, value)], trusted=trusted)
    message = f"{path} can be set in setup(), not in a chat's frontmatter; it was ignored."
    assert [(issue.message, issue.line) for issue in done.issues] == [(message, 2)]
    assert not done.faults
    assert done.layers.resolve() == OWNED.with_own().resolve()


def test_a_list_is_measured_by_what_comes_of_all_steps() -> None:
    harmless = [setting("tools.auto_approve", "write", "remove"), setting("tools.auto_approve", "write", "append")]
    done = with_frontmatter(OWNED, harmless)
    assert not done.withheld
    assert set(done.layers.resolve().tools.auto_approve) == set(STANDARD or ())
    done = with_frontmatter(OWNED, [setting("tools.auto_approve", "bash", "append"), *harmless])
    assert [each.value for each in done.withheld] == [("bash",)]
    assert "bash" not in done.layers.resolve().tools.auto_approve


def test_a_table_that_looks_like_a_function_is_a_table() -> None:
    done = with_frontmatter(OWNED, [setting("tools.auto_approve", [{"flemma:function": 1}])], trusted=True)
    assert [issue.trouble for issue in done.faults] == ["misfit"]


def test_all_that_is_withheld_is_one_sentence() -> None:
    done = with_frontmatter(OWNED, [setting("sandbox", False), setting("tools.bash.shell", "x")])
    assert notice(done.withheld, "talk.chat") == (
        "The frontmatter of talk.chat asks for what only you can allow; left out: sandbox.enabled (line 3), "
        "tools.bash.shell (line 3). :Flemma trust shows it."
    )


# ---- presets


def test_a_chat_may_take_a_preset_of_its_owners_but_not_looser_approval() -> None:
    presets, _ = read_presets(
        {
            "$fast": {"provider": "vertex", "model": "m", "location": "eu", "temperature": 1},
            "$free": {"provider": "openai", "model": "g", "auto_approve": ["$standard", "bash"]},
            "$careful": {"auto_approve": ["read"]},
        }
    )
    layers = Layers(declared=DECLARED, members=members(presets), tools=WITH_TOOLS.tools)
    settings = with_frontmatter(layers, [setting("model", "$fast")], presets=presets).layers.resolve()
    assert (settings.provider, settings.model, settings.parameters.temperature) == ("vertex", "m", 1)
    assert settings.parameters.own["vertex"].location == "eu"
    done = with_frontmatter(layers, [setting("model", "$free")], presets=presets)
    assert [each.path for each in done.withheld] == ["tools.auto_approve"]
    assert done.layers.resolve().model == "g"
    done = with_frontmatter(layers, [setting("model", "$careful")], presets=presets)
    assert done.layers.resolve().tools.auto_approve == ("read",)
    assert done.layers.resolve().model is None
    done = with_frontmatter(layers, [setting("model", "$fats")], presets=presets)
    assert [(issue.message, issue.line) for issue in done.faults] == [
        ("There is no preset $fats: did you mean $fast?", 2)
    ]
