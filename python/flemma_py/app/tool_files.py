"""Tools in Python files: those of the owner's own folder, and a project's once the owner agreed to their text.

Files are read before each send, and run anew when they changed. What is wrong with one is said once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flemma_py.app.services import Services
    from flemma_py.tools.own_files import Loaded, ToolFolder

log = logging.getLogger(__name__)

PROJECT_FOLDER = Path(".flemma", "tools")
LOAD_SECONDS = 10.0
"""How long a send waits for files that are being run; their tools join a later one."""


class ToolFiles:
    """`folder` is the owner's, None for none."""

    def __init__(self, services: Services, say: Callable[[str, str], None]) -> None:
        self._services = services
        self._say = say
        self.folder: Path | None = None
        self._scopes: dict[str, str | None] = {}
        self._loads: dict[str, tuple[str, asyncio.Task[Loaded]]] = {}
        self._given_up: asyncio.Task[Loaded] | None = None
        self._said: set[str] = set()
        self._lock = asyncio.Lock()
        self._is_known = False

    @property
    def is_settled(self) -> bool:
        """Whether it is known what the owner's folder brings."""
        return self.folder is None or self._is_known

    def look(self) -> None:
        """See whether the owner has such a folder at all."""
        self._is_known = self.folder is None or not self.folder.is_dir()

    @property
    def left_out(self) -> dict[str, str]:
        """What is wrong with files, by their folder."""
        done = {path: task for path, (_, task) in self._loads.items() if task.done()}
        return {path: "\n".join(found) for path, task in done.items() if (found := task.result().problems)}

    def scope(self, folder: str) -> str | None:
        """The project whose tools chats of `folder` have, as it was found when they were last brought."""
        return self._scopes.get(folder)

    async def bring_own(self, *, wait: bool = True) -> None:
        """Give the runner the tools of the owner's folder. Without `wait` those that take their time come later."""
        if self.folder is None:
            return
        async with self._lock:
            found = await self._read(self.folder)
            self._is_known = True
            if found is None and str(self.folder) not in self._loads:
                return
            loaded = await self._load(found, wait=wait) if found is not None else None
            if found is None:
                del self._loads[str(self.folder)]
            if loaded is not None or found is None:
                self._services.runner.put("files", loaded.tools if loaded else {}, replaces=True)

    async def bring(self, folder: str, *, wait: bool = True) -> None:
        """Give the runner the tools of the owner's folder, and those of the project of a chat in `folder`."""
        await self.bring_own(wait=wait)
        async with self._lock:
            found = await asyncio.to_thread(self.project, folder)
            self._scopes[folder] = None
            if found is None:
                return
            if not self._services.trust.is_trusted(found.path, found.text):
                self._services.runner.put_scoped(found.path, {})
                told = f"{found.path} holds tools, which were not loaded: :Flemma tool:trust shows them."
                self._once(told, found.text)
                return
            self._scopes[folder] = found.path
            if loaded := await self._load(found, wait=wait):
                self._services.runner.put_scoped(found.path, loaded.tools)
                for name in sorted(loaded.tools.keys() & self._services.runner.tools().keys()):
                    self._once(f"The tool {name} of {found.path} is left out: there is one of that name already.")

    def project(self, folder: str) -> ToolFolder | None:
        """The folder with tools that is nearest above `folder`, within its repository; None for none."""
        from flemma_py.tools.own_files import read_folder

        place = Path(folder)
        for each in (place, *place.parents):
            if str(each) == self._services.home and (each / PROJECT_FOLDER).is_dir():
                # A home is no project.
                return None
            if (found := read_folder(each / PROJECT_FOLDER)) is not None:
                return found
            if (each / ".git").exists() or str(each) == self._services.home:
                return None
        return None

    async def _read(self, path: Path) -> ToolFolder | None:
        if not await asyncio.to_thread(path.is_dir):
            return None
        from flemma_py.tools.own_files import read_folder

        return await asyncio.to_thread(read_folder, path)

    async def _load(self, folder: ToolFolder, *, wait: bool) -> Loaded | None:
        """What the folder brings, run in a thread when its text is a new one; None while that takes its time."""
        from flemma_py.tools.own_files import load

        known = self._loads.get(folder.path)
        if known is None or known[0] != folder.text:
            known = folder.text, asyncio.create_task(asyncio.to_thread(load, folder), name=f"load {folder.path}")
            self._loads[folder.path] = known
        if wait and known[1] is not self._given_up:
            await asyncio.wait([known[1]], timeout=LOAD_SECONDS)
        if not known[1].done():
            if wait:
                self._given_up = known[1]
                self._once(f"The tools of {folder.path} are still loading: they come with a later send.")
            return None
        loaded = known[1].result()
        for problem in loaded.problems:
            self._once(problem, folder.text)
        return loaded

    def _once(self, message: str, text: str = "") -> None:
        """Say it, unless that was done for the same `text` before."""
        if (key := f"{message}\0{text}") not in self._said:
            self._said.add(key)
            self._say("warn", message)
