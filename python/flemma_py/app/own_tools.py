"""Tools that are not ours and no server's: the owner's Lua, the owner's files, a project's files."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flemma_py.app.lua_tools import LuaTools, Told
from flemma_py.app.tool_files import ToolFiles
from flemma_py.config.toolnames import ToolNames

if TYPE_CHECKING:
    from flemma_py.app.services import Services

log = logging.getLogger(__name__)

OWN_ERROR = "An error of Flemma's own kept some of your tools away: see the log."


class OwnTools:
    """`changed` is told when there are others than before."""

    def __init__(self, services: Services, say: Callable[[str, str], None]) -> None:
        self._services = services
        self._say = say
        self.lua = LuaTools(services, say)
        self.files = ToolFiles(services, say)
        self.broken: list[str] = []
        """What packages offer and cannot be loaded, a part of a sentence each."""
        self.changed: Callable[[], None] = lambda: None

    @property
    def is_complete(self) -> bool:
        """Whether no name may still come that is not known now."""
        return not self.lua.pending and self.files.is_settled

    def known(self, scope: str | None = None) -> ToolNames:
        """The tools that settings may name, ours included, and whether more are to come; `scope` is a project as the
        runner knows it."""
        names = self._services.runner.names_in(scope)
        return replace(names, known=tuple(sorted({*names.known, *self.lua.names})), complete=self.is_complete)

    async def bring(self, folder: str, told: Told | None = None) -> None:
        """Give the runner all that a chat in `folder` can have. Waits for sources that are not done, and tells so;
        never raises: a send goes without what failed."""
        await self._guarded(self.lua.bring(told), self.files.bring(folder))

    def tell_broken(self) -> None:
        """Say what of packages is left out."""
        for broken in self.broken:
            self._say("warn", f"A tool is left out: {broken}.")
        self.broken.clear()

    async def look(self, folder: str) -> None:
        """The same with what there is by now, without waiting for more."""
        await self._guarded(self.lua.refresh(), self.files.bring(folder, wait=False))

    async def _guarded(self, *work: Coroutine[Any, Any, None]) -> None:
        for each in work:
            try:
                await each
            except Exception:
                log.exception("tools of the owner's could not be made ready")
                self._say("error", OWN_ERROR)

    async def refresh(self) -> None:
        """Give the runner what there is by now, and wait for nothing."""
        await self.lua.refresh()
        await self.files.bring_own()

    @property
    def left_out(self) -> dict[str, str]:
        """What is not offered, and why: tools of Lua by name, files by path."""
        return self.lua.left_out | self.files.left_out

    def scope(self, folder: str) -> str | None:
        """The project whose tools chats of `folder` have."""
        return self.files.scope(folder)
