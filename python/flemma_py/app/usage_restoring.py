"""What a new Neovim goes on with (`sessions.restore_usage`): the requests of the one before it, or of the project."""

from __future__ import annotations

import logging
from typing import Any

from flemma_py.accounting.request import entry
from flemma_py.app.keeping import Keeping
from flemma_py.errors import SessionError

log = logging.getLogger(__name__)

MOST = 10_000
"""Requests that an editor is told of."""


async def restored(keeping: Keeping, wanted: str, folder: str) -> list[dict[str, Any]]:
    """Requests under the names of the session API, in the order in which they ended. `wanted` is "instance" or
    "project", `folder` where Neovim was started. Empty where nothing is kept, or nothing can be read."""
    from flemma_py.app.keeping.workspace import workspace_of
    from flemma_py.sessions import SessionStore, Spending

    def asked(store: SessionStore) -> list[dict[str, Any]]:
        if wanted == "project":
            spending = Spending(workspace=workspace_of(folder))
        else:
            spending = Spending(writer=store.last_writer())
            if spending.writer is None:
                return []
        return [entry(each.request) | {"request_id": each.id} for each in store.bookings(spending)[-MOST:]]

    try:
        return await keeping.ask(asked)
    except SessionError as error:
        log.warning("what was used before is not known: %s", error.message)
        return []
