"""A store that forgets: for programs that try something out, and for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from typing import Any

from flemma_py.journal.messages import normal
from flemma_py.journal.tags import at, seconds
from flemma_py.sessions.ids import checked
from flemma_py.sessions.troubles import NoSuchSession
from flemma_py.sessions.whole.markdown import export_session_markdown
from flemma_py.sessions.whole.session import Session


class MemoryStore:
    """Sessions by their ids. What is loaded or listed is the caller's own."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._sessions: dict[str, Session] = {}
        self._clock = clock

    def save(self, session: Session) -> None:
        """Keep it as it is now; nothing where no user says anything."""
        if session.has_user_interaction():
            self._sessions[checked(session.id)] = deepcopy(session)
        else:
            self._sessions.pop(session.id, None)

    def load(self, id: str) -> Session:
        """The session with this id, or the only one whose id begins so. Raises `NoSuchSession`."""
        found = [id] if id in self._sessions else [each for each in self._sessions if each.startswith(id)]
        if len(found) != 1:
            raise NoSuchSession(f"{len(found) or 'No'} sessions begin with {id}.")
        return deepcopy(self._sessions[found[0]])

    def list(self) -> list[Session]:
        """All, the latest first, without what is said in them."""
        found = [deepcopy(each) for each in self._sessions.values()]
        for each in found:
            each.messages, each.said, each.tunnel_events, each.usage_history, each.metrics = [], [], [], [], []
        return sorted(found, key=lambda each: each.updated_at, reverse=True)

    def delete(self, id: str) -> None:
        self._sessions.pop(id, None)

    def export_markdown(self, id: str) -> str:
        return export_session_markdown(self.load(id))

    def cleanup_older_than(self, before: datetime | float) -> int:
        """Forget what was last changed before a moment; returns how many."""
        limit = before if isinstance(before, datetime) else at(before)
        old = [id for id, each in self._sessions.items() if seconds(each.updated_at) < seconds(limit)]
        for id in old:
            del self._sessions[id]
        return len(old)

    def append_checkpoint(self, session: Session, messages: Sequence[Mapping[str, Any]], token_count: int) -> None:
        """From now on its messages are these."""
        session.messages = [normal(each) for each in messages]
        session.updated_at = max(session.updated_at, at(self._clock()))
        self.save(session)
