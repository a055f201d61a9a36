"""`flemma` as a shell runs it: a process of its own, in a home of its own, against a real server on this machine."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flemma_py.demo.server import DemoServer

ROOT = Path(__file__).parents[2]
KEY = "sk-ant-api03-canary-in-the-environment"
ASK = "@You:\nhello\n"


@dataclass(frozen=True)
class Done:
    """How a process ended: its exit code, and what it said."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.events if each["type"] == kind]


class Shell:
    """A home folder with a project in it, and the model that answers there."""

    def __init__(self, home: Path, server: DemoServer) -> None:
        self.home = home
        self.server = server
        self.folder = home / "project"
        (self.folder / ".git").mkdir(parents=True)
        self.chat = self.write("talk.chat", ASK)
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "python"),
            "ANTHROPIC_API_KEY": KEY,
            "LANG": "C.UTF-8",
        }

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @property
    def config(self) -> Path:
        path = self.home / ".config" / "nvim" / "flemma" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def words(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "flemma_py", *words]

    def run_words(self, *words: str, file: str = "talk.chat") -> list[str]:
        url = self.server.base_url
        whom = ["--set", "provider=anthropic", "--set", f"providers.anthropic.base_url={url}"]
        return self.words("run", file, *whom, "--set", "model=claude-sonnet-4-5", *words)

    async def start(self, words: list[str], **more: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *words,
            cwd=self.folder,
            env=self.environ,
            stdin=more.pop("stdin", asyncio.subprocess.DEVNULL),
            stdout=more.pop("stdout", asyncio.subprocess.PIPE),
            stderr=more.pop("stderr", asyncio.subprocess.PIPE),
            **more,
        )

    async def call(self, *words: str, stdin: str | None = None) -> Done:
        return await self._done(self.words(*words), stdin)

    async def run(self, *words: str, file: str = "talk.chat", stdin: str | None = None) -> Done:
        return await self._done(self.run_words(*words, file=file), stdin)

    async def _done(self, words: list[str], stdin: str | None) -> Done:
        given = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
        process = await self.start(words, stdin=given)
        out, err = await process.communicate(None if stdin is None else stdin.encode())
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def on_terminal(self, words: list[str]) -> Done:
        """The same on a terminal, which shows both streams."""
        ours, theirs = pty.openpty()
        process = await self.start(words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        out = await asyncio.to_thread(_read, ours)
        os.close(ours)
        return Done(await process.wait(), out, "")


def _read(descriptor: int) -> str:
    found = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:
            piece = b""  # Linux says so when the other side is closed.
        if not piece:
            return found.decode()
        found += piece
