"""A project in which tools run for a chat with a session, and files are brought back."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from tests.wire.tool_place import ToolPlace

from flemma_py.app.keeping import ChatSession, Keeping
from flemma_py.app.rewinding.contents import KeptContents
from flemma_py.app.rewinding.files import Done, Plan, plan, restore
from flemma_py.app.rewinding.page import page
from flemma_py.app.rewinding.recording import Recording
from flemma_py.config.layers import Layer, Layers
from flemma_py.journal.fold import Fold
from flemma_py.journal.restoring import changes_since, last_restore
from flemma_py.model.tool import Changes, Execute, Ran, Tool, ToolDefinition, ToolOutcome
from flemma_py.sessions import Recorder, SessionStore
from flemma_py.tools.runner import ToolRunner, find_tools


class Owner:
    """Whose settings hold."""

    def __init__(self, **sessions: Any) -> None:
        self.settings = Layers().with_layer(Layer.SETUP, {"sessions": sessions})[0].resolve()


class PlainShell:
    """The system's own, without a wall."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def run(self, command: str, seconds: float) -> Ran:
        process = await asyncio.create_subprocess_shell(
            command, cwd=self._folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = await process.communicate()
        return Ran(output, len(output), 0, process.returncode or 0, 0)


class RewindPlace(ToolPlace):
    """`path` is the project. `call` waits until all is told of a call that can be told."""

    def __init__(self, path: Path, outside: Path, environ: Mapping[str, str] | None = None, **sessions: Any) -> None:
        super().__init__(path)
        self.state = outside / "state"
        self.keeping = Keeping(Owner(**sessions), lambda level, message: None)
        self.keeping.at(str(self.state), str(outside / "cache"))
        self.session = ChatSession(self.keeping, cast(Any, None), cast(Any, None))
        store = self.keeping.store
        if store is not None:
            self.session.adopt(store.create(cwd=str(path), workspace=str(path)))
        self.recording = Recording(self.keeping, self.session, os.environ if environ is None else environ)
        self.configure(shell=PlainShell(path))
        self._count = 0

    @property
    def store(self) -> SessionStore:
        store = self.keeping.store
        assert store is not None
        return store

    @property
    def recorder(self) -> Recorder:
        assert self.session.recorder is not None
        return self.session.recorder

    @property
    def fold(self) -> Fold:
        """The session as it is on the disk."""
        assert self.store.flush()
        return self.store.fold(self.recorder.sid)

    def add(self, name: str, execute: Execute, changes: Changes = "files") -> None:
        """One more tool."""
        tool = Tool(ToolDefinition(name, "A tool of the test.", {"type": "object"}), execute, changes=changes)
        self.runner = ToolRunner({**find_tools(), name: tool})

    async def call(self, name: str, **input: Any) -> ToolOutcome:
        self._count += 1
        record = self.recording.call(f"call_{self._count}", str(self.path))
        context = replace(self.context, call=f"call_{self._count}", keep=record.keep)
        outcome = await self.runner.run(name, input, True, context, offered=[name], witness=record)
        while self.recording.looking:
            await asyncio.wait(self.recording.looking)
        return outcome

    async def write(self, name: str, content: str) -> None:
        """Have the tool write a file that the model knows."""
        if name in self.contents():
            await self.good("read", path=name)
        await self.good("write", path=name, content=content)

    async def plan(self, *, undo: bool = False) -> Plan:
        changes = self.recorder.look(last_restore if undo else lambda fold: changes_since(fold, 0))
        return await plan(changes, KeptContents(self.store, self.recorder.sid), self.editor)

    async def restore(self, made: Plan | None = None, *, undo: bool = False) -> Done:
        made = made or await self.plan(undo=undo)
        kept = KeptContents(self.store, self.recorder.sid)
        return await restore(made, self.recorder, kept, self.editor, f"restore-{kept.new_id()}")

    async def page(self) -> str:
        return "\n".join(page(await self.plan(), "Files", str(self.path), {"call_1": "of the test"}))

    def contents(self) -> dict[str, bytes]:
        """All files of the project, by their names in it."""
        found = (each for each in self.path.rglob("*") if each.is_file() and ".git" not in each.parts)
        return {str(each.relative_to(self.path)): each.read_bytes() for each in found}

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main")
        done = subprocess.run(("git", *who, *words), cwd=self.path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def close(self) -> None:
        self.keeping.leave()
