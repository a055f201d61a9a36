"""How much a model is asked to think, and what becomes of thoughts that another model had."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flemma_py.model.prompt import ThinkingPart

_EFFORT_UP_TO = ((4_096, "low"), (12_288, "medium"), (24_576, "high"))


def asked_budget(parameters: dict[str, Any]) -> int | None:
    """Tokens of `thinking_budget`, None where thinking is off (absent, zero or less, not a number)."""
    value = parameters.get("thinking_budget")
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    return int(value)


def effort(budget: int) -> str:
    """The level that comes nearest to a budget, for models that take levels only."""
    return next((name for limit, name in _EFFORT_UP_TO if budget <= limit), "max")


def keeps_foreign(parameters: dict[str, Any]) -> bool:
    """Whether thoughts that this wire cannot take back as thinking are told as text (`thinking.foreign`)."""
    setting = parameters.get("thinking")
    return not (isinstance(setting, dict) and setting.get("foreign") == "drop")


def foreign_text(parts: Iterable[ThinkingPart]) -> str:
    """Thoughts of other models as one piece of text, empty where there are none to tell."""
    thoughts = [text for part in parts if not part.redacted and (text := part.text.strip())]
    return "<thinking>\n" + "\n\n".join(thoughts) + "\n</thinking>" if thoughts else ""
