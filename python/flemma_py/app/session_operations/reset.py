"""A chat begins anew: Lua has stopped and cleared it, which undo brings back, and it gets a session of its own. The old
one stays as it was: `load` makes its chat again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from flemma_py.app.keeping.finding import bind
from flemma_py.app.keeping.workspace import workspace_of
from flemma_py.app.session_operations import Asked, Operation
from flemma_py.app.session_operations.outcomes import Happened, Outcome
from flemma_py.sessions.recorder import Recorder
from flemma_py.sessions.store import SessionStore

STOPPED = "user_cancel_and_clear"


async def reset(asked: Asked) -> AsyncIterator[Outcome]:
    chat = asked.here
    if not asked.services.keeping.is_on:
        yield Happened("agent_stop", {"reason": STOPPED})
        return
    before = (await chat.session.bound()).sid
    await asyncio.to_thread(chat.session.leave, "reset")
    chat.session.adopt(await asked.ask(lambda store: _anew(store, asked, chat.path)))
    yield Happened("agent_stop", {"reason": STOPPED, "sid": before, "next": chat.session.sid})


OPERATION = Operation("reset", reset)


def _anew(store: SessionStore, asked: Asked, path: str) -> Recorder:
    recorder = store.create(cwd=asked.cwd, workspace=workspace_of(asked.folder), chat_path=path or None)
    if path:
        # Of two that were bound here the later one is the file's.
        bind(recorder, path)
    return recorder
