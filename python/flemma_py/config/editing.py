"""Settings of the editor: what is done to a chat's buffer, and its keys."""

from __future__ import annotations

from typing import Any, Literal

from flemma_py.config.group import Group, Trust, key, section
from flemma_py.config.looks import YES_OR_NO, look


class AutoClose(Group):
    """Which folds are closed when they come about. Each is closed once: what is opened by hand stays open."""

    thinking: bool = look(True)
    tool_use: bool = look(True)
    tool_result: bool = look(True)
    frontmatter: bool = look(False)
    checkpoint: bool = look(True, about="All above a checkpoint, as one fold.")


class EditingSettings(Group):
    auto_write: bool = key(False, YES_OR_NO)
    auto_prompt: bool = look(False, about="Begin an empty chat with `@You:`.")
    disable_textwidth: bool = look(True)
    manage_updatetime: bool = key(True, YES_OR_NO, trust=Trust.SETUP)
    foldlevel: int = look(1, "a whole number of at least 0", ge=0)
    conceal: str | int | Literal[False] = look(
        "2nv",
        'a level with modes behind it, as "2nv", a level, or false',
        "'conceallevel' and 'concealcursor' of a chat's windows.",
        each=({"pattern": r"^[0-3][nvic]*$"}, {"ge": 0, "le": 3}, {}),
    )
    auto_close: AutoClose = section(AutoClose)
    chat_folder: str = key(
        "chats", "the path of a folder", trust=Trust.SETUP, about="For new chats; in the project if it is relative."
    )


def binding(default: str | Literal[False]) -> Any:
    """A key, or false or an empty string for none."""
    return key(default, "a key, or false", trust=Trust.SETUP)


class NormalKeys(Group):
    send: str | Literal[False] = binding("<C-]>")
    cancel: str | Literal[False] = binding("<C-c>")
    tool_execute: str | Literal[False] = binding("<M-CR>")
    message_next: str | Literal[False] = binding("]m")
    message_prev: str | Literal[False] = binding("[m")
    tool_next: str | Literal[False] = binding("]t")
    tool_prev: str | Literal[False] = binding("[t")
    regenerate: str | Literal[False] = binding(False)
    yank_code: str | Literal[False] = binding(False)
    paste: str | Literal[False] = binding(False)
    fold_toggle: str | Literal[False] = binding("<Space>")
    conceal_toggle: str | Literal[False] = binding("<Space><Space>")


class InsertKeys(Group):
    send: str | Literal[False] = binding("<C-]>")
    role: str | Literal[False] = binding(":")


class KeySettings(Group):
    enabled: bool = key(True, YES_OR_NO, trust=Trust.SETUP)
    normal: NormalKeys = section(NormalKeys)
    insert: InsertKeys = section(InsertKeys)
    text_object: str | Literal[False] = binding("m")
    code_object: str | Literal[False] = binding("c")
