"""What a place for sessions must be able to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from flemma_py.sessions.whole.session import Session


@runtime_checkable
class Store(Protocol):
    """Each method raises `SessionError` where it cannot."""

    def save(self, session: Session, /) -> None:
        """Keep the session as it is now, all of it or nothing; none in which no user says anything."""
        ...

    def load(self, id: str, /) -> Session: ...

    def list(self) -> list[Session]:
        """All sessions, the latest first, without what is said in them."""
        ...

    def delete(self, id: str, /) -> None: ...

    def export_markdown(self, id: str, /) -> str: ...

    def cleanup_older_than(self, before: datetime, /) -> int:
        """Take away sessions that were last changed before a moment; returns how many."""
        ...

    def append_checkpoint(self, session: Session, messages: Sequence[Mapping[str, Any]], token_count: int, /) -> None:
        """From now on the session's messages are these, and what comes behind them."""
        ...
