"""Every setting there is: its type, its default, how its form is told to a person, and who may set it.

No pydantic: importing that takes about 90 ms, and the first request after Neovim's start would wait for it. `values.py`
brings it in for the first value that needs it. A new setting is one more field here or in a file that this one names,
except that a provider declares its own parameters itself (`own`).
"""

# ruff: noqa: RUF009  (the rule does not see that `section` and `key` are `dataclasses.field`)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flemma_py.config import tighter
from flemma_py.config.editing import EditingSettings, KeySettings
from flemma_py.config.group import Group, Trust, key, listing, own, section, sections, table
from flemma_py.config.looks import YES_OR_NO, Highlights, LineHighlights, Ruler, Signs, Turns, UiSettings
from flemma_py.config.models import FORM as MODELS_FORM
from flemma_py.config.models import models_problem
from flemma_py.config.servers import McpSettings
from flemma_py.config.thinking import FORM, thinking_problem
from flemma_py.config.tooling import SandboxSettings, ToolSettings

__all__ = ["Parameters", "ProviderSettings", "Settings", "Trust", "key", "table"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What goes with a request. `thinking` None: as the model does by itself; `foreign` of its table, preserve or drop,
    says what becomes of thoughts of other models. `timeout` and `connect_timeout` are in seconds. `own`: what is set
    for one provider alone, by its name; there every key of this group can stand, too."""

    max_tokens: int | str = key(
        "50%",
        'a whole number of tokens, or a share of what the model can write, as "50%"',
        trust=Trust.FILE,
        each=({"ge": 1}, {"pattern": r"^([1-9][0-9]?|100)%$"}),
    )
    temperature: float | None = key(None, "a number from 0 to 2", trust=Trust.FILE, ge=0, le=2)
    thinking: (
        Literal["off", "minimal", "low", "medium", "high", "max", False] | int | float | Mapping[str, Any] | None
    ) = key(
        None,
        FORM,
        trust=Trust.FILE,
        check=thinking_problem,
    )
    cache_retention: Literal["short", "long", "none"] = key("short", "short, long or none", trust=Trust.FILE)
    timeout: float = key(600, "a number of seconds above 0", trust=Trust.FILE, gt=0)
    connect_timeout: float = key(10, "a number of seconds above 0", trust=Trust.FILE, gt=0)
    own: Mapping[str, Any] = own()


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One endpoint. `base_url` None: the vendor's own; `kind` None: the name is a provider's. Without any key field a
    provider looks where it always does, a name of the owner's choice where
    its kind does, or nowhere at an address of the owner's."""

    kind: str | None = key(None, "the name of a wire, as openai_chat")
    base_url: str | None = key(None, "an address, as https://host/path")
    api_key_env: str | None = key(None, "the name of an environment variable")
    api_key_cmd: str | list[str] | None = key(None, "a command, as a text or a list of words")
    headers: Mapping[str, str] = table("a table of header names and texts")
    models: list[str | Mapping[str, Any]] | None = key(None, MODELS_FORM, check=models_problem)
    retries: int = key(2, "a whole number from 0 to 10", ge=0, le=10)


class LoggingSettings(Group):
    """`path` None: the folder that Neovim keeps for logs. Errors are written even when `enabled` is false."""

    enabled: bool = key(False, YES_OR_NO, trust=Trust.SETUP)
    path: str | None = key(None, "the path of a file", trust=Trust.SETUP)
    level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] = key(
        "DEBUG", "TRACE, DEBUG, INFO, WARN or ERROR", trust=Trust.SETUP
    )


class CheckpointSettings(Group):
    suggest: float | Literal[False] = key(
        0.8,
        "a number between 0 and 1, or false",
        trust=Trust.FILE,
        about="How full a model's context is when a checkpoint is suggested, once: |flemma-checkpoints|.",
        each=({"gt": 0, "le": 1}, {}),
    )


class SessionSettings(Group):
    """What is kept of a chat beside its file. `dir` None: a folder in Neovim's state."""

    enabled: bool = key(True, YES_OR_NO, trust=Trust.SETUP, about="Keep a journal beside each chat: |flemma-sessions|.")
    dir: str | None = key(None, "the path of a folder", trust=Trust.SETUP)
    mirror: Literal["text", "hash", "off"] = key(
        "text", "text, hash or off", about="What the journal keeps of messages: the words, their sums, or nothing."
    )
    require_journal: bool = key(False, YES_OR_NO, about="Send nothing that cannot be written down first.")
    embed_id: bool = key(False, YES_OR_NO, about="Write a chat's id into its frontmatter, so that it survives a move.")
    trash_days: int = key(
        30,
        "a whole number of days, 1 or more",
        trust=Trust.SETUP,
        ge=1,
        about="How long what is deleted can come back.",
    )
    restore_usage: Literal["instance", "project", False] = key(
        False, "instance, project or false", trust=Trust.SETUP, about="Whose totals a new Neovim goes on with."
    )
    checkpoint: CheckpointSettings = section(CheckpointSettings)


DOLLARS = "a number of US dollars, from 0 on"


class BudgetSettings(Group):
    """USD; None: no limit, 0: nothing may be spent. A chat may set them for itself, lower than its owner did."""

    file: float | None = key(
        None, DOLLARS, tighter=tighter.lower_or_none, ge=0, about="What one chat may cost; `budget = 0.5` means this."
    )
    day: float | None = key(
        None, DOLLARS, tighter=tighter.lower_or_none, ge=0, about="What all chats may cost in one day."
    )
    project: float | None = key(
        None, DOLLARS, tighter=tighter.lower_or_none, ge=0, about="What all chats of one project may cost."
    )

    @property
    def is_set(self) -> bool:
        return any(each is not None for each in (self.file, self.day, self.project))


class TemplatingSettings(Group):
    modules: tuple[str, ...] = listing(
        form="a list of Lua modules",
        trust=Trust.SETUP,
        about="They add to what expressions can name: |flemma-template-modules|.",
    )


class GcloudSettings(Group):
    path: str = key("gcloud", "the name or path of a program", trust=Trust.SETUP)


class SecretSettings(Group):
    gcloud: GcloudSettings = section(GcloudSettings)


class DiagnosticSettings(Group):
    enabled: bool = key(False, YES_OR_NO, about="Warn when a request does not begin as the one before it did.")


class LanguageServerSettings(Group):
    enabled: bool = key(
        True,
        YES_OR_NO,
        trust=Trust.SETUP,
        about="A language server for chats: completion, hover, outline, actions.",
    )


class DeviconSettings(Group):
    enabled: bool = key(True, YES_OR_NO, trust=Trust.SETUP)
    icon: str = key("∴", "a character", trust=Trust.SETUP)


class IntegrationSettings(Group):
    devicons: DeviconSettings = section(DeviconSettings)


class Experiments(Group):
    """None now."""


class Settings(Group):
    """All settings, resolved. `provider` and `model` None: nobody chose, the composition root decides. `proxy` and
    `ca_bundle` None: what the environment says."""

    provider: str | None = key(None, "the name of a provider", trust=Trust.FILE)
    model: str | None = key(None, "the name of a model, or of a preset", trust=Trust.FILE)
    presets: Mapping[str, Any] = table("a table of presets, each under a name that begins with $", trust=Trust.SETUP)
    proxy: str | None = key(None, "an address, as http://host:port", trust=Trust.SETUP)
    ca_bundle: str | None = key(None, "the path of a file with certificates (PEM)", trust=Trust.SETUP)
    parameters: Parameters = section(Parameters)
    providers: Mapping[str, ProviderSettings] = sections(ProviderSettings)
    tools: ToolSettings = section(ToolSettings, alone="offered")
    mcp: McpSettings = section(McpSettings, alone="enabled")
    sandbox: SandboxSettings = section(SandboxSettings, alone="enabled")
    editing: EditingSettings = section(EditingSettings)
    keymaps: KeySettings = section(KeySettings)
    ui: UiSettings = section(UiSettings)
    highlights: Highlights = section(Highlights)
    ruler: Ruler = section(Ruler)
    signs: Signs = section(Signs)
    turns: Turns = section(Turns)
    line_highlights: LineHighlights = section(LineHighlights)
    templating: TemplatingSettings = section(TemplatingSettings)
    secrets: SecretSettings = section(SecretSettings)
    sessions: SessionSettings = section(SessionSettings)
    budget: BudgetSettings = section(BudgetSettings, alone="file")
    logging: LoggingSettings = section(LoggingSettings)
    diagnostics: DiagnosticSettings = section(DiagnosticSettings)
    lsp: LanguageServerSettings = section(LanguageServerSettings)
    integrations: IntegrationSettings = section(IntegrationSettings)
    experimental: Experiments = section(Experiments)
