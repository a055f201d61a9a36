"""Sessions to choose one from, the latest first: those of the project, or of all."""

from __future__ import annotations

from collections.abc import AsyncIterator

from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Choose, Outcome, Said
from flemma_py.sessions.questions import Filter, Hit


async def list_sessions(asked: Asked) -> AsyncIterator[Outcome]:
    whole = asked.is_set("whole")
    current = asked.chat.session.sid if asked.chat else None
    wanted = Filter(workspace=None if whole else await asked.workspace())
    page = await asked.ask(lambda store: store.page(wanted, cursor=asked.text("cursor")))
    if not page.rows:
        more = "" if whole else " in this project; :Flemma session:list all shows all projects"
        yield Said("info", f"There are no sessions yet{more}.")
        return
    again = {"action": "list", "whole": whole, "cursor": page.cursor} if page.cursor else None
    title = "Sessions" if whole else "Sessions of this project"
    yield Choose([Hit(row) for row in page.rows], title, current, again)


OPERATION = Operation("list", list_sessions)
