"""A turn whose record is late is ended and billed all the same, in the right order."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.wire.rewind_place import Owner
from tests.wire.session_support import COST, REQUEST

from flemma_py.app.keeping import ChatSession, Keeping
from flemma_py.conversation.state import Outcome
from flemma_py.document.parser import parse
from flemma_py.sessions.locks import Locks


class Quiet:
    """An editor that is told that something is late."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, level: str, message: str) -> None:
        self.told.append(message)


def test_what_a_request_used_is_booked_where_its_turn_was_written_late(tmp_path: Path) -> None:
    async def go() -> None:
        keeping = Keeping(Owner(), lambda level, message: None)
        keeping.at(str(tmp_path / "state"), str(tmp_path / "cache"))
        editor: Any = Quiet()
        nowhere: Any = None
        session = ChatSession(keeping, editor, nowhere)
        store = keeping.store
        assert store is not None
        recorder = store.create(cwd="/x", workspace="/x")
        session.adopt(recorder)
        billed = asyncio.Event()
        session.on_change = lambda: billed.set() if recorder.fold.ledger.bookings else None
        with Locks(tmp_path / "state" / "sessions" / "locks").held(f"{recorder.sid}.lock"):
            session.begin(parse(["@You:", "Hello"]), model="m")
            await session.ready(is_required=False)
            session.sending(None)
            session.over(Outcome.COMPLETED, lambda booked: booked(REQUEST))
        assert [message for message in editor.told if "it follows" in message]
        await asyncio.wait_for(billed.wait(), 15)
        assert await asyncio.to_thread(store.flush)
        fold = store.fold(recorder.sid)
        (turn,) = fold.turns.values()
        (booking,) = fold.ledger.bookings.values()
        assert (turn.state, booking.turn, booking.cost) == ("completed", turn.id, COST)
        assert session.turn is None
        await keeping.close()

    asyncio.run(go())
