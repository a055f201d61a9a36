"""Every setting there is: its type, its default, how its form is told to a person, and who may set it.

Plain dataclasses and no pydantic: importing that takes about 90 ms, and the first request after Neovim's start would
wait for it. `reading.py` brings it in for the first value that needs it. A new setting is one more field here.
"""

# ruff: noqa: RUF009  (the rule does not see that `section` and `key` are `dataclasses.field`)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal


class Trust(Enum):
    """Who may set a key: `FILE` also a chat's frontmatter, `OWNER` only the person whose editor it is."""

    FILE = "file"
    OWNER = "owner"


def key(default: Any, form: str, *, trust: Trust = Trust.OWNER, **limits: Any) -> Any:
    """A setting. `form` ends the sentence "must be …"; `limits` are constraints as pydantic's `Field` takes them,
    or `each`: those of each type of a union."""
    return field(default=default, metadata={"form": form, "trust": trust, "limits": limits})


def section(kind: type) -> Any:
    """A group of settings under one name."""
    return field(default_factory=kind, metadata={"section": kind})


def sections(kind: type) -> Any:
    """Groups of one kind under names that the owner chooses."""
    return field(default_factory=dict, metadata={"sections": kind})


@dataclass(frozen=True, slots=True)
class AnthropicParameters:
    thinking_budget: int | None = key(None, "a whole number of tokens (0: no thinking)", trust=Trust.FILE, ge=0)
    cache_retention: Literal["short", "long", "none"] = key("short", "short, long or none", trust=Trust.FILE)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What goes with a request. `timeout` and `connect_timeout` are in seconds."""

    max_tokens: int | str = key(
        "50%",
        'a whole number of tokens, or a share of what the model can write, as "50%"',
        trust=Trust.FILE,
        each=({"ge": 1}, {"pattern": r"^([1-9][0-9]?|100)%$"}),
    )
    temperature: float | None = key(None, "a number from 0 to 2", trust=Trust.FILE, ge=0, le=2)
    timeout: float = key(600, "a number of seconds above 0", trust=Trust.FILE, gt=0)
    connect_timeout: float = key(10, "a number of seconds above 0", trust=Trust.FILE, gt=0)
    anthropic: AnthropicParameters = section(AnthropicParameters)


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """One endpoint. `base_url` None: the vendor's own."""

    base_url: str | None = key(None, "an address, as https://host/path")


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
    enabled: bool = key(True, "true or false")


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """`path` None: the folder that Neovim keeps for logs. Errors are written even when `enabled` is false."""

    enabled: bool = key(False, "true or false")
    path: str | None = key(None, "the path of a file")
    level: Literal["TRACE", "DEBUG", "INFO", "WARN", "ERROR"] = key("DEBUG", "TRACE, DEBUG, INFO, WARN or ERROR")


@dataclass(frozen=True, slots=True)
class NormalKeys:
    """A key, or false or an empty string for none."""

    send: str | Literal[False] = key("<C-]>", "a key, or false")
    cancel: str | Literal[False] = key("<C-c>", "a key, or false")
    tool_execute: str | Literal[False] = key("<M-CR>", "a key, or false")


@dataclass(frozen=True, slots=True)
class InsertKeys:
    send: str | Literal[False] = key("<C-]>", "a key, or false")


@dataclass(frozen=True, slots=True)
class KeySettings:
    enabled: bool = key(True, "true or false")
    normal: NormalKeys = section(NormalKeys)
    insert: InsertKeys = section(InsertKeys)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, resolved. `provider` and `model` None: nobody chose, the composition root decides."""

    provider: str | None = key(None, "the name of a provider", trust=Trust.FILE)
    model: str | None = key(None, "the name of a model", trust=Trust.FILE)
    parameters: Parameters = section(Parameters)
    providers: Mapping[str, ProviderSettings] = sections(ProviderSettings)
    tools: ToolSettings = section(ToolSettings)
    editing: EditingSettings = section(EditingSettings)
    notify: NotifySettings = section(NotifySettings)
    pricing: PricingSettings = section(PricingSettings)
    logging: LoggingSettings = section(LoggingSettings)
    keymaps: KeySettings = section(KeySettings)
