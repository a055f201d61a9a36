"""Sessions that hold some words, with a line of where."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Choose, Outcome, Said
from flemma_py.errors import SessionError
from flemma_py.sessions.questions import PAGE, Filter

MOST = 20 * PAGE


async def search(asked: Asked) -> AsyncIterator[Outcome]:
    query = asked.text("query")
    if query is None or not query.strip():
        raise SessionError("Say what is to be found: :Flemma session:search some words.")
    limit = int(asked.number("limit") or PAGE)
    current = asked.chat.session.sid if asked.chat else None
    hits = await asked.ask(lambda store: store.search(query, Filter(), limit=limit + 1))
    if not hits:
        yield Said("info", f"No session says {query!r}: each must hold all the words; “quoted” ones follow each other.")
        return
    more = len(hits) > limit and limit < MOST
    again = {"action": "search", "query": query, "limit": 2 * limit} if more else None
    yield Choose(hits[:limit], f"Sessions that say {query}", current, again)


OPERATION = Operation("search", search)
