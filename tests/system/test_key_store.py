"""A key that was stored with secret-tool is found in a real Secret Service, on a bus of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.editor.neovim import ROOT

from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.store import look_up

pytestmark = pytest.mark.system

PROGRAMS = ("dbus-daemon", "gnome-keyring-daemon", "secret-tool", "dbus-send")
NOT_OURS = {"DISPLAY", "WAYLAND_DISPLAY", "GNOME_KEYRING_CONTROL", "DBUS_SESSION_BUS_ADDRESS"}
OWNER = ("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus")
HAS_SECRETS = ("org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets")
LOCK = """
import contextlib, secretstorage
with contextlib.closing(secretstorage.dbus_init()) as connection:
    secretstorage.get_default_collection(connection).lock()
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a session whose bus has an unlocked, empty Secret Service; it is this process's, too."""
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    # Socket paths are limited to about a hundred bytes.
    runtime = Path(tempfile.mkdtemp(prefix="ss"))
    (tmp_path / "data").mkdir()
    environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    environment |= {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "XDG_RUNTIME_DIR": str(runtime)}
    bus = _start(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"], environment)
    assert bus.stdout is not None
    environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
    daemon = _start(["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"], environment)
    assert daemon.stdin is not None
    # No line end: it would be part of the password.
    daemon.stdin.write(b"test")
    daemon.stdin.close()
    _wait_for_secrets(environment)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", environment["DBUS_SESSION_BUS_ADDRESS"])
    yield environment
    for process in (daemon, bus):
        process.terminate()
        process.wait(5)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()
    shutil.rmtree(runtime, ignore_errors=True)


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)


def _wait_for_secrets(environment: dict[str, str]) -> None:
    for _ in range(250):
        answer = subprocess.run([*OWNER, *HAS_SECRETS], env=environment, capture_output=True, text=True, check=False)
        if "true" in answer.stdout:
            return
        time.sleep(0.02)
    raise AssertionError("the Secret Service did not come")


def keep(environment: dict[str, str], service: str, name: str, secret: str) -> None:
    command = ["secret-tool", "store", f"--label={service}", "service", service, "key", name]
    subprocess.run(command, env=environment, input=secret, text=True, check=True)


def key_of(service: str) -> str:
    found = look_up(service)
    assert isinstance(found, Found)
    return found.key


def test_an_entry_of_the_older_name_is_found_and_one_of_the_newer_comes_first(store: dict[str, str]) -> None:
    keep(store, "anthropic", "api", "sk-ant-older")
    assert key_of("anthropic") == "sk-ant-older"
    keep(store, "anthropic", "api_key", "sk-ant-newer")
    assert key_of("anthropic") == "sk-ant-newer"


def test_an_entry_that_is_not_there_is_a_reason(store: dict[str, str]) -> None:
    missing = look_up("openai")
    assert isinstance(missing, Missing)
    assert "openai" in missing.reasons[0]


def test_a_locked_store_is_a_reason_and_is_not_unlocked(store: dict[str, str]) -> None:
    keep(store, "anthropic", "api", "sk-ant-locked")
    subprocess.run([ROOT / ".venv/bin/python", "-c", LOCK], env=store, check=True)
    missing = look_up("anthropic")
    assert isinstance(missing, Missing)
    assert "locked" in missing.reasons[0]


def test_without_a_session_bus_there_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert isinstance(look_up("anthropic"), Missing)
