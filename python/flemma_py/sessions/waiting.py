"""Waiting for a record without being held up by it."""

from __future__ import annotations

import asyncio

from flemma_py.errors import SessionError
from flemma_py.sessions.writer import Receipt

PATIENCE = 0.25
"""Seconds that a request waits for the record of its turn."""


async def trouble(receipt: Receipt, seconds: float = PATIENCE) -> str | None:
    """None once the record is written; else, after so many seconds at most, a sentence for the user. The record follows
    as soon as it can be written."""
    done, _ = await asyncio.wait([waiting := asyncio.wrap_future(receipt)], timeout=seconds)
    waiting.add_done_callback(_seen)
    if not done:
        return f"The record of this turn was not on the disk after {seconds * 1000:.0f} ms; it follows."
    error = waiting.exception()
    if error is None:
        return None
    return error.message if isinstance(error, SessionError) else f"The record of this turn was not written: {error}."


def _seen(waiting: asyncio.Future[None]) -> None:
    """Whatever it will be, it is in the log already."""
    if not waiting.cancelled():
        waiting.exception()
