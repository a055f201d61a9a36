"""Questions about sessions that scripts put to the host: the message `ask`, `{number, about, given}`. The answer goes
to the door `session`, as the kind `answer`: `{number, answer}` or `{number, problem}`, in parts where `more` follow.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flemma_py.app.services import Services
from flemma_py.edge.bridge import Bridge
from flemma_py.edge.payloads import integer, mapping, string
from flemma_py.errors import FlemmaError, SessionError

if TYPE_CHECKING:
    from flemma_py.app.session_questions import Answer

log = logging.getLogger(__name__)

OWN_ERROR = "an error of Flemma's own; see the log"
_OVER = object()


class SessionQuestions:
    """Answers them, each in a task of its own."""

    def __init__(self, bridge: Bridge, services: Services) -> None:
        self._bridge = bridge
        self._services = services
        self._answers: Mapping[str, Answer] | None = None

    async def restore(self, folder: str) -> None:
        """Tell what was used before this Neovim began, where the owner wants to go on with that."""
        wanted = self._services.settings.sessions.restore_usage
        if not wanted or not self._services.keeping.is_on:
            return
        await self._services.warm()
        from flemma_py.app.usage_restoring import restored

        requests = await restored(self._services.keeping, wanted, folder)
        self._bridge.tell("session", {"kind": "restored", "requests": requests})

    def take(self, payload: Mapping[str, Any]) -> None:
        """Raises `EditorError` for what is no question."""
        work = self._answer(integer(payload, "number"), string(payload, "about"), mapping(payload, "given"))
        self._bridge.loop.create_task(work, name="question")

    async def _answer(self, number: int, about: str, given: Mapping[str, Any]) -> None:
        keeping = self._services.keeping
        try:
            parts: Iterator[Any] = await keeping.ask(lambda store: self._found(about)(store, given))
            part = await keeping.ask(lambda _: next(parts, _OVER))
            while part is not _OVER:
                after = await keeping.ask(lambda _: next(parts, _OVER))
                self._tell(number, {"answer": part, "more": after is not _OVER})
                part = after
        except FlemmaError as error:
            self._tell(number, {"problem": error.message})
        except Exception:
            log.exception("a question about sessions could not be answered")
            self._tell(number, {"problem": OWN_ERROR})

    def _found(self, about: str) -> Answer:
        """Raises `SessionError`."""
        if self._answers is None:
            from flemma_py.registry import discover

            found = discover("flemma_py.app.session_questions", "QUESTION")
            self._answers = {question.name: question.answer for _, question in found}
        if about not in self._answers:
            raise SessionError(f"Nobody knows how to answer a question about {about}.")
        return self._answers[about]

    def _tell(self, number: int, told: dict[str, Any]) -> None:
        self._bridge.tell("session", {"kind": "answer", "number": number, **told})
