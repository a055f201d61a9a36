"""What every measure works with: editors of any side, the peer, chats, and how often to repeat."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.chats import Folder
from bench.editor import Editor
from bench.peer import Peer
from bench.sides import SIDES, Side


@dataclass(slots=True)
class Workshop:
    """`quick`: fewer repetitions and no very large chats, for a look in between; its figures are no verdict."""

    nvim: str
    peer: Peer
    chats: Folder
    home: Path
    quick: bool
    _homes: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def editor(self, side: str | Side, *arguments: str | Path, watched: bool = True) -> Iterator[Editor]:
        """A Neovim of one side that lives as long as the block; when it is left, nothing of it runs any more."""
        self.peer.forget()
        home = self.home / str(next(self._homes))
        editor = Editor(
            self.nvim,
            SIDES[side] if isinstance(side, str) else side,
            self.peer.base_url,
            home,
            [str(argument) for argument in arguments],
            watched=watched,
        )
        try:
            yield editor
        finally:
            editor.end()

    def runs(self, most: int) -> int:
        """How often to repeat what is cheap enough to be repeated `most` times."""
        return max(1, most // 4) if self.quick else most

    def sizes(self, *messages: int) -> tuple[int, ...]:
        """Sizes of chats, without the very large ones when it should be quick."""
        return tuple(size for size in messages if size <= 1000) if self.quick else messages


Sample = Callable[[str], dict[str, float]]
"""Takes a side and measures once: figures by name."""


def alternate(sides: Sequence[str], runs: int, sample: Sample) -> dict[str, dict[str, list[float]]]:
    """Measure all sides in turn, `runs` times, so that a noisy minute meets all of them: samples by figure and side."""
    samples: dict[str, dict[str, list[float]]] = {}
    for _ in range(runs):
        for side in sides:
            for name, value in sample(side).items():
                samples.setdefault(name, {}).setdefault(side, []).append(value)
    return samples
