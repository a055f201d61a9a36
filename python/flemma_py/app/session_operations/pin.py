"""A session is kept from every cleanup, or no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.delete import named
from flemma_py.app.session_operations.outcomes import Happened, Outcome, Said
from flemma_py.sessions.store import SessionStore


async def pin(asked: Asked) -> AsyncIterator[Outcome]:
    pinned = asked.is_set("pinned")
    if asked.text("id") is None:
        recorder = await asked.here.session.bound()
        # None: it is as it should be already.
        if (receipt := recorder.meta(pinned=pinned or None)) is not None:
            await asyncio.wrap_future(receipt)
        sid = recorder.sid
    else:
        sid = await asked.sid()

        def change(store: SessionStore) -> None:
            store.pin(sid, pinned=pinned).result()

        await asked.ask(change)
    row = await asked.ask(lambda store: store.row(sid))
    yield Said("info", f"{named(row)} is {'pinned: no cleanup takes it' if pinned else 'not pinned any more'}.")
    yield Happened("pin", {"sid": sid, "pinned": pinned})


OPERATION = Operation("pin", pin)
