"""Every setting there is: its type, its default, how its form is told to a person, and who may set it.

Plain dataclasses and no pydantic: importing that takes about 90 ms, and the first request after Neovim's start would
wait for it. `reading.py` brings it in for the first value that needs it. A new setting is one more field here.
"""

# ruff: noqa: RUF009  (the rule does not see that `section` and `key` are `dataclasses.field`)
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal, TypeAlias


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
    manage_updatetime: bool = key(True, "true or false")
    foldlevel: int = key(1, "a whole number of at least 0", trust=Trust.FILE, ge=0)


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
    """All settings, resolved. `provider` and `model` None: nobody chose, the composition root decides."""

    provider: str | None = key(None, "the name of a provider", trust=Trust.FILE)
    model: str | None = key(None, "the name of a model", trust=Trust.FILE)
    parameters: Parameters = section(Parameters)
    providers: Mapping[str, ProviderSettings] = sections(ProviderSettings)
    tools: ToolSettings = section(ToolSettings)
    editing: EditingSettings = section(EditingSettings)
    logging: LoggingSettings = section(LoggingSettings)
    keymaps: KeySettings = section(KeySettings)
    defaults: DefaultColours = section(DefaultColours)
    highlights: Highlights = section(Highlights)
    role_style: str = key("bold,underline", "attributes with commas between, as bold,underline", trust=Trust.FILE)
    ruler: Ruler = section(Ruler)
    line_highlights: LineHighlights = section(LineHighlights)
    text_object: str | Literal[False] = key("m", "a key, or false")
