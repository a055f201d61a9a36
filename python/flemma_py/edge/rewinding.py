"""Files that tools changed, when the user goes back in a chat: the message kind `rewind`, `{action=…, buf=…, ask=…}`.

    look      line: 0-based, of the message to go back to     what could be done with files
    undo                                                      the same, of what was restored last
    restore                                                   do what was shown last under `ask`
    forget                                                    it is not wanted

The answer goes to the door `rewind` with the same `ask`, a number of Lua's: `{count, others, summary, lines}` of an
offer, `{level, message}` of what was done, `{problem}`. Nothing is done that was not shown.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.app.conversation import Conversation
from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.chat import BufferChat
from flemma_py.edge.payloads import integer, string
from flemma_py.errors import EditorError, FlemmaError

if TYPE_CHECKING:
    from flemma_py.app.rewinding.rewind import Offer

log = logging.getLogger(__name__)

NO_SESSION = "No session is kept, so nothing is known of files."
OWN_ERROR = "An error of Flemma's own kept files from being restored; see the log."


class RewindCommands:
    """One offer per chat is kept, the last one."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services
        self._offers: dict[int, tuple[int, Offer]] = {}

    def take(self, payload: Mapping[str, Any], chats: Mapping[int, tuple[BufferChat, Conversation]]) -> None:
        """Take one message. Raises `EditorError`."""
        action, buf, ask = string(payload, "action"), integer(payload, "buf"), integer(payload, "ask")
        if buf not in chats:
            raise EditorError(f"buffer {buf} was never attached: :edit it again")
        if action == "forget":
            self._offers.pop(buf, None)
            return
        line = integer(payload, "line") if action == "look" else 0
        self._bridge.loop.create_task(self._run(action, buf, ask, line, *chats[buf]), name=f"rewind {action}")

    async def _run(
        self, action: str, buf: int, ask: int, line: int, chat: BufferChat, conversation: Conversation
    ) -> None:
        try:
            document = chat.view().document
            answer = await self._answer(action, buf, ask, line, document, conversation)
        except FlemmaError as error:
            answer = {"problem": error.message}
        except Exception:
            log.exception("files could not be restored")
            answer = {"problem": OWN_ERROR}
        self._bridge.tell("rewind", {"ask": ask, **answer})

    async def _answer(
        self, action: str, buf: int, ask: int, line: int, document: Any, conversation: Conversation
    ) -> dict[str, Any]:
        await self._services.warm()
        # Imported when somebody goes back: no start needs it.
        from flemma_py.app.rewinding.rewind import FileRewind

        files = FileRewind(self._services, conversation)
        if action == "restore":
            known = self._offers.pop(buf, None)
            if known is None or known[0] != ask:
                return {"problem": "What was shown does not hold any more: ask again."}
            level, message = await files.restore(known[1])
            return {"level": level, "message": message}
        offer = await (files.undo() if action == "undo" else files.before(document, line))
        if offer is None:
            return {
                "count": 0,
                "others": 0,
                "summary": NO_SESSION,
                "lines": [],
            }
        self._offers[buf] = (ask, offer)
        return {
            "count": len(offer.plan.changes),
            "others": len(offer.plan.files) - len(offer.plan.changes) + offer.others,
            "summary": offer.summary,
            "lines": list(offer.text),
        }
