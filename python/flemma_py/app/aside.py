"""What a chat does beside its turns: its figure of tokens, estimates that were asked for, the comparison of requests.

Nothing here holds a turn up or changes the buffer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from flemma_py.app.editor import ChatEditor
from flemma_py.app.endpoint import Endpoint
from flemma_py.app.figure import Figure
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError
from flemma_py.model.prompt import Prompt
from flemma_py.model.wire import HttpRequest

if TYPE_CHECKING:
    from flemma_py.app.diagnostics import Diagnostics
    from flemma_py.app.estimate import Estimate

log = logging.getLogger(__name__)


class Aside:
    """One chat's. `asked` gives what it would ask now, and whom."""

    def __init__(
        self, services: Services, editor: ChatEditor, asked: Callable[[], Awaitable[tuple[Endpoint, Prompt]]]
    ) -> None:
        self._services = services
        self._editor = editor
        self._asked = asked
        self._tasks: set[asyncio.Task[None]] = set()
        self._diagnostics: Diagnostics | None = None
        self.figure = Figure(services, editor, self._count)

    def close(self) -> None:
        """The buffer is gone."""
        self.figure.pause()
        for task in self._tasks:
            task.cancel()

    def estimate(self) -> None:
        """Tell how many tokens the next request would take."""
        self._start(self._estimate(), "estimate")

    def diagnose(self, whom: tuple[str, str], request: HttpRequest, start: int) -> None:
        """A request goes out to a provider and model: compare it with the one before, if somebody wants that. `start`:
        the message that it begins with."""
        if not self._services.diagnosing:
            self._diagnostics = None
            return
        # Imported when somebody wants it: no start needs it.
        from flemma_py.app.diagnostics import Diagnostics, Sent

        if self._diagnostics is None:
            self._diagnostics = Diagnostics(partial(self._editor.tell, "warn"))
        self._start(self._diagnostics.keep(Sent(whom, request.body, start)), "diagnose")

    def forget_requests(self) -> None:
        """Nobody compares them any more."""
        self._diagnostics = None

    def compare(self, show: Callable[[tuple[str, str]], None], *, normalized: bool) -> None:
        """Give the last two requests to `show`, or say why there are none."""
        self._start(self._compare(show, normalized=normalized), "compare")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(_guarded(work, name), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compare(self, show: Callable[[tuple[str, str]], None], *, normalized: bool) -> None:
        if not self._services.diagnosing:
            message = "requests are not compared: :Flemma diagnostics:enable begins with it"
            return self._editor.tell("warn", message)
        pair = await self._diagnostics.compared(normalized=normalized) if self._diagnostics else None
        if pair is None:
            message = "there are no two requests of this chat to one model yet: send, then send again"
            return self._editor.tell("warn", message)
        return show(pair)

    async def _ask(self) -> Estimate:
        # Imported when somebody asks: no start needs it.
        from flemma_py.app.estimate import estimate

        return await estimate(self._services, *await self._asked())

    async def _count(self) -> int:
        return (await self._ask()).tokens

    async def _estimate(self) -> None:
        characters = self._editor.characters()
        try:
            found = await self._ask()
        except FlemmaError as error:
            return self._editor.tell("error", f"Nothing was estimated: {error.message}")
        self._editor.tell("info", found.sentence(priced=self._services.settings.ui.pricing.enabled))
        if found.counted:
            self.figure.measured(found.tokens, characters)
            self.figure.tell()
        return None


async def _guarded(work: Coroutine[Any, Any, None], name: str) -> None:
    """An error of ours here is for the log: no turn depends on it."""
    try:
        await work
    except Exception:
        log.exception("%s met an error of Flemma's own", name)
