"""What Kimi models are told of thinking, and the temperature that comes with it."""

from __future__ import annotations

from typing import Any

from tests.wire.chat_types import assert_chat_accepts
from tests.wire.thinking_tables import Row

PROVIDER = "moonshot"
KEYS = ("thinking", "reasoning_effort", "temperature")
accepts = assert_chat_accepts


def graded(effort: str) -> dict[str, Any]:
    return {"reasoning_effort": effort, "temperature": 1.0}


ON = {"thinking": {"type": "enabled"}, "temperature": 1.0}
OFF = {"thinking": {"type": "disabled"}, "temperature": 0.6}

ROWS: list[Row] = [
    *(("kimi-k3.1-pro", {"thinking": level}, graded(effort)) for level, effort in (
        ("minimal", "low"), ("low", "low"), ("medium", "high"), ("high", "high"), ("max", "max"), (None, "high"),
        (False, "low"), ("off", "low"), (100, "low"), (8_192, "high"), (30_000, "max"),
    )),
    ("kimi-k3", {"reasoning_effort": "max", "thinking": "low"}, graded("max")),
    ("kimi-k3", {"temperature": 0.3}, graded("high")),
    # On or off.
    *((model, {"thinking": level}, ON) for model in ("kimi-k2.6", "kimi-k2.5")
      for level in ("minimal", "max", 1, None)),
    *((model, {"thinking": level}, OFF) for model in ("kimi-k2.6", "kimi-k2.5") for level in (False, 0, "off")),
    ("kimi-k2.6", {"thinking": "high", "temperature": 0.3}, ON),
    ("kimi-k2.6", {"thinking": False, "temperature": 1.0}, OFF),
    # On, whatever is said.
    *((model, {"thinking": level}, ON) for level in ("low", False, None)
      for model in ("kimi-k2.7-code", "kimi-k2-thinking", "kimi-k2-thinking-turbo")),
    # Nothing of that.
    ("kimi-k2-0905-preview", {"thinking": "high"}, {}),
    ("moonshot-v1-8k", {"thinking": "high", "temperature": 0.3}, {"temperature": 0.3}),
    ("moonshot-v1-128k", {"thinking": False}, {}),
    # A model that nobody wrote down is asked as everywhere.
    ("kimi-k9", {"thinking": "medium", "temperature": 0.3}, {"reasoning_effort": "medium", "temperature": 0.3}),
    ("kimi-k9", {}, {}),
]  # fmt: skip
