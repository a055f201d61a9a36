"""OpenAI: one word for the effort, which each generation has its own of."""

from __future__ import annotations

from typing import Any

from tests.wire.openai_support import assert_vendor_accepts
from tests.wire.thinking_tables import Row

PROVIDER = "openai"
accepts = assert_vendor_accepts
KEYS = ("reasoning", "include")

LEVELS = ("minimal", "low", "medium", "high", "max")
OFF: tuple[Any, ...] = ("off", False, 0, {"level": False}, {"level": "off", "foreign": "drop"})
INCLUDE = {"include": ["reasoning.encrypted_content"]}
NONE = {"reasoning": {"effort": "none"}}


def effort(word: str, summary: str = "auto") -> dict[str, Any]:
    return {"reasoning": {"effort": word, "summary": summary}} | INCLUDE


def by_level(models: str, words: str) -> list[Row]:
    return [
        (model, {"thinking": level}, effort(word))
        for model in models.split()
        for level, word in zip(LEVELS, words.split(), strict=True)
    ]


ROWS: list[Row] = [
    # Levels.
    *by_level("o1 o1-pro o3 o3-mini o3-pro o4-mini o3-deep-research", "low low medium high high"),
    *by_level("gpt-5 gpt-5-mini gpt-5-nano gpt-5-2025-08-07", "minimal low medium high high"),
    *by_level("gpt-5-codex gpt-5.1 gpt-5.1-codex gpt-5.1-codex-mini", "low low medium high high"),
    *by_level("gpt-5.1-codex-max gpt-5.2 gpt-5.2-codex gpt-5.3-codex gpt-5.4", "low low medium high xhigh"),
    *by_level("gpt-5.4-mini gpt-5.4-nano gpt-5.5 gpt-5.5-2026-04-23", "low low medium high xhigh"),
    *by_level("gpt-5.2-pro gpt-5.4-pro gpt-5.5-pro", "medium medium medium high xhigh"),
    *by_level("gpt-5-pro", "high high high high high"),
    *by_level("gpt-5.1-chat-latest gpt-5.2-chat-latest", "medium medium medium medium medium"),
    *by_level("gpt-5.6-sol gpt-6-luna gpt-6.1-sol gpt-6-astra gpt-7-tomorrow", "low low medium high max"),
    # Numbers of tokens.
    *(
        ("gpt-5.4", {"thinking": tokens}, effort(word))
        for tokens, word in (
            (1, "low"),
            (4_096, "low"),
            (4_097, "medium"),
            (12_288, "medium"),
            (24_576, "high"),
            (24_577, "xhigh"),
        )
    ),
    ("gpt-5", {"thinking": 256}, effort("minimal")),
    # Off, where the model knows that; otherwise it thinks as it does, and its thoughts come back.
    *((model, {"thinking": off}, NONE) for model in ("gpt-5.1", "gpt-5.4", "gpt-5.5", "gpt-6.1-sol") for off in OFF),
    *((model, {"thinking": off}, INCLUDE) for model in ("o3", "gpt-5", "gpt-5-codex", "gpt-5.4-pro") for off in OFF),
    # Nobody said anything.
    *((model, {}, effort("high")) for model in ("o3", "gpt-5", "gpt-5.4", "gpt-6.1-sol")),
    ("gpt-5.4", {"thinking": {"foreign": "drop"}}, effort("high")),
    # The wire's own word goes first, an empty one is none.
    ("gpt-5.4", {"reasoning": "low", "thinking": "max"}, effort("low")),
    ("gpt-5.4", {"reasoning": "", "thinking": "medium"}, effort("medium")),
    ("gpt-5.4", {"reasoning": "none", "thinking": "medium"}, NONE),
    ("gpt-6.1-sol", {"reasoning": "xhigh"}, effort("xhigh")),
    ("gpt-5", {"reasoning": "medium", "reasoning_summary": "detailed"}, effort("medium", "detailed")),
    # Models that do not think are not asked to.
    *(("gpt-4.1", parameters, {}) for parameters in ({}, {"thinking": "high"}, {"reasoning": "high"}, {"thinking": 0})),
    ("gpt-5-chat-latest", {"thinking": "high"}, {}),
    # Nobody knows these: they think as they are told, and only then.
    *(("qwen3", parameters, {}) for parameters in ({}, {"thinking": "off"})),
    ("qwen3", {"thinking": "max"}, effort("high")),
]
