"""Fixtures of the editor tests: a Neovim with its own home, and the scripted model as a peer on loopback."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from flemma_py import demo
from flemma_py.demo.server import DemoServer
from tests.editor.neovim import ROOT, Neovim

CANARY = "sk-ant-canary-4f1c9b7de2a855"
"""A key that must be nowhere but in one request header."""


class Peer:
    """The scripted model in a thread of its own."""

    def __init__(self, pace: float = 0.0) -> None:
        self._loop = asyncio.new_event_loop()
        started: Future[DemoServer] = Future()
        self._thread = threading.Thread(target=self._live, args=(pace, started), daemon=True)
        self._thread.start()
        self.server = started.result(timeout=30)

    def _live(self, pace: float, started: Future[DemoServer]) -> None:
        asyncio.set_event_loop(self._loop)
        started.set_result(self._loop.run_until_complete(demo.start(pace=pace, peer=True)))
        self._loop.run_forever()

    @property
    def base_url(self) -> str:
        return self.server.base_url

    def enqueue(self, *answers: Any) -> None:
        self.server.enqueue(*answers)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Bodies of the requests so far."""
        return [request.body for request in self.server.recorded]

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    server = Peer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def binary() -> str:
    """The Neovim under test."""
    return os.environ.get("FLEMMA_NVIM") or str(ROOT / ".venv/bin/nvim")


Start = Callable[..., Neovim]


@pytest.fixture
def start(binary: str, tmp_path: Path) -> Iterator[Start]:
    """Start editors; all end with the test."""
    running: list[Neovim] = []

    def begin(setup: str = "", root: Path = ROOT, **environment: str) -> Neovim:
        home = tmp_path / f"home-{len(running)}"
        home.mkdir()
        base = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
        folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
        editor = Neovim(binary, base | folders | {"HOME": str(home)} | environment, setup, root=root)
        running.append(editor)
        return editor

    yield begin
    for editor in running:
        editor.close()


@pytest.fixture
def empty(start: Start, peer: Peer) -> Neovim:
    """An editor without a chat, so far, which would talk to the peer with the canary key."""
    return start(f"{{ providers = {{ anthropic = {{ base_url = '{peer.base_url}' }} }} }}", ANTHROPIC_API_KEY=CANARY)


@pytest.fixture
def chat(empty: Neovim, tmp_path: Path) -> Neovim:
    """An editor with a chat open, which talks to the peer."""
    empty.open(tmp_path / "talk.chat", "@You:\nHello\n")
    empty.ready()
    return empty
