"""Did you mean: the nearest of the words that would have been right."""

from __future__ import annotations

from collections.abc import Iterable

NEAR = 3
"""Edits (insert, delete, replace a letter) up to which a word counts as meant."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice within `NEAR` edits of `word`, the nearest one, the first of equals. None where every letter would
    have to change: that is another word, not a slip."""
    distance, choice = min(((edits(word, choice), choice) for choice in choices), default=(NEAR + 1, ""))
    return choice if distance <= NEAR and distance < len(word) else None


def edits(left: str, right: str) -> int:
    """The least number of letters to insert, delete or replace that turns `left` into `right`."""
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        above, row = row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b)))
    return row[-1]
