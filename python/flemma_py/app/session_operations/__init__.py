"""What may be done with sessions: one module for each, as `OPERATION`; the folder is the registry.

An operation is an async generator: it takes what was asked and yields what comes of it, as `outcomes` has them. It
raises `FlemmaError` where it refuses. Only the store blocks, and it is asked in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flemma_py.app.keeping import ChatSession
from flemma_py.app.keeping.workspace import workspace_of
from flemma_py.app.services import Services
from flemma_py.app.session_operations.outcomes import Outcome
from flemma_py.conversation.state import View
from flemma_py.errors import SessionError
from flemma_py.sessions.store import SessionStore

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Chat:
    """The chat that was asked in, as it was then. `path` is "" where it has no file."""

    number: int
    session: ChatSession
    view: View
    path: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked. `given` is the message; `folder` that of the chat, `cwd` the one it was asked in; `chat` None: in
    no chat; `choose(question, options)` asks the user, None: none of them; `open_sids` and `open_paths`: of all chats
    that are open here."""

    services: Services
    given: Mapping[str, Any]
    folder: str
    cwd: str
    choose: Callable[[str, Sequence[str]], Awaitable[int | None]]
    chat: Chat | None = None
    open_sids: frozenset[str] = field(default_factory=frozenset)
    open_paths: frozenset[str] = field(default_factory=frozenset)

    def text(self, name: str) -> str | None:
        """A text of the message; None where it is not there, or empty."""
        value = self.given.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        value = self.given.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def is_set(self, name: str) -> bool:
        return self.given.get(name) is True

    async def workspace(self) -> str:
        """The project it was asked in."""
        return await asyncio.to_thread(workspace_of, self.folder)

    @property
    def here(self) -> Chat:
        """The chat. Raises `SessionError` where it was asked in none."""
        if self.chat is None:
            raise SessionError("This buffer is not a chat.")
        return self.chat

    async def sid(self) -> str:
        """The session that is meant: the one that was named, else that of the chat. Raises `SessionError`."""
        if (named := self.text("id")) is not None:
            return await self.ask(lambda store: store.fold(named).sid)
        if self.chat is None:
            raise SessionError("This buffer is not a chat: say the session's id, which :Flemma session:list knows.")
        return (await self.chat.session.bound()).sid

    async def ask(self, question: Callable[[SessionStore], Answer]) -> Answer:
        """Ask the store, in a thread. Raises `SessionError`, also where no sessions are kept."""
        return await self.services.keeping.ask(question)


Run = Callable[[Asked], AsyncIterator[Outcome]]


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is what Lua calls it."""

    name: str
    run: Run
