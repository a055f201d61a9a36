"""Keys from commands and from the system's store: asked once, never shown, never waited for too long."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from flemma_py.secrets import store
from flemma_py.secrets.command import run_key_command, split_command
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.keys import Keys, KeySource
from flemma_py.secrets.store import Locked


def program(folder: Path, text: str, name: str = "keeper") -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def reasons(answer: Found | Missing | Locked) -> str:
    assert isinstance(answer, Missing)
    return "; ".join(answer.reasons)


def test_a_command_is_words_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert split_command("pass show 'my key' ; rm x") == ("pass", "show", "my key", ";", "rm", "x")
    assert split_command(["~/bin/key", "~/x"]) == ("/home/me/bin/key", "~/x")
    for none in ("", "pass 'open"):
        with pytest.raises(ValueError):
            split_command(none)


async def test_the_first_line_is_the_key(tmp_path: Path) -> None:
    found = await run_key_command((program(tmp_path, "printf ' sk-one \\nsecond'"),))
    assert found == Found("sk-one", "api_key_cmd")
    assert "sk-one" not in repr(found)


async def test_a_command_that_fails_says_why_and_not_what_it_printed(tmp_path: Path) -> None:
    failing = program(tmp_path, "echo sk-secret-line; echo 'no entry sk-secret-line for you' >&2; exit 3")
    said = reasons(await run_key_command((failing,)))
    assert said == "api_key_cmd (keeper) ended with code 3: no entry [redacted] for you"
    assert "printed nothing" in reasons(await run_key_command((program(tmp_path, "exit 0"),)))
    assert "could not run nowhere" in reasons(await run_key_command(("/nowhere",)))


async def test_a_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    hanging = program(tmp_path, f"sleep 60 & echo $! > {pid_file}; wait")
    started = time.monotonic()
    assert "within 0.3 seconds" in reasons(await run_key_command((hanging,), seconds=0.3))
    assert time.monotonic() - started < 5
    pid = int(await asyncio.to_thread(pid_file.read_text))
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        await asyncio.sleep(0.02)
    os.kill(pid, 9)
    raise AssertionError("the command's child lived on")


async def test_a_command_is_asked_once_until_its_key_is_refused(tmp_path: Path) -> None:
    count = tmp_path / "count"
    source = KeySource("x", ("X_KEY",), (program(tmp_path, f"echo x >> {count}; echo sk-from-command"),))
    told: list[str] = []
    keys = Keys({}, told.append)
    found = await asyncio.gather(keys.find(source), keys.find(source))
    assert set(found) == {Found("sk-from-command", "api_key_cmd")}
    assert count.read_text() == "x\n"
    keys.forget("other")
    await keys.find(source)
    keys.forget("x")
    await keys.find(source)
    keys.forget_all()
    await keys.find(source)
    assert count.read_text() == "x\n" * 3
    assert set(told) == {"sk-from-command"}


async def test_the_environment_comes_first_and_every_place_says_why() -> None:
    source = KeySource("x", ("X_KEY",), ("/nowhere",))
    assert await Keys({"X_KEY": "sk-env"}, lambda _: None).find(source) == Found("sk-env", "X_KEY")
    assert reasons(await Keys({}, lambda _: None).find(source)).startswith("X_KEY is not set; api_key_cmd could not")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A session with a store, and nothing yet to ask it with."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "secretstorage", None)
    return tmp_path


def test_without_a_store_there_is_a_reason(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "neither" in reasons(store.look_up("anthropic"))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    assert "no key store in this session" in reasons(store.look_up("anthropic"))


def test_the_store_is_searched_by_a_program_that_never_unlocks(session: Path) -> None:
    said = "printf '[/1]\\nlabel = A\\nsecret = sk-old\\ncreated = now\\n'"
    body = f'case "$*" in "search --all service anthropic key api") {said};; esac'
    program(session, body, "secret-tool")
    assert store.look_up("anthropic") == Found("sk-old", "the key store")
    assert "no entry with service openai" in reasons(store.look_up("openai"))


def item(secret: bytes, *, modified: int, locked: bool = False) -> Any:
    return SimpleNamespace(
        is_locked=lambda: locked,
        get_modified=lambda: modified,
        get_secret=lambda: b"" if locked else secret,
        get_attributes=dict,
    )


@pytest.mark.parametrize(
    ("items", "answer"),
    [
        ([item(b"sk-1\n", modified=1), item(b"sk-2\n", modified=2)], Found("sk-2", "the key store")),
        ([item(b"sk-1", modified=2, locked=True), item(b"sk-2", modified=1)], Found("sk-2", "the key store")),
        ([item(b"x", modified=1, locked=True)], Locked("anthropic")),
        ([], Missing(("the key store has no entry with service anthropic and key api_key or api",))),
    ],
)
def test_the_newest_entry_that_is_not_locked_counts(
    session: Path, monkeypatch: pytest.MonkeyPatch, items: list[Any], answer: Found | Missing | Locked
) -> None:
    library = SimpleNamespace(
        dbus_init=lambda: SimpleNamespace(close=lambda: None), search_items=lambda _, attributes: items
    )
    monkeypatch.setitem(sys.modules, "secretstorage", library)
    assert store.look_up("anthropic") == answer


async def test_a_locked_store_asks_its_owner_for_who_can_be_told_and_only_then(
    session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, asked = [True], []

    def unlock(timeout: float) -> bool:
        asked.append(timeout)
        locked[0] = False
        return False

    entry = item(b"sk-1", modified=1)
    entry.is_locked, entry.unlock = lambda: locked[0], unlock
    library = SimpleNamespace(
        dbus_init=lambda: SimpleNamespace(close=lambda: None), search_items=lambda _, attributes: [entry]
    )
    monkeypatch.setitem(sys.modules, "secretstorage", library)
    told: list[str] = []
    keys = Keys({}, lambda _: None)
    assert reasons(await keys.find(KeySource("a", service="anthropic"))).endswith("but is locked")
    assert not asked
    assert await keys.find(KeySource("a", service="anthropic"), told.append) == Found("sk-1", "the key store")
    assert told == ["The key store is locked: answer its prompt..."]
    assert asked == [120.0]


async def test_a_store_that_is_slow_is_waited_for_where_its_owner_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def ask(*_: Any) -> Found:
        go_on.wait(10)
        return Found("sk-1", "the key store")

    monkeypatch.setattr("flemma_py.secrets.keys.STORE_SECONDS", 0.05)
    monkeypatch.setattr("flemma_py.secrets.keys.look_up", ask)
    told = await Keys({}, lambda _: None).find(KeySource("a", service="anthropic"), lambda _: go_on.set())
    assert told == Found("sk-1", "the key store")


def test_a_store_that_fails_is_one_without_a_key(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("sk-canary")

    monkeypatch.setitem(sys.modules, "secretstorage", SimpleNamespace(dbus_init=fail))
    assert reasons(store.look_up("anthropic")) == "the key store failed (RuntimeError)"


async def test_a_store_that_waits_for_its_owner_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flemma_py.secrets.keys.STORE_SECONDS", 0.1)
    monkeypatch.setattr("flemma_py.secrets.keys.look_up", lambda *_: time.sleep(0.5))
    keys = Keys({}, lambda _: None)
    assert "within 0.1 seconds" in reasons(await keys.find(KeySource("a", service="anthropic")))
