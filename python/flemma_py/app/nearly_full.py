"""A chat that soon has no room left in its model's context: that is told once, while something can be done about it."""

from __future__ import annotations

from collections.abc import Callable


class NearlyFull:
    """Of one chat. `tell` reaches the user."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._is_told = False

    def look(self, tokens: int, window: int | None, share: float | bool) -> None:
        """The chat has so many tokens, of a model that takes `window`. `share`: the part of it from which on that is
        worth a word; false: never. It is told anew only when the chat was smaller in between."""
        if not window or not share or tokens < window * share:
            self._is_told = False
        elif not self._is_told:
            self._is_told = True
            full = f"{min(tokens / window, 1):.0%} full (~{tokens:,} of {window:,} tokens)"
            self._tell(f"the model's context is {full}: :Flemma session:checkpoint puts a summary in place of the past")
