"""Claude: models with a budget, with a budget and an effort, and those that choose by an effort."""

from __future__ import annotations

from typing import Any

from tests.wire.thinking_tables import Row
from tests.wire.vendor_types import assert_vendor_accepts

PROVIDER = "anthropic"
accepts = assert_vendor_accepts
KEYS = ("thinking", "output_config")

LEVELS = ("minimal", "low", "medium", "high", "max")
OFF: tuple[Any, ...] = ("off", False, 0, {"level": False}, {"level": "off", "foreign": "drop"})
ON_DEMAND = ("claude-sonnet-4-5", "claude-opus-4-5", "claude-sonnet-4-6", "claude-opus-4-6", "claude-opus-4-8")
ROOM = {"max_tokens": 30_000}


def budget(tokens: int) -> dict[str, Any]:
    return {"thinking": {"type": "enabled", "budget_tokens": tokens}}


def effort(word: str) -> dict[str, Any]:
    return {"output_config": {"effort": word}}


def adaptive(word: str) -> dict[str, Any]:
    return {"thinking": {"type": "adaptive", "display": "summarized"}} | effort(word)


def off(how: str) -> dict[str, Any]:
    return {"thinking": {"type": how}}


def by_level(model: str, *expected: dict[str, Any]) -> list[Row]:
    return [(model, ROOM | {"thinking": level}, excerpt) for level, excerpt in zip(LEVELS, expected, strict=True)]


BUDGETS = tuple(budget(tokens) for tokens in (1_024, 2_048, 8_192, 16_384, 16_384))
TO_HIGH = tuple(adaptive(word) for word in ("low", "low", "medium", "high", "high"))
TO_MAX = tuple(adaptive(word) for word in ("low", "low", "medium", "high", "max"))

ROWS: list[Row] = [
    # Levels.
    *by_level("claude-sonnet-4-5", *BUDGETS),
    *by_level("claude-haiku-4-5-20251001", *BUDGETS),
    *by_level("claude-opus-4-1", *BUDGETS),
    *by_level(
        "claude-opus-4-5",
        *(
            tokens | effort(word)
            for tokens, word in zip(BUDGETS, ("low", "low", "medium", "high", "high"), strict=True)
        ),
    ),
    *by_level("claude-sonnet-4-6", *TO_HIGH),
    *by_level("claude-opus-4-6", *TO_MAX),
    *by_level("claude-opus-4-8", *TO_MAX),
    *by_level("claude-sonnet-5-5", *TO_MAX),
    *by_level("claude-fable-5-2", *TO_MAX),
    *by_level("claude-haiku-6", *TO_MAX),
    *by_level("claude-3-haiku-20240307", {}, {}, {}, {}, {}),
    *by_level("my-own-model", {}, {}, {}, {}, {}),
    # Nobody said anything: as the model does by itself, which is then to be seen.
    *((model, {}, {}) for model in ON_DEMAND),
    ("claude-3-haiku-20240307", {}, {}),
    ("claude-opus-5", {}, adaptive("high")),
    ("claude-opus-5-5", {}, adaptive("high")),
    ("claude-sonnet-5-5", {}, adaptive("high")),
    ("claude-mythos-5", {}, adaptive("high")),
    # Off: nothing where that is enough, the word for it where it is not, as little as possible where it cannot be.
    *((model, {"thinking": value}, {}) for model in ON_DEMAND for value in OFF),
    *(("claude-opus-5", {"thinking": value}, off("disabled")) for value in OFF),
    *(("claude-sonnet-5-5", {"thinking": value}, off("between_tools")) for value in OFF),
    ("claude-sonnet-5", {"thinking": "off"}, off("disabled")),
    ("claude-haiku-5-5", {"thinking": "off"}, off("disabled")),
    *((model, {"thinking": False}, adaptive("low")) for model in ("claude-opus-5-5", "claude-fable-5", "claude-new")),
    # Numbers.
    *(
        ("claude-sonnet-4-5", ROOM | {"thinking": asked}, budget(sent))
        for asked, sent in ((1, 1_024), (1_023, 1_024), (4_096, 4_096), (4_096.9, 4_096), (90_000, 29_999))
    ),
    *(
        ("claude-opus-4-8", {"thinking": asked}, adaptive(word))
        for asked, word in ((256, "low"), (4_096, "low"), (12_288, "medium"), (24_576, "high"), (24_577, "max"))
    ),
    ("claude-sonnet-4-5", {"thinking": 0.5}, {}),
    # A table.
    ("claude-sonnet-4-5", ROOM | {"thinking": {"level": "low"}}, budget(2_048)),
    ("claude-sonnet-4-5", ROOM | {"thinking": {"foreign": "drop"}}, budget(16_384)),
    ("claude-sonnet-4-5", ROOM | {"thinking": {"level": 5_000}}, budget(5_000)),
    # thinking_budget stands above thinking.
    ("claude-sonnet-4-5", ROOM | {"thinking_budget": 2_000, "thinking": "max"}, budget(2_000)),
    ("claude-sonnet-4-5", ROOM | {"thinking_budget": None, "thinking": "low"}, budget(2_048)),
    ("claude-sonnet-4-5", {"thinking_budget": 0, "thinking": "max"}, {}),
    ("claude-sonnet-5-5", {"thinking_budget": 0}, off("between_tools")),
    ("claude-sonnet-5-5", {"thinking_budget": 1_024}, adaptive("low")),
    # A budget has room within max_tokens, also beside an effort.
    ("claude-sonnet-4-5", {"thinking": "high", "max_tokens": 4_000}, budget(3_999)),
    ("claude-opus-4-5", {"thinking": "high", "max_tokens": 4_000}, budget(3_999) | effort("high")),
    ("claude-sonnet-4-5", {"thinking": "high", "max_tokens": 1_024}, {}),
    ("claude-opus-4-5", {"thinking": "high", "max_tokens": 1_024}, {}),
    # An effort stands above the level's, asks for thinking, and holds without it, too.
    ("claude-opus-4-7", {"thinking": "low", "effort": "xhigh"}, adaptive("xhigh")),
    ("claude-sonnet-5-5", {"effort": "max"}, adaptive("max")),
    ("claude-opus-4-6", {"effort": "medium"}, adaptive("medium")),
    ("claude-opus-4-6", {"effort": "xhigh"}, adaptive("high")),
    ("claude-sonnet-4-6", {"effort": "max"}, adaptive("max")),
    ("claude-opus-4-6", {"effort": "low", "thinking": "off"}, effort("low")),
    ("claude-opus-5", {"effort": "xhigh", "thinking": "off"}, off("disabled") | effort("high")),
    ("claude-sonnet-5-5", {"effort": "medium", "thinking": "off"}, off("between_tools") | effort("medium")),
    ("claude-opus-4-5", ROOM | {"effort": "low", "thinking": "high"}, budget(16_384) | effort("low")),
    ("claude-opus-4-5", {"effort": "max"}, effort("high")),
    ("claude-sonnet-4-5", {"effort": "xhigh"}, {}),
]
