"""What any model behind a Chat Completions server is told of thinking: nothing, unless somebody asks for it."""

from __future__ import annotations

from tests.wire.chat_types import assert_chat_accepts
from tests.wire.thinking_tables import Row

PROVIDER = "ollama"
KEYS = ("thinking", "reasoning_effort", "temperature")
accepts = assert_chat_accepts

_EFFORTS = (
    ("minimal", "low"), ("low", "low"), ("medium", "medium"), ("high", "high"), ("max", "high"), (False, "none"),
    ("off", "none"), (0, "none"), (256, "low"), (4_096, "low"), (4_097, "medium"), (12_289, "high"), (99_999, "high"),
)  # fmt: skip
ROWS: list[Row] = [
    *(("qwen3", {"thinking": level}, {"reasoning_effort": effort}) for level, effort in _EFFORTS),
    ("qwen3", {}, {}),
    ("qwen3", {"thinking": {"level": "low", "foreign": "drop"}}, {"reasoning_effort": "low"}),
    ("gpt-oss", {"thinking": "max", "reasoning_effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
    ("qwen3", {"thinking": "high", "temperature": 0.4}, {"reasoning_effort": "high", "temperature": 0.4}),
]
