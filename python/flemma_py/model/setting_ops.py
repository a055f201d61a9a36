"""What a chat's frontmatter says about settings, in the order in which it says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["set", "append", "remove", "prepend"]


@dataclass(frozen=True, slots=True)
class SettingOp:
    """`line` is the one of the buffer (0-based), None where none is known."""

    path: tuple[str, ...]
    action: Action
    value: Any
    line: int | None
