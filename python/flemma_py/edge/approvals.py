"""`:Flemma tool:allow`, `tool:rules` and `autopilot:…`: what Lua asks, and what is told to it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer, string
from flemma_py.errors import EditorError, FlemmaError

if TYPE_CHECKING:
    from flemma_py.app.conversation import Conversation
    from flemma_py.edge.chat import BufferChat

log = logging.getLogger(__name__)

Payload = Mapping[str, Any]
Chats = Mapping[int, "tuple[BufferChat, Conversation]"]


class ApprovalCommands:
    """One for a host. What decides is loaded when somebody asks."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()

    def toggle(self, *, enabled: bool) -> None:
        self._start(self._toggle(enabled=enabled))

    def take(self, payload: Payload, chats: Chats) -> None:
        match string(payload, "action"):
            case "offer":
                buf = integer(payload, "buf")
                self._start(self._offer(buf, *_chat(chats, buf), integer(payload, "line")))
            case "keep":
                chat, conversation = _chat(chats, integer(payload, "buf"))
                self._start(self._keep(chat, conversation, string(payload, "scope"), _texts(payload)))
            case "list":
                self._start(self._list())
            case "forget":
                self._start(self._forget(payload))
            case action:
                raise EditorError(f"a message from Neovim wants something unknown of approvals: {action}")

    async def _toggle(self, *, enabled: bool) -> None:
        await self._services.warm()
        from flemma_py.app.toggles import toggle_autopilot

        level, message = toggle_autopilot(self._services, enabled=enabled)
        self._bridge.tell("catalogue", self._services.catalogue())
        self._say(level, message)

    async def _offer(self, buf: int, chat: BufferChat, conversation: Conversation, line: int) -> None:
        await self._services.warm()
        from flemma_py.app.allowing import offered

        document = chat.view().document
        found = await offered(await conversation.calls.approver(document), document, line)
        if found is None:
            self._say("warn", "there is no tool call at the cursor")
        else:
            self._bridge.tell("offers", {"buf": buf, **found.as_payload()})

    async def _keep(self, chat: BufferChat, conversation: Conversation, scope: str, rules: list[str]) -> None:
        await self._services.warm()
        from flemma_py.app.allowing import keep
        from flemma_py.approval.rules import Scope

        approver = await conversation.calls.approver(chat.view().document)
        self._say("info", await keep(self._services.rules, approver, Scope(scope), rules))

    async def _list(self) -> None:
        from flemma_py.app.allowing import listed

        kept = await asyncio.to_thread(self._services.rules.all)
        self._bridge.tell("rules", {"rules": list(map(listed, kept))})

    async def _forget(self, payload: Payload) -> None:
        from flemma_py.app.rule_store import Kept
        from flemma_py.approval.rules import Scope

        text = string(payload, "text")
        rule = Kept(Scope(string(payload, "scope")), string(payload, "place"), text)
        had = await asyncio.to_thread(self._services.rules.remove, rule)
        self._say("info", f"The rule {text} does not hold any more." if had else f"There is no rule {text} any more.")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except FlemmaError as error:
                self._say("error", error.message)
            except Exception:
                log.exception("a command about approval failed")
                self._say("error", "An error of Flemma's own ended this: see the log.")

        task = self._bridge.loop.create_task(guarded(), name="approvals")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _say(self, level: str, message: str) -> None:
        self._bridge.tell("notify", {"level": level, "message": message})


def _chat(chats: Chats, buf: int) -> tuple[BufferChat, Conversation]:
    found = chats.get(buf)
    if found is None:
        raise EditorError(f"buffer {buf} was never attached: :edit it again")
    return found


def _texts(payload: Payload) -> list[str]:
    rules = payload.get("rules")
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise EditorError(f"a message from Neovim has no list of rules: {rules!r}")
    return rules
