"""A session comes back from the trash."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.delete import named
from flemma_py.app.session_operations.outcomes import Happened, Outcome, Said
from flemma_py.errors import SessionError
from flemma_py.sessions.store import SessionStore


async def undelete(asked: Asked) -> AsyncIterator[Outcome]:
    id = asked.text("id")
    if id is None:
        raise SessionError("Say which session is to come back: completion behind :Flemma session:undelete has all.")

    def bring_back(store: SessionStore) -> str:
        sid = complete(store, id)
        store.undelete(sid)
        return sid

    sid = await asked.ask(bring_back)
    row = await asked.ask(lambda store: store.row(sid))
    yield Said("info", f"{named(row)} is back: :Flemma session:load {row.sid} opens its chat.")
    yield Happened("undelete", {"sid": row.sid})


OPERATION = Operation("undelete", undelete)


def complete(store: SessionStore, start: str) -> str:
    """The one session in the trash whose id begins so. Raises `SessionError`."""
    found = sorted({each.sid for each in store.trashed() if each.sid.upper().startswith(start.upper())})
    if start in found:
        return start
    if len(found) != 1:
        many = (
            f"{len(found)} sessions in the trash begin with {start}" if found else f"No session {start} is in the trash"
        )
        raise SessionError(f"{many}.")
    return found[0]
