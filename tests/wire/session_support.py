"""Sessions for tests: a store in a folder, a chat that goes on, and a disk that fails where it is told to."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from flemma_py.errors import SessionError
from flemma_py.journal.lines import Record, read
from flemma_py.sessions import Recorder, Saying, SessionStore, disk, locks

REQUEST: dict[str, Any] = {
    "provider": "p", "model": "m", "input_tokens": 1_000_000, "output_tokens": 1_000_000, "input_price": 1.0,
    "output_price": 2.0,
}  # fmt: skip
COST = 3.0


def store_in(place: Path, **more: Any) -> SessionStore:
    return SessionStore(place / "state", place / "cache", **more)


@contextmanager
def store(place: Path, **more: Any) -> Iterator[SessionStore]:
    kept = store_in(place, **more)
    try:
        yield kept
    finally:
        kept.close()


def turn(recorder: Recorder, ids: Callable[[], str], *words: str) -> str:
    """One turn: the chat says `words` by turns, the last of them is the reply. Returns the turn's id."""
    said = [Saying("assistant" if at % 2 else "user", each) for at, each in enumerate(words)]
    id = ids()
    recorder.begin_turn(id, said[:-1], provider="p", model="m").result()
    recorder.turn(id, "running")
    recorder.say(said, id)
    recorder.usage(REQUEST, request_id=id, turn=id)
    recorder.turn(id, "completed").result()
    return id


def chat(kept: SessionStore, *words: str, workspace: str = "/x", **more: Any) -> str:
    """A session with one turn, closed again. Returns its id."""
    recorder = kept.create(cwd=workspace, workspace=workspace, **more)
    turn(recorder, kept.ids, *(words or ("hello", "world")))
    recorder.close()
    return recorder.sid


def ids_in(path: Path) -> list[str]:
    return [each.id for each in read(path.read_bytes()) if isinstance(each, Record)]


class Clock:
    """The wall's, as a test sets it."""

    def __init__(self, now: float = 1.7e9) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Faulty:
    """The module `os` as sessions see it, of which the `fail`-th call that reaches the disk fails: with the error
    `code`, once or from then on always, or by writing only a part."""

    CALLS = (
        "open",
        "write",
        "pread",
        "ftruncate",
        "fdatasync",
        "fsync",
        "rename",
        "unlink",
        "mkdir",
        "fstat",
        "fchmod",
    )

    def __init__(self, fail: int, code: int, *, stays: bool = False, short: bool = False) -> None:
        self.calls = 0
        self.failed = 0
        self._fail, self._code, self._stays, self._short = fail, code, stays, short

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in self.CALLS:
            return real

        def call(*arguments: Any, **more: Any) -> Any:
            self.calls += 1
            if self.calls == self._fail or (self._stays and self.calls > self._fail):
                self.failed += 1
                if self._short and name == "write":
                    data = memoryview(arguments[1])
                    if self.calls == self._fail and len(data) > 1:
                        return real(arguments[0], data[: len(data) // 2])
                raise OSError(self._code, os.strerror(self._code))
            return real(*arguments, **more)

        return call


@contextmanager
def faults(monkeypatch: pytest.MonkeyPatch, faulty: Faulty) -> Iterator[Faulty]:
    """The disk fails meanwhile."""
    with monkeypatch.context() as patch:
        patch.setattr(disk, "os", faulty)
        patch.setattr(locks, "os", faulty)
        yield faulty


FAULTS = {
    "an error of the disk": {"code": errno.EIO},
    "no space left": {"code": errno.ENOSPC},
    "an interruption": {"code": errno.EINTR},
    "a short write": {"code": errno.ENOSPC, "short": True},
}


def attempt(act: Callable[[], object]) -> bool:
    """Whether it was done; a failure must be one that is fit for the user."""
    with suppress(SessionError):
        act()
        return True
    return False
