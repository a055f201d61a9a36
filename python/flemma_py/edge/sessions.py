"""Operations on sessions, asked for by Lua: the message kind `session`, `{action=…, …}`.

Lua asks through `require("flemma.operations")`, which does at once what needs no host (the cut of a rewind, the
clearing of a reset), refuses by notice what it can know to be wrong, and sends the rest:

    fork(buf, { line?, name? })     a sibling file, opened; `line` (1-based): up to the turn there; none: all of it
    load(id)                        the session's chat, opened; made from its journal where the file is gone
    rewind(buf, { line?, insert? }) `line`: the `@You:` to go back to, whose text stays as the prompt; none: to before
                                    the first turn; `insert`: insert mode is entered. One undo step
    reset(buf)                      stops what the chat does, clears it, gives it a session of its own
    delete(id)                      to the trash, unasked
    send(action, more)              any other of those below

What the host takes. `name` and `cwd` say where it was asked, `buf` in which chat (absent: in none), `id` is a session's
id or how it begins (absent: the session of `buf`), `sure`: the user is not asked.

    fork       last?: number of lines to take (absent: all), file?: its name, busy?: a reply is being written
    load       id
    rewind     first: 0-based line from which on the chat is cut, stamp. Sent before the cut
    reset      -
    delete     id, sure?                 undelete   id
    pin        id?, pinned               info, path id?
    list       cursor?, whole?: of all projects, not of this one
    search     query, limit?
    cleanup    days, dry_run?, sure?
    stats      by?                       history    -
    doctor     repair_index?, merge_conflicts?, make_private?
    events     id?, follow?              unfollow   -
    export     format?, path?, id?, sure?

What comes of it goes to the door `operation` of `lua/flemma/receive.lua`, `{what=…, …}`; a refusal is a notice.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

from flemma_py.app.conversation import Conversation
from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.chat import BufferChat
from flemma_py.edge.payloads import integer, read_stamp, string
from flemma_py.edge.questions import Asker
from flemma_py.errors import FlemmaError

if TYPE_CHECKING:
    from flemma_py.app.session_operations import Operation
    from flemma_py.app.session_operations.outcomes import Choose, Outcome

log = logging.getLogger(__name__)

Chats = Mapping[int, tuple[BufferChat, Conversation]]
FOLLOW = "events"
OWN_ERROR = "An error of Flemma's own met what was asked of sessions; see the log. The chat is as it was."


class SessionCommands:
    """What is asked of sessions, each in a task of its own."""

    def __init__(self, bridge: Bridge, services: Services, asker: Asker) -> None:
        self._bridge = bridge
        self._services = services
        self._asker = asker
        self._tasks: set[asyncio.Task[None]] = set()
        self._following: asyncio.Task[None] | None = None
        self._operations: Mapping[str, Operation] | None = None

    def take(self, payload: Mapping[str, Any], chats: Chats, folder: str) -> None:
        """Take one message. `folder` is the chat's, or where it was asked. Looks at the chat now: what is asked is
        about the text of this moment. Raises `EditorError`."""
        action = string(payload, "action")
        if action in (FOLLOW, "unfollow") and self._following is not None:
            self._following.cancel()
            self._following = None
        if action == "unfollow":
            return
        found = chats.get(integer(payload, "buf")) if "buf" in payload else None
        if action == "rewind" and found is not None and not found[0].mirror.fits(read_stamp(payload)):
            # The text is cut by now, so nobody can say any more what it was: the next request tells that it was edited.
            log.warning("a rewind is not written down, as the mirror of buffer %d is behind", payload["buf"])
            return
        view = found[0].view() if found is not None else None
        task = self._bridge.loop.create_task(self._run(action, payload, chats, found, view, folder), name=action)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if action == FOLLOW and payload.get("follow"):
            self._following = task

    async def _run(
        self,
        action: str,
        payload: Mapping[str, Any],
        chats: Chats,
        found: tuple[BufferChat, Conversation] | None,
        view: Any,
        folder: str,
    ) -> None:
        try:
            from flemma_py.app.session_operations import Asked, Chat

            await self._services.warm()
            operation = await self._operation(action)
            buf = found[0].number if found is not None else None
            name = string(payload, "name") if "name" in payload else ""
            chat = Chat(found[0].number, found[1].session, view, name) if found is not None else None
            sids, paths = await _open(chats)
            choose = partial(self._choose, buf)
            asked = Asked(self._services, payload, folder, string(payload, "cwd"), choose, chat, sids, paths)
            async for outcome in operation.run(asked):
                self._tell(outcome, buf)
        except FlemmaError as error:
            self._bridge.tell("notify", {"level": "error", "message": error.message})
        except Exception:
            log.exception("the operation %s on sessions failed", action)
            self._bridge.tell("notify", {"level": "error", "message": OWN_ERROR})

    async def _operation(self, action: str) -> Operation:
        if self._operations is None:
            self._operations = await asyncio.to_thread(_discover)
        if action not in self._operations:
            raise FlemmaError(f"Flemma's Lua side asked something of sessions that its host does not know: {action}")
        return self._operations[action]

    async def _choose(self, buf: int | None, question: str, options: Sequence[str]) -> int | None:
        return await self._asker.choose(question, options, buf=buf)

    def _tell(self, outcome: Outcome, buf: int | None) -> None:
        from flemma_py.app.session_operations.outcomes import Choose, Fresh, Happened, Open, Said, Shown

        match outcome:
            case Said(level, message):
                return self._bridge.tell("notify", {"level": level, "message": message})
            case Open(path):
                told: dict[str, Any] = {"what": "open", "path": path}
            case Fresh(lines, path):
                told = {"what": "fresh", "lines": list(lines), "path": path}
            case Choose():
                told = {"what": "choose", **_choices(outcome)}
            case Shown(name, page, more):
                told = {"what": "page", "name": name, "more": more, **page.as_payload()}
            case Happened(type, data):
                told = {"what": "event", "type": type, "data": dict(data)}
            case _:
                assert_never(outcome)
        self._bridge.tell("operation", told if buf is None else {**told, "buf": buf})
        return None


def _discover() -> dict[str, Operation]:
    from flemma_py.registry import discover

    found = discover("flemma_py.app.session_operations", "OPERATION")
    return {operation.name: operation for _, operation in found}


async def _open(chats: Chats) -> tuple[frozenset[str], frozenset[str]]:
    """Sessions and real paths of the chats that are open."""
    sessions = [conversation.session for _, conversation in chats.values()]
    paths = [conversation.preparation.location.path for _, conversation in chats.values()]
    real = await asyncio.to_thread(lambda: frozenset(os.path.realpath(path) for path in paths if path))
    return frozenset(session.sid for session in sessions if session.sid), real


def _choices(choose: Choose) -> dict[str, Any]:
    """What a picker shows of sessions."""
    from flemma_py.accounting.money import money
    from flemma_py.app.session_operations.info import moment

    rows = [
        {
            "id": row.sid,
            "title": row.title or "(no title)",
            "model": row.model,
            "when": moment(row.updated),
            "cost": money(row.cost),
            "project": row.workspace,
            "path": row.chat_path,
            "snippet": hit.snippet,
            "pinned": row.pinned,
            "current": row.sid == choose.current,
        }
        for hit in choose.hits
        for row in [hit.row]
    ]
    told: dict[str, Any] = {"title": choose.title, "rows": rows}
    return told if choose.again is None else {**told, "again": dict(choose.again)}
