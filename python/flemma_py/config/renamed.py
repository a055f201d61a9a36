"""Names that a setting has beside its own: older ones, which are told once, and short ones, which are not."""

from __future__ import annotations

from collections.abc import Mapping

Path = tuple[str, ...]

OLD: Mapping[Path, Path] = {
    ("notify",): ("ui", "usage"),
    ("notifications",): ("ui", "usage"),
    ("progress",): ("ui", "progress"),
    ("pricing",): ("ui", "pricing"),
    ("statusline",): ("ui", "statusline"),
    ("defaults",): ("highlights", "defaults"),
    ("role_style",): ("highlights", "role_style"),
    ("text_object",): ("keymaps", "text_object"),
    ("keymaps", "normal", "next_message"): ("keymaps", "normal", "message_next"),
    ("keymaps", "normal", "prev_message"): ("keymaps", "normal", "message_prev"),
    ("highlights", "user_lua_expression"): ("highlights", "lua_expression"),
    ("highlights", "tool_use"): ("highlights", "tool_use_title"),
    ("highlights", "tool_result"): ("highlights", "tool_result_title"),
    ("experimental", "lsp"): ("lsp", "enabled"),
}
"""A table under an old name has the settings of the new one."""

SHORT: Mapping[Path, Path] = {("tools", "approve"): ("tools", "auto_approve")}
"""Beside these every general parameter and every provider's table can stand without `parameters` before it."""


def current(path: Path) -> Path:
    """The path that an old or a short one stands for; others as they are."""
    for length in range(1, len(path) + 1):
        if found := OLD.get(path[:length]) or SHORT.get(path[:length]):
            return found + path[length:]
    return path
