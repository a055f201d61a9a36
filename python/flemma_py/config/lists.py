"""Lists that several layers have a say in: set, append, prepend and remove, replayed from the lowest layer up.

A word is in a list once: what is added again moves. What is prepended together keeps its order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.model.setting_ops import Action

Words = tuple[Any, ...]
Expand = Callable[[Iterable[Any]], Words]


@dataclass(frozen=True, slots=True)
class ListChange:
    """What one layer says of a list, in its order. A `set` without words means the default."""

    steps: tuple[tuple[Action, Words | None], ...] = ()

    def then(self, action: Action, words: Words | None) -> ListChange:
        """This change and one more; what a `set` comes after is of no consequence."""
        step = (action, words)
        return ListChange((step,) if action == "set" else (*self.steps, step))

    def __str__(self) -> str:
        return ", ".join(
            f"{action} {'the default' if words is None else ' '.join(map(str, words)) or 'nothing'}"
            for action, words in self.steps
        )

    def apply(self, words: Words, default: Words, expand: Expand) -> Words:
        for action, given in self.steps:
            words = _step(words, action, default if given is None else expand(given))
        return words


def _step(words: Words, action: Action, given: Words) -> Words:
    given = tuple(dict.fromkeys(given))
    if action == "set":
        return given
    others = tuple(word for word in words if word not in given)
    match action:
        case "append":
            return others + given
        case "prepend":
            return given + others
    return others


def expander(members: Mapping[str, Sequence[Any]]) -> Expand:
    """A function that puts what a name such as `$standard` stands for in its place, its own members included. A name
    that stands for nothing stays."""

    def expand(words: Iterable[Any], seen: frozenset[str] = frozenset()) -> Words:
        found: list[Any] = []
        for word in words:
            if isinstance(word, str) and word in members:
                if word not in seen:
                    found += expand(members[word], seen | {word})
            else:
                found.append(word)
        return tuple(found)

    return expand
