"""Where a session is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Outcome, Said


async def path(asked: Asked) -> AsyncIterator[Outcome]:
    sid = await asked.sid()
    folder = await asked.ask(lambda store: store.folder(sid))
    yield Said("info", str(folder))


OPERATION = Operation("path", path)
