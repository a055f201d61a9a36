"""A provider's key, looked for in one place after the other: environment, the owner's command, the system's store, and
for Google its own accounts.

What was found outside of the environment is remembered for as long as it is good, or until somebody says that it was
refused; what was not found never is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from flemma_py.secrets import google
from flemma_py.secrets.command import run_key_command
from flemma_py.secrets.environment import Found, Missing, resolve
from flemma_py.secrets.google import GoogleAccount
from flemma_py.secrets.store import NAMES, Locked, Wait, look_up, unlock
from flemma_py.secrets.threads import in_own_thread

STORE_SECONDS = 2.0
"""A store that takes longer waits for its owner, who then has to be told."""
OWNER_SECONDS = 120.0
"""How long the owner has to answer the store's prompt."""
LOCKED = "The key store is locked: answer its prompt..."
WAITING = "The key store asks for you: answer its prompt..."

Place = Callable[[], Awaitable[Found | Missing]]

Told = Callable[[str], None]
"""Is told why it takes long. Who has nobody to tell must not have the owner asked, either."""


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the key of the provider `name` may be, in the order of the fields. `service` is its name in the store;
    `google`: what is found is a token or an account of Google's, whose own places come last."""

    name: str
    variables: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    service: str | None = None
    google: GoogleAccount | None = None

    @property
    def is_keyless(self) -> bool:
        return not (self.variables or self.command or self.service)


class Keys:
    """`found` is told of each key before anybody else has it; `now` is a monotonic clock."""

    def __init__(
        self, environ: Mapping[str, str], found: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._environ = environ
        self._found = found
        self._now = now
        self._kept: dict[KeySource, Found] = {}
        self._spent: set[str] = set()
        self._locks: dict[KeySource, asyncio.Lock] = {}

    async def find(self, source: KeySource, told: Told | None = None) -> Found | Missing:
        """The first key that there is, or why each place had none. Only with `told` a locked store asks its owner."""
        at_hand = resolve(source.variables, self._environ)
        if source.google is None and (isinstance(at_hand, Found) or not (source.command or source.service)):
            if isinstance(at_hand, Found):
                self._found(at_hand.key)
            return at_hand
        # Two chats that send at once ask the owner once.
        async with self._locks.setdefault(source, asyncio.Lock()):
            kept = self._kept.get(source)
            if kept is not None and self._is_good(kept):
                return kept
            return await self._look(source, told)

    def at_hand(self, source: KeySource) -> Found | Missing:
        """The key if it is in the environment, or was found before: nobody is asked for it."""
        found = resolve(source.variables, self._environ)
        if isinstance(found, Missing) or source.google is not None:
            kept = self._kept.get(source)
            return kept if kept is not None and self._is_good(kept) else _not_asked(found)
        self._found(found.key)
        return found

    def _is_good(self, key: Found) -> bool:
        return key.expires is None or self._now() < key.expires

    def forget(self, name: str, *, spent: bool = False) -> None:
        """The provider's key was refused: ask again next time. `spent`: because it is none any more, so a token of
        Google's that somebody gave is passed over from now on."""
        if spent:
            self._spent |= {key.key for source, key in self._kept.items() if source.google and source.name == name}
        self._kept = {source: key for source, key in self._kept.items() if source.name != name}

    def forget_all(self) -> None:
        self._kept.clear()
        self._spent.clear()

    async def _look(self, source: KeySource, told: Told | None) -> Found | Missing:
        reasons: list[str] = []
        for ask in self._places(source, told):
            answer = await ask()
            if isinstance(answer, Found) and answer.key in self._spent:
                answer = Missing((f"{answer.source} holds a token that was refused",))
            elif isinstance(answer, Found) and source.google is not None and answer.expires is None:
                answer = await self._token(answer, source.google)
                if isinstance(answer, Missing):
                    # The owner chose this account: another one must not be used in its place.
                    return Missing((*reasons, *answer.reasons))
            if isinstance(answer, Found):
                self._found(answer.key)
                self._kept[source] = answer
                return answer
            reasons += answer.reasons
        return Missing(tuple(reasons))

    def _places(self, source: KeySource, told: Told | None) -> Iterator[Place]:
        for name in source.variables:
            yield partial(self._variable, name)
        if source.command:
            yield partial(run_key_command, source.command)
        elif source.service:
            yield partial(self._ask_store, source, told)
            if source.google is not None:
                yield partial(google.default_token, source.google)
                yield partial(google.gcloud_token, source.google, self._environ)

    async def _token(self, given: Found, account: GoogleAccount) -> Found | Missing:
        for secret in (given.key, *google.secrets_in(given.key)):
            self._found(secret)
        return await google.token_from(given, account, self._environ)

    async def _variable(self, name: str) -> Found | Missing:
        return resolve((name,), self._environ)

    async def _ask_store(self, source: KeySource, told: Told | None) -> Found | Missing:
        assert source.service is not None
        names = NAMES if source.google is None else google.ENTRIES
        asking = asyncio.ensure_future(in_own_thread(partial(look_up, source.service, names)))
        try:
            answer = await asyncio.wait_for(asyncio.shield(asking), STORE_SECONDS)
        except TimeoutError:
            if told is None:
                return _unanswered(STORE_SECONDS)
            told(WAITING)
            try:
                answer = await asyncio.wait_for(asyncio.shield(asking), OWNER_SECONDS)
            except TimeoutError:
                return _unanswered(OWNER_SECONDS)
        finally:
            asking.cancel()
        if not isinstance(answer, Locked):
            return answer
        if told is None:
            return answer.as_missing()
        told(LOCKED)
        return await _unlocked(source.service, names)


async def _unlocked(service: str, names: tuple[str, ...]) -> Found | Missing:
    """The key, when the owner has answered the prompt. Cancelling takes the prompt away."""
    wait = Wait()
    try:
        return await in_own_thread(partial(unlock, service, names, OWNER_SECONDS, wait))
    except asyncio.CancelledError:
        wait.end()
        raise


def _not_asked(found: Found | Missing) -> Missing:
    return found if isinstance(found, Missing) else Missing((f"what {found.source} holds has to be asked for a token",))


def _unanswered(seconds: float) -> Missing:
    return Missing((f"the system's key store did not answer within {seconds:g} seconds",))
