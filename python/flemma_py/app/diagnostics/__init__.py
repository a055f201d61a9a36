"""Whether a chat's requests begin alike, as a vendor's cache wants them to: the last two are kept while somebody wants
to know, in memory only.

Imported when it is switched on: no start needs it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from flemma_py.app.diagnostics.prefix import Break, find_break
from flemma_py.app.diagnostics.pretty import pretty

PAUSE = 0.2
"""Seconds after which two requests are compared: the new one is on its way by then."""
SMALL = 1 << 16
"""Bytes that are compared at once; more than that in a thread."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The body of a request, and to whom it went: provider and model. `start`: the message of the chat that it begins
    with, which is another one behind a checkpoint."""

    whom: tuple[str, str]
    body: bytes
    start: int = 0


class Diagnostics:
    """The last two requests of one chat. `warn` is told when the second does not begin as the first did."""

    def __init__(self, warn: Callable[[str], None]) -> None:
        self._warn = warn
        self._kept: tuple[Sent, ...] = ()

    async def keep(self, sent: Sent) -> None:
        """A request goes out. One to somebody else has nothing to do with those before it; and that one does not begin
        alike which has a checkpoint between is what the user wanted."""
        if self._kept and self._kept[-1].whom != sent.whom:
            self._kept = ()
        self._kept = (*self._kept[-1:], sent)
        pair = self._kept
        if len(pair) < 2 or pair[0].start != sent.start:
            return
        await asyncio.sleep(PAUSE)
        before, after = (each.body for each in pair)
        if len(after) <= SMALL:
            found = find_break(before, after)
        else:
            found = await asyncio.to_thread(find_break, before, after)
        if found is not None:
            self._warn(sentence(found))

    async def compared(self, *, normalized: bool) -> tuple[str, str] | None:
        """Both bodies to be read side by side, None where there are no two."""
        if len(self._kept) < 2:
            return None
        before, after = (each.body for each in self._kept)
        texts = await asyncio.to_thread(lambda: [pretty(body, normalized=normalized) for body in (before, after)])
        return texts[0], texts[1]


def sentence(found: Break) -> str:
    """What is told of a prefix that broke."""
    others = f" ({', '.join(found.others)} changed, too)" if found.others else ""
    return (
        f"This request does not begin as the one before it, so no cache helps from byte {found.offset:,} on, at "
        f"{found.path}: {found.before} became {found.after}{others}. :Flemma diagnostics:diff shows both."
    )
