"""Every setting there is: its type, its default, how its form is told to a person, and who may set it.

Plain dataclasses and no pydantic: importing that takes about 90 ms, and the first request after Neovim's start would
wait for it. `reading.py` brings it in for the first value that needs it. A new setting is one more field here, except
that a provider declares its own parameters itself (`own`).
"""

# ruff: noqa: RUF009  (the rule does not see that `section` and `key` are `dataclasses.field`)
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias

from flemma_py.config.models import FORM as MODELS_FORM
from flemma_py.config.models import models_problem
from flemma_py.config.thinking import FORM, Problem, thinking_problem


class Trust(Enum):
    """Who may set a key: `FILE` also a chat's frontmatter, `OWNER` only the person whose editor it is."""

    FILE = "file"
    OWNER = "owner"


def key(
    default: Any,
    form: str,
    *,
    trust: Trust = Trust.OWNER,
    check: Callable[[Any], Problem | None] | None = None,
    **limits: Any,
) -> Any:
    """A setting. `form` ends the sentence "must be …"; `limits` are constraints as pydantic's `Field` takes them,
    or `each`: those of each type of a union. `check` tells what types cannot."""
    return field(default=default, metadata={"form": form, "trust": trust, "limits": limits, "check": check})


def table(form: str, *, trust: Trust = Trust.OWNER, check: Callable[[Any], Problem | None] | None = None) -> Any:
    """A setting that is a table with keys of the owner's choice, empty by default."""
    return field(default_factory=dict, metadata={"form": form, "trust": trust, "limits": {}, "check": check})


def section(kind: type) -> Any:
    """A group of settings under one name."""
    return field(default_factory=kind, metadata={"section": kind})


def sections(kind: type) -> Any:
    """Groups of one kind under names that the owner chooses."""
    return field(default_factory=dict, metadata={"sections": kind})


def own() -> Any:
    """Groups that providers declare, under their names: `Layers` is told of them."""
    return field(default_factory=dict, metadata={"own": True})


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
    provider looks where it always does, and a name of the owner's choice needs no key."""

    kind: str | None = key(None, "the name of a wire, as openai_chat")
    base_url: str | None = key(None, "an address, as https://host/path")
    api_key_env: str | None = key(None, "the name of an environment variable")
    api_key_cmd: str | list[str] | None = key(None, "a command, as a text or a list of words")
    headers: Mapping[str, str] = table("a table of header names and texts")
    models: list[str | Mapping[str, Any]] | None = key(None, MODELS_FORM, check=models_problem)
    retries: int = key(2, "a whole number from 0 to 10", ge=0, le=10)


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """`default_timeout` is in seconds; `cursor_after_result` says where the cursor goes when a result arrives."""

    default_timeout: float = key(30, "a number of seconds above 0", gt=0)
    show_spinner: bool = key(True, "true or false", trust=Trust.FILE)
    cursor_after_result: Literal["result", "stay", "next"] = key("result", "result, stay or next", trust=Trust.FILE)


@dataclass(frozen=True, slots=True)
class EditingSettings:
    auto_write: bool = key(False, "true or false")
    disable_textwidth: bool = key(True, "true or false")
    manage_updatetime: bool = key(True, "true or false")
    foldlevel: int = key(1, "a whole number of at least 0", trust=Trust.FILE, ge=0)


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """The floating report of usage. `timeout` is in milliseconds (0: it stays until the next one), widths in columns;
    `border` as `nvim_open_win` takes it."""

    enabled: bool = key(True, "true or false")
    timeout: int = key(8000, "a whole number of milliseconds, 0 or more", ge=0)
    max_width: int = key(60, "a whole number of columns above 0", gt=0)
    padding: int = key(1, "a whole number of columns, 0 or more", ge=0)
    border: str | list[Any] = key("rounded", "the name of a border, or a list of its characters")
    title: str | Literal[False] = key("Flemma", "a text, or false")


@dataclass(frozen=True, slots=True)
class PricingSettings:
    """`high_cost_threshold`: a switch to a model says so where its input and output together cost more, in USD for a
    million tokens."""

    enabled: bool = key(True, "true or false")
    high_cost_threshold: float = key(30, "a number of USD, 0 or more", ge=0)


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """`path` None: the folder that Neovim keeps for logs. Errors are written even when `enabled` is false."""

    enabled: bool = key(False, "true or false")
    path: str | None = key(None, "the path of a file")
    level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] = key("DEBUG", "TRACE, DEBUG, INFO, WARN or ERROR")


@dataclass(frozen=True, slots=True)
class DiagnosticSettings:
    """Whether a chat's last two requests are compared."""

    enabled: bool = key(False, "true or false")


@dataclass(frozen=True, slots=True)
class StatuslineSettings:
    """`estimate`: who counts the tokens of a chat before it is sent. A vendor is told the text for that."""

    estimate: Literal["local", "vendor"] = key("local", "local or vendor")


@dataclass(frozen=True, slots=True)
class UiSettings:
    statusline: StatuslineSettings = section(StatuslineSettings)


@dataclass(frozen=True, slots=True)
class NormalKeys:
    """A key, or false or an empty string for none."""

    send: str | Literal[False] = key("<C-]>", "a key, or false")
    cancel: str | Literal[False] = key("<C-c>", "a key, or false")
    tool_execute: str | Literal[False] = key("<M-CR>", "a key, or false")
    next_message: str | Literal[False] = key("]m", "a key, or false")
    prev_message: str | Literal[False] = key("[m", "a key, or false")


@dataclass(frozen=True, slots=True)
class InsertKeys:
    send: str | Literal[False] = key("<C-]>", "a key, or false")


@dataclass(frozen=True, slots=True)
class KeySettings:
    enabled: bool = key(True, "true or false")
    normal: NormalKeys = section(NormalKeys)
    insert: InsertKeys = section(InsertKeys)


class Table(dict[str, str]):
    """A table that can be a default: dataclasses refuse what has no hash, as it might be changed."""

    __hash__ = object.__hash__  # type: ignore[assignment]


Highlight: TypeAlias = str | Mapping[str, Any]
"""A group, a colour, an expression, attributes, or a table of such for `dark` and `light`. Lua reads it."""


def highlight(dark: str, light: str | None = None) -> Any:
    """A setting of colours; two values: one for each 'background'."""
    default = dark if light is None else Table(dark=dark, light=light)
    return key(default, "a highlight: a group, a colour, an expression or a table", trust=Trust.FILE)


@dataclass(frozen=True, slots=True)
class DefaultColours:
    """What an expression takes where neither its group nor Normal has the colour, by 'background'."""

    dark: Mapping[str, str] = key(Table(bg="#000000", fg="#ffffff"), "a table of bg and fg", trust=Trust.FILE)
    light: Mapping[str, str] = key(Table(bg="#ffffff", fg="#000000"), "a table of bg and fg", trust=Trust.FILE)


@dataclass(frozen=True, slots=True)
class Highlights:
    system: Highlight = highlight("Special")
    user: Highlight = highlight("Normal")
    assistant: Highlight = highlight("Normal")
    user_lua_expression: Highlight = highlight("PreProc")
    user_file_reference: Highlight = highlight("Include")
    thinking_tag: Highlight = highlight("Comment")
    thinking_block: Highlight = highlight("Comment+bg:#102020-fg:#111111", "Comment-bg:#102020+fg:#111111")
    tool_use: Highlight = highlight("Function")
    tool_result: Highlight = highlight("Function")
    tool_result_error: Highlight = highlight("DiagnosticError")


@dataclass(frozen=True, slots=True)
class Ruler:
    enabled: bool = key(True, "true or false", trust=Trust.FILE)
    char: str = key("─", "a character", trust=Trust.FILE)
    hl: Highlight = highlight("Comment-fg:#303030", "Comment+fg:#303030")


@dataclass(frozen=True, slots=True)
class LineHighlights:
    enabled: bool = key(True, "true or false", trust=Trust.FILE)
    frontmatter: Highlight = highlight("Normal+bg:#201020", "Normal-bg:#201020")
    system: Highlight = highlight("Normal+bg:#201000", "Normal-bg:#201000")
    user: Highlight = highlight("Normal", "Normal")
    assistant: Highlight = highlight("Normal+bg:#102020", "Normal-bg:#102020")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, resolved. `provider` and `model` None: nobody chose, the composition root decides. `proxy` and
    `ca_bundle` None: what the environment says."""

    provider: str | None = key(None, "the name of a provider", trust=Trust.FILE)
    model: str | None = key(None, "the name of a model", trust=Trust.FILE)
    presets: Mapping[str, Any] = table("a table of presets, each under a name that begins with $")
    proxy: str | None = key(None, "an address, as http://host:port")
    ca_bundle: str | None = key(None, "the path of a file with certificates (PEM)")
    parameters: Parameters = section(Parameters)
    providers: Mapping[str, ProviderSettings] = sections(ProviderSettings)
    tools: ToolSettings = section(ToolSettings)
    editing: EditingSettings = section(EditingSettings)
    notify: NotifySettings = section(NotifySettings)
    pricing: PricingSettings = section(PricingSettings)
    logging: LoggingSettings = section(LoggingSettings)
    diagnostics: DiagnosticSettings = section(DiagnosticSettings)
    ui: UiSettings = section(UiSettings)
    keymaps: KeySettings = section(KeySettings)
    defaults: DefaultColours = section(DefaultColours)
    highlights: Highlights = section(Highlights)
    role_style: str = key("bold,underline", "attributes with commas between, as bold,underline", trust=Trust.FILE)
    ruler: Ruler = section(Ruler)
    line_highlights: LineHighlights = section(LineHighlights)
    text_object: str | Literal[False] = key("m", "a key, or false")
