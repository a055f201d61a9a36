"""The store of sessions as a host has it: opened when it is first needed, in a thread, and never in anybody's way."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar
from weakref import WeakSet

from flemma_py.config.schema import Settings
from flemma_py.errors import SessionError
from flemma_py.log import without_secrets

if TYPE_CHECKING:
    from flemma_py.sessions import SessionStore
    from flemma_py.sessions.drafts import DraftFile

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

OFF = "No session is kept: sessions.enabled is false, or Neovim has no state folder."
TIDY_AFTER = 60.0
"""Seconds after which the trash is looked at, once."""
SECONDS_TO_END = 5.0
"""How long the host may still write when the editor is gone."""


class Owner(Protocol):
    """Whose settings hold."""

    settings: Settings


class Leaving(Protocol):
    """A chat that is told when the editor is gone."""

    def leave(self, reason: str) -> None: ...


class Keeping:
    """`say(level, message)` reaches the user. Nothing is kept before `at` told where."""

    def __init__(self, owner: Owner, say: Callable[[str, str], None]) -> None:
        self._owner = owner
        self._say = say
        self._state: Path | None = None
        self._cache: Path | None = None
        self._store: SessionStore | None = None
        self._opening = threading.Lock()
        self._leaving = threading.Lock()
        self._tidying: threading.Timer | None = None
        self._is_over = False
        self.drafts: WeakSet[DraftFile] = WeakSet()
        self.chats: WeakSet[Leaving] = WeakSet()
        self.unbound: dict[int, str] = {}
        """Sessions of chats without a file, by buffer: the first `:write` may attach a buffer anew."""
        self.is_quitting = False
        """The user ended Neovim: what they left unsaved is not to come back."""

    def at(self, state: str, cache: str) -> None:
        """Where the editor keeps its state, and what can be made again; empty: nowhere."""
        if state and cache:
            self._state, self._cache = Path(state, "sessions"), Path(cache)

    @property
    def is_on(self) -> bool:
        return self._state is not None and self._owner.settings.sessions.enabled and not self._is_over

    @property
    def embeds(self) -> bool:
        """Whether a session's id is to stand in its chat."""
        return self._owner.settings.sessions.embed_id

    @property
    def store(self) -> SessionStore | None:
        """The store; None where nothing is kept. Opens it at the first time, which reads nothing but loads modules:
        call it in a thread."""
        if not self.is_on:
            return None
        with self._opening:
            if self._store is None:
                self._store = self._opened()
            return self._store

    def _opened(self) -> SessionStore:
        from flemma_py.sessions import SessionStore

        assert self._state is not None
        assert self._cache is not None
        wanted = self._owner.settings.sessions
        state = Path(wanted.dir).expanduser() if wanted.dir else self._state
        store = SessionStore(state, self._cache, mirror=wanted.mirror, redact=without_secrets)
        store.start()
        self._tidying = threading.Timer(TIDY_AFTER, self._tidy, (store, wanted.trash_days))
        self._tidying.daemon = True
        self._tidying.start()
        return store

    @staticmethod
    def _tidy(store: SessionStore, days: int) -> None:
        """What has been in the trash for long goes."""
        try:
            gone = store.purge(days)
        except SessionError as error:
            log.warning("the trash of sessions was not emptied: %s", error.message)
        else:
            if gone:
                log.info("%d sessions that were deleted more than %d days ago are gone for good", gone, days)

    async def ask(self, question: Callable[[SessionStore], Answer]) -> Answer:
        """Ask in a thread. Raises `SessionError`."""

        def asked() -> Answer:
            try:
                store = self.store
            except ImportError as error:
                log.exception("sessions cannot be kept on this system")
                raise SessionError(f"No session is kept: this system lacks {error.name}.") from error
            if store is None:
                raise SessionError(OFF)
            return question(store)

        try:
            return await asyncio.to_thread(asked)
        except OSError as error:
            raise SessionError(f"The sessions cannot be read: {error.strerror or error}.") from error

    def quit(self) -> None:
        """The user quits: begin to write what is to be written, as the editor ends this process soon."""
        self.is_quitting = True
        threading.Thread(target=self.leave, name="flemma-leave").start()

    def leave(self) -> None:
        """The editor is gone: write what is still to be written. Blocks, for `SECONDS_TO_END` at most."""
        with self._leaving:
            self._leave()

    def _leave(self) -> None:
        for draft in list(self.drafts):
            if self.is_quitting:
                draft.drop()
            else:
                draft.write()
        for chat in list(self.chats):
            chat.leave("quit" if self.is_quitting else "crash")
        self._is_over = True
        if self._tidying is not None:
            self._tidying.cancel()
        if self._store is not None:
            self._store.close(SECONDS_TO_END)

    async def close(self) -> None:
        """Write what is still to be written, and end."""
        await asyncio.to_thread(self.leave)
