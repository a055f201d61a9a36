"""Settings of tools: which there are, what they may do unasked, and the walls around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from flemma_py.config import tighter
from flemma_py.config.functions import LuaFunction
from flemma_py.config.group import Group, Trust, key, listing, section, table
from flemma_py.config.looks import YES_OR_NO, look

FOLDER = "the path of a folder"
CHAT_FOLDER = "urn:flemma:buffer:path"
"""The folder of the chat, in settings that name a folder."""
EXCLUDED = (".git", "node_modules", "__pycache__", ".venv", "target", "dist", "build", "vendor")
PATHS = "a list of paths; urn:flemma:cwd and urn:flemma:buffer:path are folders, $VAR and ${VAR:-other} variables"


class BashSettings(Group):
    shell: str | None = key(None, "the name or path of a shell", about="nil: bash.")
    cwd: str | None = key(None, FOLDER, about="nil: the chat's.")
    env: Mapping[str, str] = table("a table of variables and texts", about="Goes to commands beside the environment.")


class SearchSettings(Group):
    """Of grep and find."""

    cwd: str | None = key(CHAT_FOLDER, FOLDER)
    exclude: tuple[str, ...] = listing(*EXCLUDED, form="a list of names to pass over", tighter=tighter.more)


class ListSettings(Group):
    cwd: str | None = key(CHAT_FOLDER, FOLDER)


class AutopilotSettings(Group):
    enabled: bool = key(
        False, YES_OR_NO, tighter=tighter.off, about="Run the calls that are allowed, and send the results, unasked."
    )
    max_turns: int = key(100, "a whole number above 0", tighter=tighter.lower, gt=0)


class McporterStartup(Group):
    concurrency: int = key(4, "a whole number above 0", gt=0)


class McporterSettings(Group):
    enabled: bool = key(False, YES_OR_NO, tighter=tighter.off, about="Offer tools of MCP servers through mcporter.")
    path: str = key("mcporter", "the name or path of a program")
    timeout: float = key(60, "a number of seconds above 0", gt=0)
    startup: McporterStartup = section(McporterStartup)
    include: tuple[str, ...] = listing(form="a list of patterns of names")
    exclude: tuple[str, ...] = listing(form="a list of patterns of names", tighter=tighter.more)


class TruncateSettings(Group):
    max_lines: int = key(2000, "a whole number from 1 to 4000", tighter=tighter.lower, ge=1, le=4000)
    max_bytes: int = key(51200, "a whole number from 1000 to 8388608", tighter=tighter.lower, ge=1000, le=8 << 20)
    output_path_format: str = key(
        "${TMPDIR:-/tmp}/flemma_{{ source }}_{{ path }}_{{ id }}.txt",
        "the path of a file",
        about="Where the whole of an output goes that was cut.",
    )
    max_file_bytes: int = key(
        64 << 20, "a whole number of bytes, 0 for no file", tighter=tighter.lower, ge=0, about="Of such a file."
    )


class ToolSettings(Group):
    """`default_timeout` is in seconds; `cursor_after_result` says where the cursor goes when a result arrives.
    `offered` None: all that are enabled."""

    offered: tuple[str, ...] | None = listing(
        form="a list of names of tools",
        trust=Trust.FILE,
        base=False,
        about="The tools that a model is told of; `tools = { … }` means this list. nil: all that are enabled.",
    )
    default_timeout: float = key(30, "a number of seconds above 0", tighter=tighter.lower, gt=0)
    show_spinner: bool = look(True)
    cursor_after_result: Literal["result", "stay", "next"] = look("result", "result, stay or next")
    require_approval: bool = key(
        True, YES_OR_NO, tighter=tighter.on, about="Ask for what no rule decides. false: such calls run."
    )
    auto_approve: tuple[str | LuaFunction, ...] = listing(
        "$standard",
        form="a list of tools, rules and $presets, or a function",
        single=True,
        tighter=tighter.fewer_rules,
        about="What runs unasked in autopilot.",
    )
    auto_approve_sandboxed: bool = key(
        True, YES_OR_NO, tighter=tighter.off, about="Whether the sandbox is approval enough for tools that respect it."
    )
    autopilot: AutopilotSettings = section(AutopilotSettings, alone="enabled")
    consent: Literal["seen", "seed"] = key(
        "seen",
        "seen or seed",
        tighter=tighter.seen,
        about="seen: the send key first shows calls that are out of sight. seed: it runs them.",
    )
    max_concurrent: int = key(
        0, "a whole number, 0 for no limit", tighter=tighter.lower_or_unlimited, ge=0, about="Calls that run at once."
    )
    modules: tuple[str, ...] = listing(form="a list of Lua modules", trust=Trust.SETUP, about="They register tools.")
    bash: BashSettings = section(BashSettings)
    grep: SearchSettings = section(SearchSettings)
    find: SearchSettings = section(SearchSettings)
    ls: ListSettings = section(ListSettings)
    mcporter: McporterSettings = section(McporterSettings)
    truncate: TruncateSettings = section(TruncateSettings)


class SandboxPolicy(Group):
    rw_paths: tuple[str, ...] = listing(
        "urn:flemma:cwd",
        CHAT_FOLDER,
        "/tmp",
        "${TMPDIR:-/tmp}",
        "${XDG_CACHE_HOME:-~/.cache}",
        "${XDG_DATA_HOME:-~/.local/share}",
        form=PATHS,
        tighter=tighter.fewer,
        about="Where a tool may write.",
    )
    network: bool = key(True, YES_OR_NO, tighter=tighter.off)
    allow_privileged: bool = key(False, YES_OR_NO, tighter=tighter.off)


class BubblewrapSettings(Group):
    path: str = key("bwrap", "the name or path of a program")
    extra_args: list[str] | None = key(None, "a list of words")


class SandboxBackends(Group):
    bwrap: BubblewrapSettings = section(BubblewrapSettings)


class SandboxSettings(Group):
    enabled: bool = key(True, YES_OR_NO, tighter=tighter.on)
    backend: str = key("auto", "auto, required, or the name of a backend")
    policy: SandboxPolicy = section(SandboxPolicy)
    backends: SandboxBackends = section(SandboxBackends)
