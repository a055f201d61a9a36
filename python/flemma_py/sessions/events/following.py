"""A watcher that asks: what is kept behind an event it knows, and then whatever comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from flemma_py.journal.events import BOOTSTRAP, Event, Gap, Told
from flemma_py.sessions.events.tail import Tail
from flemma_py.sessions.troubles import Unreadable, reason


class Following:
    """Follows the log in a session's folder, from any process. `after`: the id of the last event that is known, None
    for the beginning of what is kept; `types`: which events are wanted, None for all; gaps are always told."""

    def __init__(self, folder: Path, after: str | None = None, types: Collection[str] | None = None) -> None:
        self._tail = Tail(folder)
        self._after = after or None
        self._types = None if types is None else frozenset(types)
        self._has_begun = False

    @property
    def dropped(self) -> int:
        """Events that were of an epoch which was over."""
        return self._tail.reader.dropped

    def poll(self) -> list[Told]:
        """What came since the last time; at first the bootstrap and what is kept. Reads files. Raises `Unreadable`: ask
        again later."""
        try:
            told = self._tail.read()
        except OSError as error:
            raise Unreadable(f"The events in {self._tail.folder} could not be read: {reason(error)}.") from error
        if not self._has_begun:
            self._has_begun = True
            told = _from(told, self._after, self._tail.reader.retold)
        return [each for each in told if isinstance(each, Gap) or self._types is None or each.type in self._types]


def _from(told: list[Told], after: str | None, retold: Collection[str]) -> list[Told]:
    """What somebody is told who knows all up to `after`: the bootstrap as it was there, and what follows."""
    if after is None:
        return told
    for place, each in enumerate(told):
        if isinstance(each, Event) and each.event_id == after and after not in retold:
            return [*_latest(told[: place + 1]), *told[place + 1 :]]
    first = told[0] if told else None
    if isinstance(first, Gap) and first.why == "trimmed":
        return [Gap(after, None, "trimmed"), *told[1:]]
    return [Gap(after, None, "unknown"), *told]


def _latest(told: Iterable[Told]) -> list[Event]:
    latest = {each.type: each for each in told if isinstance(each, Event) and each.type in BOOTSTRAP}
    return sorted(latest.values(), key=lambda each: each.number)
