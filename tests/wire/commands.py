"""What tests of commands share: a command in a folder, and who of it is still there."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil

from flemma_py.model.tool import Ran
from flemma_py.processes import command
from flemma_py.processes.command import Command

MARK = "FLEMMA_TEST_MARK"
PATIENCE = 20.0
"""Seconds: a busy machine is no fault of the reaper."""


def shell(text: str, folder: Path, *, file: str | None = None, mark: str = "") -> Command:
    """A command of bash, with a mark in its environment by which its descendants are known."""
    return Command(
        argv=("bash", "-c", text),
        directory=str(folder),
        environment={"PATH": os.environ["PATH"], MARK: mark},
        tail=100_000,
        whole_bytes=1000,
        whole_lines=100,
        file_bytes=200_000,
        file=file,
        shown_as="The shell",
    )


async def run(text: str, folder: Path, seconds: float = PATIENCE, *, file: str | None = None, mark: str = "") -> Ran:
    return await command.run(shell(text, folder, file=file, mark=mark), seconds, lambda line: None)


def new_mark() -> str:
    return uuid.uuid4().hex


def alive(mark: str) -> list[str]:
    """The processes with that mark, the reaper included, that have not ended."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(f"{process.pid} {process.name()}")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


async def until(done: Callable[[], object]) -> None:
    await asyncio.to_thread(wait_until, done)


__all__ = ["MARK", "PATIENCE", "alive", "new_mark", "replace", "run", "shell", "until", "wait_until"]
