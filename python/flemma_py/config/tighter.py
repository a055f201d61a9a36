"""Which of two values is the stricter one: what a file may set where its owner has not agreed to more."""

from __future__ import annotations

import math
from collections.abc import Sequence


def on(value: bool, owners: bool) -> bool:
    """A guard: a file may put it up."""
    return value or not owners


def off(value: bool, owners: bool) -> bool:
    """A licence: a file may take it back."""
    return owners or not value


def lower(value: float, owners: float) -> bool:
    return value <= owners


def lower_or_unlimited(value: float, owners: float) -> bool:
    """As `lower`, where 0 stands for no limit."""
    return (value or math.inf) <= (owners or math.inf)


def lower_or_none(value: float | None, owners: float | None) -> bool:
    """As `lower`, where None stands for no limit, and 0 for one of nothing."""
    return owners is None or (value is not None and value <= owners)


def fewer(value: Sequence[object], owners: Sequence[object]) -> bool:
    """Every entry of a list lets something through."""
    return all(entry in owners for entry in value)


def more(value: Sequence[object], owners: Sequence[object]) -> bool:
    """Every entry of a list keeps something out."""
    return all(entry in value for entry in owners)


def seen(value: str, owners: str) -> bool:
    """Of the two ways of consent the one that shows first."""
    return value == owners or value == "seen"


def fewer_rules(value: Sequence[object], owners: Sequence[object]) -> bool:
    """As `fewer`, but rules that ask or refuse let nothing through."""
    return fewer([entry for entry in value if not refuses(entry)], owners)


def refuses(rule: object) -> bool:
    """Whether a rule of approval asks or denies."""
    return isinstance(rule, str) and rule.split(None, 1)[:1] in (["ask"], ["deny"])
