"""The figure of tokens that a status line shows for one chat, kept up while it is edited.

It is reckoned here from numbers of characters, so that nothing of the text leaves; where the owner wants the vendor's
count (`ui.statusline.estimate`), that is asked for when the typing has paused for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from flemma_py.accounting.gauge import Gauge, Measured, Whom
from flemma_py.app.editor import ChatEditor
from flemma_py.app.services import Services
from flemma_py.errors import FlemmaError

log = logging.getLogger(__name__)

PAUSE = 0.25
"""Seconds in which changes gather before the figure is told."""
VENDOR_PAUSE = 2.5
"""Seconds without a change after which the vendor is asked."""

Count = Callable[[], Awaitable[int]]


class Figure:
    """One chat's. `count` asks the vendor; it raises `FlemmaError`. `whom` tells who would answer the chat."""

    def __init__(self, services: Services, editor: ChatEditor, count: Count, whom: Callable[[], Whom]) -> None:
        self._services = services
        self._editor = editor
        self._count = count
        self._whom = whom
        self._gauge = Gauge()
        self._told: tuple[int, bool] | None = None
        self._due: asyncio.TimerHandle | None = None
        self._counting: asyncio.Task[None] | None = None

    def changed(self, *, by_user: bool) -> None:
        """The text is another one; only what the user wrote is worth the vendor's attention."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(PAUSE, self.tell)
        if by_user and self._services.settings.ui.statusline.estimate == "vendor":
            self._stop_counting()
            self._counting = asyncio.create_task(self._ask(), name="count")

    def pause(self) -> None:
        """A request is under way: it will say how many tokens there are."""
        self._stop_counting()
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def measured(self, tokens: int, characters: int) -> None:
        """Somebody has counted the chat when it had so many characters."""
        self._gauge.measure(Measured(tokens, characters, self._whom()))

    def counted(self, characters: int) -> int | None:
        """About how many tokens the chat is with so many characters; None where nobody has counted it yet."""
        return self._gauge.tokens(characters, self._whom()) if self._gauge.has_counted(self._whom()) else None

    def tell(self) -> None:
        """Tell the editor, if the figure is another one."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        characters, whom = self._editor.characters(), self._whom()
        figure = (self._gauge.tokens(characters, whom), self._gauge.is_exact(characters, whom))
        if figure != self._told:
            self._told = figure
            self._editor.estimated(figure[0], exact=figure[1])

    def _stop_counting(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            self._counting = None

    async def _ask(self) -> None:
        await asyncio.sleep(VENDOR_PAUSE)
        characters = self._editor.characters()
        try:
            self.measured(await self._count(), characters)
        except FlemmaError as error:
            # The figure that is reckoned stands; a notice at each pause of the typing would be worse.
            log.info("the vendor did not count: %s", error.message)
            return
        except Exception:
            log.exception("the vendor could not be asked to count")
            return
        self.tell()
