"""A watcher that asks: what is kept behind an event it knows, and then whatever comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
            told = _from(told, self._after, self._tail.reader.inherited)
        return [each for each in told if isinstance(each, Gap) or self._types is None or each.type in self._types]


def _from(told: list[Told], after: str | None, inherited: Mapping[str, Event]) -> list[Told]:
    """What somebody is told who knows all up to `after`: the bootstrap as it was there, and what follows."""
    trimmed = told[0] if told and isinstance(told[0], Gap) and told[0].why == "trimmed" else None
    at = 0 if trimmed is None else 1
    if after is None:
        return [*told[:at], *_latest(inherited, ()), *told[at:]]
    for place, each in enumerate(told):
        if isinstance(each, Event) and each.event_id == after:
            return [*_latest(inherited, told[: place + 1]), *told[place + 1 :]]
    gap = Gap(after, None, "trimmed" if trimmed else "unknown")
    return [gap, *_latest(inherited, ()), *told[at:]]


def _latest(inherited: Mapping[str, Event], told: Iterable[Told]) -> list[Event]:
    latest = dict(inherited)
    latest |= {each.type: each for each in told if isinstance(each, Event) and each.type in BOOTSTRAP}
    return sorted(latest.values(), key=lambda each: each.number)
