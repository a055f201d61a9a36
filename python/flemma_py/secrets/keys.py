"""A provider's key, looked for in one place after the other: environment, the owner's command, the system's store.

What a command or a store gave is remembered until somebody says that it was refused; what was not found never is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flemma_py.secrets.command import run_key_command
from flemma_py.secrets.environment import Found, Missing, resolve
from flemma_py.secrets.store import look_up

STORE_SECONDS = 2.0
"""A store that takes longer waits for its owner, and a send must not."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the key of the provider `name` may be, in the order of the fields. `service` is its name in the store."""

    name: str
    variables: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    service: str | None = None

    @property
    def is_keyless(self) -> bool:
        return not (self.variables or self.command or self.service)


class Keys:
    """`found` is told of each key before anybody else has it."""

    def __init__(self, environ: Mapping[str, str], found: Callable[[str], None]) -> None:
        self._environ = environ
        self._found = found
        self._kept: dict[KeySource, Found] = {}
        self._locks: dict[KeySource, asyncio.Lock] = {}

    async def find(self, source: KeySource) -> Found | Missing:
        """The first key that there is, or why each place had none."""
        at_hand = resolve(source.variables, self._environ)
        if isinstance(at_hand, Missing) and (source.command or source.service):
            # Two chats that send at once ask the owner once.
            async with self._locks.setdefault(source, asyncio.Lock()):
                return self._kept.get(source) or await self._look(source, at_hand.reasons)
        if isinstance(at_hand, Found):
            self._found(at_hand.key)
        return at_hand

    def at_hand(self, source: KeySource) -> Found | Missing:
        """The key if it is in the environment, or was found before: nobody is asked for it."""
        found = resolve(source.variables, self._environ)
        if isinstance(found, Missing):
            return self._kept.get(source, found)
        self._found(found.key)
        return found

    def forget(self, name: str) -> None:
        """The provider's key was refused: ask again next time."""
        self._kept = {source: key for source, key in self._kept.items() if source.name != name}

    def forget_all(self) -> None:
        self._kept.clear()

    async def _look(self, source: KeySource, reasons: tuple[str, ...]) -> Found | Missing:
        answer: Found | Missing = Missing(())
        if source.command:
            answer = await run_key_command(source.command)
        elif source.service:
            answer = await _ask_store(source.service)
        if isinstance(answer, Missing):
            return Missing((*reasons, *answer.reasons))
        self._found(answer.key)
        self._kept[source] = answer
        return answer


async def _ask_store(service: str) -> Found | Missing:
    try:
        return await asyncio.wait_for(asyncio.to_thread(look_up, service), STORE_SECONDS)
    except TimeoutError:
        return Missing((f"the system's key store did not answer within {STORE_SECONDS:g} seconds",))
