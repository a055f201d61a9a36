"""Every setting by its name, and by each older or shorter one, with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from flemma_py.config import Layer, Layers
from flemma_py.config.frontmatter import with_frontmatter
from flemma_py.config.functions import LuaFunction
from flemma_py.config.group import Trust, as_table, entries, key
from flemma_py.config.renamed import OLD
from flemma_py.config.schema import Settings
from flemma_py.model.setting_ops import SettingOp
from flemma_py.providers.anthropic import Parameters as AnthropicParameters


@dataclass(frozen=True, slots=True)
class OfOpenai:
    reasoning: str | None = key(None, "a level", trust=Trust.FILE)


@dataclass(frozen=True, slots=True)
class OfVertex:
    project_id: str | None = key(None, "a project")
    location: str = key("global", "a region")
    thinking_budget: int | None = key(None, "a number", trust=Trust.FILE)


DECLARED = {"anthropic": AnthropicParameters, "openai": OfOpenai, "vertex": OfVertex}
COLOUR = "Normal+bg:#101010"
KEPT = ("urn:flemma:cwd", "urn:flemma:buffer:path", "/tmp", "${TMPDIR:-/tmp}")
EXCLUDED = (".git", "node_modules", "__pycache__", ".venv", "target", "dist", "build", "vendor")
BOTH = {"dark": {"bg": "#111111"}, "light": {"bg": "#222222"}}
UNSEEN: Any = object()
"""A default that is not of interest here."""

KEYS: list[tuple[str, Any, Any, list[str]]] = [
    ("provider", "demo", None, []),
    ("model", "m", None, []),
    ("presets", {"$x": "a m"}, {}, []),
    ("parameters.max_tokens", 5, "50%", ["max_tokens"]),
    ("parameters.temperature", 1, None, ["temperature"]),
    ("parameters.timeout", 5, 600, ["timeout"]),
    ("parameters.connect_timeout", 5, 10, ["connect_timeout"]),
    ("parameters.thinking", "low", UNSEEN, ["thinking"]),
    ("parameters.cache_retention", "long", "short", ["cache_retention"]),
    ("parameters.own.anthropic.cache_retention", "none", None, []),
    ("parameters.own.anthropic.thinking_budget", 2048, None, []),
    ("parameters.own.openai.reasoning", "high", None, []),
    ("parameters.own.vertex.project_id", "p", None, []),
    ("parameters.own.vertex.location", "l", "global", []),
    ("parameters.own.vertex.thinking_budget", 4096, None, []),
    ("tools.default_timeout", 5, 30, []),
    ("tools.show_spinner", False, True, []),
    ("tools.cursor_after_result", "stay", "result", []),
    ("tools.bash.shell", "zsh", None, []),
    ("tools.bash.cwd", "/x", None, []),
    ("tools.bash.env", {"A": "b"}, {}, []),
    ("tools.grep.cwd", "/x", "urn:flemma:buffer:path", []),
    ("tools.grep.exclude", ("a",), EXCLUDED, []),
    ("tools.find.cwd", "/x", "urn:flemma:buffer:path", []),
    ("tools.find.exclude", ("a",), EXCLUDED, []),
    ("tools.ls.cwd", "/x", "urn:flemma:buffer:path", []),
    ("tools.require_approval", False, True, []),
    ("tools.auto_approve", ("bash",), ("$standard",), ["tools.approve"]),
    ("tools.auto_approve_sandboxed", False, True, []),
    ("tools.autopilot.enabled", True, False, ["tools.autopilot"]),
    ("tools.autopilot.max_turns", 7, 100, []),
    ("tools.consent", "seed", "seen", []),
    ("tools.max_concurrent", 3, 0, []),
    ("tools.modules", ("a.b",), (), []),
    ("tools.offered", ("bash",), None, ["tools"]),
    ("tools.mcporter.enabled", True, False, []),
    ("tools.mcporter.path", "/x", "mcporter", []),
    ("tools.mcporter.timeout", 5, 60, []),
    ("tools.mcporter.startup.concurrency", 2, 4, []),
    ("tools.mcporter.include", ("a*",), (), []),
    ("tools.mcporter.exclude", ("a*",), (), []),
    ("tools.truncate.max_lines", 4000, 2000, []),
    ("tools.truncate.max_bytes", 8 << 20, 51200, []),
    ("tools.truncate.output_path_format", "/x", "${TMPDIR:-/tmp}/flemma_{{ source }}_{{ path }}_{{ id }}.txt", []),
    ("tools.truncate.max_file_bytes", 0, 64 << 20, []),
    ("templating.modules", ("a.b",), (), []),
    ("highlights.defaults", BOTH, UNSEEN, ["defaults"]),
    ("highlights.role_style", "italic", "bold,underline", ["role_style"]),
    ("highlights.system", COLOUR, "Special", []),
    ("highlights.user", COLOUR, "Normal", []),
    ("highlights.assistant", COLOUR, "Normal", []),
    ("highlights.lua_expression", COLOUR, "PreProc", ["highlights.user_lua_expression"]),
    ("highlights.lua_code_block", COLOUR, "PreProc", []),
    ("highlights.lua_delimiter", COLOUR, UNSEEN, []),
    ("highlights.user_file_reference", COLOUR, "Include", []),
    ("highlights.thinking_tag", COLOUR, "Comment", []),
    (
        "highlights.thinking_block",
        {"fg": "#ffcc00", "bold": True},
        {"dark": "Comment+bg:#102020-fg:#111111", "light": "Comment-bg:#102020+fg:#111111"},
        [],
    ),
    ("highlights.tool_use_title", COLOUR, "Function", ["highlights.tool_use"]),
    ("highlights.tool_result_title", COLOUR, "Function", ["highlights.tool_result"]),
    ("highlights.tool_result_error", COLOUR, "DiagnosticError", []),
    *((f"highlights.tool_result_{status}", COLOUR, UNSEEN, []) for status in ("pending", "approved", "rejected")),
    *((f"highlights.tool_result_{status}", COLOUR, UNSEEN, []) for status in ("denied", "aborted")),
    *((f"highlights.tool_{part}", COLOUR, UNSEEN, []) for part in ("icon", "name", "preview", "detail")),
    *((f"highlights.{part}", COLOUR, UNSEEN, []) for part in ("fold_preview", "fold_meta", "busy")),
    ("ruler.enabled", False, True, []),
    ("ruler.char", "-", "─", []),
    ("ruler.hl", COLOUR, {"dark": "Comment-fg:#303030", "light": "Comment+fg:#303030"}, []),
    ("signs.enabled", True, False, []),
    ("signs.char", "x", "▌", []),
    ("signs.system.char", "x", None, []),
    ("signs.user.char", "x", "▏", []),
    ("signs.assistant.char", "x", None, []),
    *((f"signs.{role}.hl", COLOUR, True, []) for role in ("system", "user", "assistant")),
    ("turns.enabled", True, False, []),
    ("turns.padding", [1, 1], (0, 1), []),
    ("turns.hl", COLOUR, "FlemmaTurn", []),
    ("line_highlights.enabled", False, True, []),
    ("line_highlights.frontmatter", COLOUR, {"dark": "Normal+bg:#201020", "light": "Normal-bg:#201020"}, []),
    ("line_highlights.system", COLOUR, {"dark": "Normal+bg:#201000", "light": "Normal-bg:#201000"}, []),
    ("line_highlights.user", COLOUR, {"dark": "Normal", "light": "Normal"}, []),
    ("line_highlights.assistant", COLOUR, {"dark": "Normal+bg:#102020", "light": "Normal-bg:#102020"}, []),
    ("ui.usage.enabled", False, True, ["notify.enabled", "notifications.enabled"]),
    ("ui.usage.timeout", 5, 8000, ["notify.timeout"]),
    ("ui.usage.max_width", 5, 60, ["notify.max_width"]),
    ("ui.usage.padding", 5, 1, ["notify.padding"]),
    ("ui.usage.border", "none", "rounded", ["notify.border"]),
    ("ui.usage.title", False, "Flemma", ["notify.title"]),
    ("ui.usage.position", "bottom", UNSEEN, []),
    ("ui.usage.highlight", "Normal", "@text.note,PmenuSel", []),
    ("ui.attention.enabled", False, True, []),
    ("ui.attention.bell", True, False, []),
    ("ui.progress.position", "top", "bottom left", ["progress.position"]),
    ("ui.progress.highlight", "Normal", "StatusLine", ["progress.highlight"]),
    ("ui.pricing.enabled", False, True, ["pricing.enabled"]),
    ("ui.pricing.high_cost_threshold", 5, 30, []),
    ("ui.statusline.format", "{{ model.name }}", None, []),
    ("ui.statusline.format", LuaFunction(4), None, []),
    ("ui.statusline.thinking_format", "{model} t", "{model}  ✓ thinking", ["statusline.thinking_format"]),
    ("ui.statusline.reasoning_format", "{model} r", "{model} ({level})", ["statusline.reasoning_format"]),
    ("ui.statusline.estimate", "vendor", "local", []),
    ("editing.disable_textwidth", False, True, []),
    ("editing.auto_write", True, False, []),
    ("editing.chat_folder", "talks", "chats", []),
    ("editing.manage_updatetime", False, True, []),
    ("editing.foldlevel", 99, 1, []),
    ("editing.auto_prompt", True, False, []),
    ("editing.conceal", 3, "2nv", []),
    ("editing.auto_close.thinking", False, True, []),
    ("editing.auto_close.tool_use", False, True, []),
    ("editing.auto_close.tool_result", False, True, []),
    ("editing.auto_close.frontmatter", True, False, []),
    ("keymaps.enabled", False, True, []),
    ("keymaps.normal.send", "<F2>", "<C-]>", []),
    ("keymaps.normal.cancel", "<F2>", "<C-c>", []),
    ("keymaps.normal.tool_execute", "<F2>", "<M-CR>", []),
    ("keymaps.insert.role", "<F2>", ":", []),
    ("keymaps.insert.send", "<F2>", "<C-]>", []),
    ("keymaps.normal.message_next", "<F2>", "]m", ["keymaps.normal.next_message"]),
    ("keymaps.normal.tool_next", "<F2>", "]t", []),
    ("keymaps.normal.tool_prev", "<F2>", "[t", []),
    ("keymaps.normal.regenerate", "<F2>", False, []),
    ("keymaps.normal.yank_code", "<F2>", False, []),
    ("keymaps.normal.paste", "<F2>", False, []),
    ("keymaps.code_object", False, "c", []),
    ("keymaps.normal.message_prev", "<F2>", "[m", ["keymaps.normal.prev_message"]),
    ("keymaps.normal.fold_toggle", False, "<Space>", []),
    ("keymaps.normal.conceal_toggle", "<F4>", "<Space><Space>", []),
    ("keymaps.text_object", False, "m", ["text_object"]),
    ("sandbox.enabled", False, True, ["sandbox"]),
    ("sandbox.backend", "bwrap", "auto", []),
    (
        "sandbox.policy.rw_paths",
        ("/x",),
        (*KEPT, "${XDG_CACHE_HOME:-~/.cache}", "${XDG_DATA_HOME:-~/.local/share}"),
        [],
    ),
    ("sandbox.policy.network", False, True, []),
    ("sandbox.policy.allow_privileged", True, False, []),
    ("sandbox.backends.bwrap.path", "/x", "bwrap", []),
    ("sandbox.backends.bwrap.extra_args", ["--bind", "a", "--bind"], None, []),
    ("secrets.gcloud.path", "/x", "gcloud", []),
    ("sessions.mirror", "off", "text", []),
    ("sessions.require_journal", True, False, []),
    ("logging.enabled", True, False, []),
    ("logging.path", "/x", None, []),
    ("logging.level", "INFO", "DEBUG", []),
    ("diagnostics.enabled", True, False, []),
    ("integrations.devicons.enabled", False, True, []),
    ("integrations.devicons.icon", "x", "∴", []),
    ("lsp.enabled", False, True, ["experimental.lsp"]),
]


def at(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = settings[name] if isinstance(settings, dict) else getattr(settings, name)
    return settings


def table(path: str, value: Any) -> Any:
    for name in reversed(path.split(".")):
        value = {name: list(value) if isinstance(value, tuple) else value}
    return value


def written(path: str) -> str:
    return path.replace("parameters.own.", "parameters.")


NAMES = [(path, name, value) for path, value, _, olds in KEYS for name in (written(path), *olds)]
SHORT = {"max_tokens", "temperature", "timeout", "connect_timeout", "thinking", "cache_retention"}
SHORT |= {"tools.approve", "tools.autopilot", "tools", "sandbox"}


@pytest.mark.parametrize(("path", "name", "value"), NAMES)
def test_setup_knows_a_setting_by_each_of_its_names(path: str, name: str, value: Any) -> None:
    layers, issues = Layers(declared=DECLARED).with_layer(Layer.SETUP, table(name, value))
    assert [issue.trouble for issue in issues] == (["renamed"] if name not in (written(path), *SHORT) else [])
    found = at(layers.resolve(), path)
    assert (as_table(found) if isinstance(value, dict) else found) == value
    if value is not BOTH:
        assert layers.origin(written(path)) is Layer.SETUP


@pytest.mark.parametrize(("path", "name", "value"), [row for row in NAMES if not isinstance(row[2], LuaFunction)])
def test_frontmatter_that_is_trusted_knows_the_same_names(path: str, name: str, value: Any) -> None:
    given = list(value) if isinstance(value, tuple) else value
    done = with_frontmatter(
        Layers(declared=DECLARED), [SettingOp(tuple(name.split(".")), "set", given, 3)], trusted=True
    )
    assert not done.withheld
    assert not done.faults
    if not any(issue.trouble == "setup" for issue in done.issues):
        found = at(done.layers.resolve(), path)
        assert (as_table(found) if isinstance(value, dict) else found) == value
    assert all(issue.line == 3 for issue in done.issues)


@pytest.mark.parametrize(
    ("path", "default"), [(path, default) for path, _, default, _ in KEYS if default is not UNSEEN]
)
def test_a_setting_has_its_default(path: str, default: Any) -> None:
    assert at(Layers().with_layer(Layer.SETUP, {})[0].resolve(), path) == default if "own." not in path else True


def test_no_old_name_is_forgotten_here() -> None:
    listed = {name for _, name, _ in NAMES}
    assert not [old for old in OLD if not any(f"{name}.".startswith(f"{'.'.join(old)}.") for name in listed)]


def test_no_setting_is_forgotten_here() -> None:
    listed = {path for path, _, _, _ in KEYS} | {"proxy", "ca_bundle", "providers"}
    listed |= {"sessions.dir", "sessions.embed_id", "sessions.restore_usage", "experimental"}
    listed |= {"editing.auto_close.checkpoint", "sessions.checkpoint.suggest", "budget"}
    listed |= {"mcp.enabled", "mcp.wait", "mcp.servers", "sessions.enabled", "sessions.trash_days"}
    assert not [path for path in leaves(Settings) if path not in listed and path.rpartition(".")[0] not in listed]


def leaves(kind: type, path: str = "") -> list[str]:
    found: list[str] = []
    for name, entry in entries(kind).items():
        if section := entry.metadata.get("section"):
            found += leaves(section, f"{path}{name}.")
        elif "own" not in entry.metadata:
            found.append(f"{path}{name}")
    return found


def test_the_new_name_counts_where_both_are_given() -> None:
    both = {"ui": {"usage": {"timeout": 1}}, "notify": {"timeout": 2, "padding": 3}}
    layers, issues = Layers().with_layer(Layer.SETUP, both)
    assert [issue.message for issue in issues] == ["notify is called ui.usage by now; the old name holds, too."]
    assert (layers.resolve().ui.usage.timeout, layers.resolve().ui.usage.padding) == (1, 3)


def test_a_setting_shadows_a_short_name_that_is_the_same() -> None:
    # A provider may be called as a table of settings is.
    layers, issues = Layers(declared={"ui": OfOpenai}).with_layer(Layer.SETUP, {"ui": {"reasoning": "high"}})
    assert [issue.trouble for issue in issues] == ["unknown"]
    assert layers.resolve().parameters.own["ui"].reasoning is None


def test_what_is_unknown_below_an_old_name_is_told_under_the_new_one() -> None:
    _, issues = Layers().with_layer(Layer.SETUP, {"notify": {"tymeout": 1}})
    assert issues[-1].message == "ui.usage.tymeout is not a setting. Did you mean ui.usage.timeout?"


def test_an_experiment_is_none_now() -> None:
    _, issues = Layers().with_layer(Layer.SETUP, {"experimental": {"telepathy": True}})
    assert [issue.message for issue in issues] == ["experimental.telepathy is not a setting."]
