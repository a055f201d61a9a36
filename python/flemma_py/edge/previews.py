"""What a chat would send, and what its calls would do: computed when Lua asks, and pushed."""

from __future__ import annotations

from flemma_py.app.conversation import Conversation
from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.chat import BufferChat
from flemma_py.errors import DocumentError, FlemmaError


class Previews:
    """Nothing of the chat is changed."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services

    def request(self, conversation: Conversation) -> None:
        """Tell what a send would send."""
        self._bridge.loop.create_task(self._request(conversation), name="preview")

    def calls(self, buf: int, chat: BufferChat, conversation: Conversation, line: int | None) -> None:
        """Tell what the call that `line` means would do, or without one all that wait."""
        self._bridge.loop.create_task(self._calls(buf, chat, conversation, line), name="foresee")

    async def _request(self, conversation: Conversation) -> None:
        try:
            self._bridge.tell("preview", (await conversation.preparation.preview()).as_payload())
        except FlemmaError as error:
            line = f"line {error.line + 1}: " if isinstance(error, DocumentError) and error.line is not None else ""
            self._complain(f"{line}{error.message}")

    async def _calls(self, buf: int, chat: BufferChat, conversation: Conversation, line: int | None) -> None:
        await self._services.warm()
        from flemma_py.app.foresight import foresee

        document = chat.view().document
        try:
            found = await foresee(await conversation.calls.approver(document), document, line)
        except FlemmaError as error:
            return self._complain(error.message)
        previews = [each.as_payload() for each in found]
        return self._bridge.tell("foreseen", {"buf": buf, "asked": line is not None, "previews": previews})

    def _complain(self, message: str) -> None:
        self._bridge.tell("notify", {"level": "error", "message": message})
