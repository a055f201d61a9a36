"""Settings of what a chat looks like: colours, lines, columns, the report of usage. Lua reads them; see
`lua/flemma/settings.lua`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from flemma_py.config.functions import LuaFunction
from flemma_py.config.group import Group, Trust, key, section

YES_OR_NO = "true or false"


class Table(dict[str, str]):
    """A table that can be a default: dataclasses refuse what has no hash, as it might be changed."""

    __hash__ = object.__hash__  # type: ignore[assignment]


Highlight: TypeAlias = str | Mapping[str, Any]
"""A group, a colour, an expression, attributes, or a table of such for `dark` and `light`. Lua reads it."""


def highlight(dark: str, light: str | None = None) -> Any:
    """A setting of colours; two values: one for each 'background'."""
    default = dark if light is None else Table(dark=dark, light=light)
    return key(default, "a highlight: a group, a colour, an expression or a table", trust=Trust.FILE)


def look(default: Any, form: str = YES_OR_NO, about: str = "", **limits: Any) -> Any:
    """A setting of looks, which a file may choose for itself."""
    return key(default, form, trust=Trust.FILE, about=about, **limits)


class DefaultColours(Group):
    """What an expression takes where neither its group nor Normal has the colour, by 'background'."""

    dark: Mapping[str, str] = look(Table(bg="#000000", fg="#ffffff"), "a table of bg and fg")
    light: Mapping[str, str] = look(Table(bg="#ffffff", fg="#000000"), "a table of bg and fg")


class Highlights(Group):
    defaults: DefaultColours = section(DefaultColours)
    role_style: str = look("bold,underline", "attributes with commas between, as bold,underline")
    system: Highlight = highlight("Special")
    user: Highlight = highlight("Normal")
    assistant: Highlight = highlight("Normal")
    lua_expression: Highlight = highlight("PreProc")
    lua_code_block: Highlight = highlight("PreProc")
    lua_delimiter: Highlight = highlight("FlemmaUserLuaExpression")
    user_file_reference: Highlight = highlight("Include")
    thinking_tag: Highlight = highlight("Comment")
    thinking_block: Highlight = highlight("Comment+bg:#102020-fg:#111111", "Comment-bg:#102020+fg:#111111")
    tool_use_title: Highlight = highlight("Function")
    tool_result_title: Highlight = highlight("Function")
    tool_result_error: Highlight = highlight("DiagnosticError")
    tool_result_pending: Highlight = highlight("DiagnosticInfo")
    tool_result_approved: Highlight = highlight("DiagnosticOk")
    tool_result_rejected: Highlight = highlight("DiagnosticWarn")
    tool_result_denied: Highlight = highlight("DiagnosticError")
    tool_result_aborted: Highlight = highlight("DiagnosticError")
    tool_icon: Highlight = highlight("FlemmaToolUse")
    tool_name: Highlight = highlight("Identifier")
    tool_preview: Highlight = highlight("Comment")
    tool_detail: Highlight = highlight("Comment")
    fold_preview: Highlight = highlight("Comment")
    fold_meta: Highlight = highlight("Comment")
    busy: Highlight = highlight("DiagnosticWarn")


class Ruler(Group):
    enabled: bool = look(True)
    char: str = look("─", "a character")
    hl: Highlight = highlight("Comment-fg:#303030", "Comment+fg:#303030")


class Sign(Group):
    """`char` None: that of all signs; `hl` true: the colour of the role."""

    char: str | None = look(None, "a character")
    hl: bool | str | Mapping[str, Any] = look(True, "a highlight, true for the role's own, or false for none")


class UserSign(Sign):
    char: str | None = look("▏", "a character")
    hl: bool | str | Mapping[str, Any] = look(True, "a highlight, true for the role's own, or false for none")


class Signs(Group):
    enabled: bool = look(False, about="A sign beside each line of a message.")
    char: str = look("▌", "a character")
    system: Sign = section(Sign)
    user: UserSign = section(UserSign)
    assistant: Sign = section(Sign)


class Turns(Group):
    enabled: bool = look(False, about="A line in the status column that joins the messages of a turn.")
    padding: int | list[int] | Mapping[str, int] = look(
        (0, 1), "a number of columns, or a list of those left and right"
    )
    hl: Highlight = highlight("FlemmaTurn")


class LineHighlights(Group):
    enabled: bool = look(True)
    frontmatter: Highlight = highlight("Normal+bg:#201020", "Normal-bg:#201020")
    system: Highlight = highlight("Normal+bg:#201000", "Normal-bg:#201000")
    user: Highlight = highlight("Normal", "Normal")
    assistant: Highlight = highlight("Normal+bg:#102020", "Normal-bg:#102020")


Position: TypeAlias = Literal["top", "bottom", "top left", "top right", "bottom left", "bottom right"]
POSITION = "top or bottom, alone or with left or right behind it"


class UsageSettings(Group):
    """The report of what a request used. `timeout` is in milliseconds (0: it stays until the next one), widths in
    columns; `border` as `nvim_open_win` takes it."""

    enabled: bool = key(True, YES_OR_NO)
    timeout: int = key(8000, "a whole number of milliseconds, 0 or more", ge=0)
    max_width: int = key(60, "a whole number of columns above 0", gt=0)
    padding: int = key(1, "a whole number of columns, 0 or more", ge=0)
    border: str | list[Any] = key("rounded", "the name of a border, or a list of its characters")
    title: str | Literal[False] = key("Flemma", "a text, or false")
    position: Position = look("top right", POSITION, "The corner of the window in which it stands.")
    highlight: str = look("@text.note,PmenuSel", "names of highlight groups with commas between")


class ProgressSettings(Group):
    position: Position = look("bottom left", POSITION, "Where progress is told while its own line is out of sight.")
    highlight: str = look("StatusLine", "names of highlight groups with commas between")


class AttentionSettings(Group):
    """What is told of a chat that nobody looks at, when it has finished, failed or waits for an approval."""

    enabled: bool = key(True, YES_OR_NO, about="Tell of a chat that no window shows.")
    bell: bool = key(False, YES_OR_NO, about="Ring the terminal's bell, also while Neovim has not the focus.")


class PricingSettings(Group):
    enabled: bool = key(True, YES_OR_NO)
    high_cost_threshold: float = key(
        30, "a number of dollars, 0 or more", ge=0, about="Price of a million tokens from which a switch warns."
    )


class StatuslineSettings(Group):
    """A format could run code in a status line: it is the owner's alone."""

    format: str | LuaFunction | None = key(
        None, "a text with {{ expressions }}, or a function", about="In place of the two formats below."
    )
    thinking_format: str = key(
        "{model}  ✓ thinking", "a text with {model} and {level} in it", about="Where a thinking budget is set."
    )
    reasoning_format: str = key(
        "{model} ({level})", "a text with {model} and {level} in it", about="Where a level of reasoning is set."
    )
    estimate: Literal["local", "vendor"] = key(
        "local", "local or vendor", about="Who counts a chat's tokens before it is sent."
    )


class UiSettings(Group):
    usage: UsageSettings = section(UsageSettings)
    progress: ProgressSettings = section(ProgressSettings)
    attention: AttentionSettings = section(AttentionSettings)
    pricing: PricingSettings = section(PricingSettings)
    statusline: StatuslineSettings = section(StatuslineSettings)
