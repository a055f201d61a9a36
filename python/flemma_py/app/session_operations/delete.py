"""A session goes to the trash. Its `.chat` stays where it is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Happened, Outcome, Said
from flemma_py.errors import SessionError
from flemma_py.sessions.questions import Row

YES, NO = "Move it to the trash", "Keep it"


async def delete(asked: Asked) -> AsyncIterator[Outcome]:
    id = asked.text("id")
    if id is None:
        raise SessionError("Say which session is to be deleted: :Flemma session:list shows all.")
    row = await asked.ask(lambda store: store.row(id))
    await _refuse(asked, row)
    question = f"Delete the session {named(row)}? Its chat stays where it is."
    if not asked.is_set("sure") and await asked.choose(question, (YES, NO)) != 0:
        yield Said("info", "Nothing was deleted.")
        return
    await asked.ask(lambda store: store.delete(row.sid))
    yield Said("info", f"{named(row)} is in the trash: :Flemma session:undelete {row.sid} brings it back.")
    yield Happened("delete", {"sid": row.sid})


OPERATION = Operation("delete", delete)


def named(row: Row) -> str:
    """What a session is called in a sentence."""
    return f"“{row.title}”" if row.title else row.sid


async def _refuse(asked: Asked, row: Row) -> None:
    if asked.chat is not None and row.sid == asked.chat.session.sid:
        raise SessionError("This is the session of this chat: it is not deleted while the chat is open.")
    if row.sid in asked.open_sids or (row.chat_path and row.chat_path in asked.open_paths):
        raise SessionError(f"The chat of {named(row)} is open here: close it first (:bdelete).")
