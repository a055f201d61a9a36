"""A chat's way to its files, with the personalities among them: `urn:flemma:personality:NAME` is text that is written
when somebody asks for it. A `model.reading.Reader`."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath

from flemma_py.config.spelling import nearest
from flemma_py.files.policy import find_ground
from flemma_py.model.reading import Read, Reader, Refused, Wanted
from flemma_py.model.tool import ToolDefinition
from flemma_py.personalities import URN, ProjectFile, Surroundings, personalities

PROJECT_FILES = ("AGENTS.md", "CLAUDE.md", ".claude/CLAUDE.md", ".cursorrules", ".github/copilot-instructions.md")
"""What projects write for assistants; those with the same text are told once."""
LONGEST_HEAD = 1000
"""Bytes of `.git/HEAD` that are looked at."""


class Personas:
    """`reader` is the chat's way to everything else, and to the files of its project: the same are allowed. `tools`
    gives those that a model is told of."""

    def __init__(
        self, reader: Reader, folder: str, path: str | None, home: str, tools: Callable[[], Sequence[ToolDefinition]]
    ) -> None:
        self._reader, self._folder, self._path, self._home, self._tools = reader, folder, path, home, tools
        self._date = ""

    async def read(self, wanted: Wanted) -> Read | Refused:
        if not wanted.path.startswith(URN):
            return await self._reader.read(wanted)
        text = await self._text(wanted.path)
        if isinstance(text, Refused):
            return text
        return Read(wanted.path, "text/plain", text.encode("utf-8", "surrogateescape"), _stamp(text), literal=True)

    async def kind(self, path: str) -> str:
        return await self._reader.kind(path)

    async def stamps(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        files = [each for each in wanted if not each.path.startswith(URN)]
        known = dict(zip(files, await self._reader.stamps(files) if files else (), strict=True))
        for each in wanted:
            if each not in known:
                text = await self._text(each.path)
                known[each] = text.stamp if isinstance(text, Refused) else _stamp(text)
        return [known[each] for each in wanted]

    async def _text(self, urn: str) -> str | Refused:
        name = urn.removeprefix(URN)
        found = personalities().get(name)
        if found is None:
            near = nearest(name, sorted(personalities()))
            hint = f": did you mean {near}?" if near else f": there are {', '.join(sorted(personalities()))}"
            return Refused(f"is no personality{hint}", "")
        return found.write(await self._surroundings())

    async def _surroundings(self) -> Surroundings:
        # The day of the first look: another one would make a vendor read the whole chat anew.
        self._date = self._date or time.strftime("%A, %Y-%m-%d")
        project, branch = await asyncio.to_thread(_project, self._folder, self._home)
        files: dict[str, ProjectFile] = {}
        for name in PROJECT_FILES:
            found = await self._reader.read(Wanted(str(PurePath(project, name)), None, binary=False))
            if isinstance(found, Read):
                text = found.data.decode("utf-8", "replace")
                files.setdefault(text.strip(), ProjectFile(name, text))
        return Surroundings(
            self._folder, self._path, project, branch, self._date, tuple(self._tools()), tuple(files.values())
        )


def _project(folder: str, home: str) -> tuple[str, str | None]:
    """The root of the project and the branch that is checked out there. Looks at the file system."""
    root = find_ground(folder, home).folders[-1]
    try:
        with Path(root, ".git", "HEAD").open("rb") as file:
            head = file.read(LONGEST_HEAD).decode("utf-8", "replace").strip()
    except OSError:
        return str(root), None
    _, _, branch = head.partition("ref: refs/heads/")
    return str(root), branch or None


def _stamp(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
