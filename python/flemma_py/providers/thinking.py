"""How much a model is asked to think, and what becomes of thoughts that another model had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flemma_py.model.language_model import LEVELS, ModelFacts, ThinkingFacts
from flemma_py.model.prompt import ThinkingPart

_LEVEL_UP_TO = ((256, "minimal"), (4_096, "low"), (12_288, "medium"), (24_576, "high"))
_BUDGETS = {"minimal": 128, "low": 2_048, "medium": 8_192, "high": 16_384, "max": 32_768}
"""Tokens, for models of which nobody wrote down other ones."""
_MOST = 2**31
"""More tokens than any model has: infinity is a number, too."""
_OFF = ("off", "none")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: a level, or a number of tokens, or neither: no thinking. `is_asked`: the owner said so;
    otherwise it is what a model does by itself."""

    level: str | None = None
    tokens: int | None = None
    is_asked: bool = True

    @property
    def is_off(self) -> bool:
        return self.level is None and self.tokens is None

    def as_level(self) -> str:
        """The level, or the one that comes nearest to the tokens."""
        if self.level is not None:
            return self.level
        tokens = self.tokens or 0
        return next((name for limit, name in _LEVEL_UP_TO if tokens <= limit), "max")

    def as_tokens(self, facts: ThinkingFacts) -> int:
        """The tokens, or those of the level, within what the model takes."""
        tokens = self.tokens
        if tokens is None:
            level = self.as_level()
            fallback = facts.most if level == "max" and facts.most else _BUDGETS[level]
            tokens = facts.budgets.get(level, fallback)
        return max(facts.least, min(tokens, facts.most) if facts.most else tokens)

    def as_effort(self, facts: ThinkingFacts) -> str:
        """The wire's word for the level."""
        level = self.as_level()
        return facts.efforts.get(level, level)


def wanted(parameters: dict[str, Any], facts: ModelFacts, *own: str) -> Wanted | None:
    """What the parameters ask for: the first of the wire's `own` names that is set, else `thinking`. None: nobody said
    anything, and the model does not think by itself."""
    for name in (*own, "thinking"):
        told = _read(parameters.get(name))
        if told is not None:
            return told
    return Wanted("high", is_asked=False) if facts.thinking.by_itself else None


def _read(value: Any) -> Wanted | None:
    """A level, a number of tokens, false, or a table with a `level`; what is none of them says nothing."""
    match value:
        case {**table} if not isinstance(value, str):
            return _read(table.get("level", "high"))
        case False:
            return Wanted()
        case int() | float() if value is not True:
            return Wanted(tokens=int(min(value, _MOST))) if value >= 1 else Wanted()
        case str() if value.strip().lower() in _OFF:
            return Wanted()
        case str() if value.strip():
            word = value.strip().lower()
            return Wanted(word if word in LEVELS else "max" if word == "xhigh" else "high")
        case _:
            return None


def keeps_foreign(parameters: dict[str, Any]) -> bool:
    """Whether thoughts that this wire cannot take back as thinking are told as text (`thinking.foreign`)."""
    setting = parameters.get("thinking")
    return not (isinstance(setting, dict) and setting.get("foreign") == "drop")


def foreign_text(parts: Iterable[ThinkingPart]) -> str:
    """Thoughts of other models as one piece of text, empty where there are none to tell."""
    thoughts = [text for part in parts if not part.redacted and (text := part.text.strip())]
    return "<thinking>\n" + "\n\n".join(thoughts) + "\n</thinking>" if thoughts else ""
