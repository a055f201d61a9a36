"""What was stored with secret-tool is found in a real Secret Service, on a bus of the test's own, and a locked one asks
its owner."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.editor.neovim import ROOT
from tests.wire.support import user
from tests.wire.token_server import private_key, token_server

from flemma_py import demo, log
from flemma_py.app.services import Services
from flemma_py.app.signing_in import sign_in
from flemma_py.model.prompt import Prompt
from flemma_py.providers import vertex
from flemma_py.secrets import keys
from flemma_py.secrets.environment import Found, Missing
from flemma_py.secrets.keys import LOCKED, Keys, KeySource
from flemma_py.secrets.store import Locked, look_up
from flemma_py.transport.http import HttpClient

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


PROMPTER = "[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\nExec=/bin/sleep 15\n"
"""Who shows the store's prompts: here somebody who takes them and never answers."""
RELOAD = ("org.freedesktop.DBus.ReloadConfig",)


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


def keep(environment: dict[str, str], service: str, name: str, secret: str, *words: str) -> None:
    """As the README says it; `words` are further attributes, or an option of secret-tool's."""
    options = [word for word in words if word.startswith("--")]
    attributes = ["service", service, "key", name, *(word for word in words if word not in options)]
    command = ["secret-tool", "store", f"--label={service}", *options, *attributes]
    subprocess.run(command, env=environment, input=secret, text=True, check=True)


def lock(environment: dict[str, str]) -> None:
    subprocess.run([ROOT / ".venv/bin/python", "-c", LOCK], env=environment, check=True)


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


def test_entries_of_all_collections_are_found(store: dict[str, str]) -> None:
    keep(store, "openai", "api", "sk-of-the-session", "--collection=session")
    assert key_of("openai") == "sk-of-the-session"


async def test_an_account_of_the_store_gets_the_token_that_goes_out(store: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "flemma.log"
    log.start(path, enabled=True, level="TRACE")
    server, client = await demo.start(pace=0, peer=True), HttpClient()
    made = Services({}, lambda *_: None)
    made.settle()
    made.configure({"provider": "vertex"})
    endpoint = await made.endpoint()
    with token_server() as tokens:
        keep(store, "vertex", "api", tokens.account(), "project_id", "your-gcp-project")
        asked = Prompt(endpoint.model, "", (user("Hello"),), (), dict(endpoint.parameters), endpoint.facts)
        token, asked = await sign_in(made.keys, endpoint, asked)
    async with client.open(vertex.PROVIDER.build_request(asked, server.base_url), token) as response:
        assert response.ok
        assert b"finishReason" in b"".join([chunk async for chunk in response.chunks()])
    logging.getLogger("flemma_py").error("what there is: %s %s", token, private_key())
    await made.close()
    await client.close()
    await server.close()
    log.stop()
    (request,) = server.recorded
    assert request.headers["authorization"] == "Bearer ya29.token-1"
    assert "/projects/your-gcp-project/locations/global/" in request.path
    written = path.read_text()
    assert "what there is" in written
    assert "ya29" not in written
    assert private_key().splitlines()[1] not in written


SOURCE = KeySource("anthropic", ("ANTHROPIC_API_KEY",), service="anthropic")


async def test_a_locked_store_is_a_reason_where_nobody_can_be_asked(store: dict[str, str]) -> None:
    keep(store, "anthropic", "api", "sk-ant-locked")
    lock(store)
    assert look_up("anthropic") == Locked("anthropic")
    missing = await Keys({}, lambda _: None).find(SOURCE)
    assert isinstance(missing, Missing)
    assert missing.reasons[1] == "the key store holds a key of anthropic but is locked"
    keep(store, "anthropic", "api_key", "sk-ant-open", "--collection=session")
    assert key_of("anthropic") == "sk-ant-open"


async def test_a_prompt_that_cannot_be_shown_leaves_the_store_locked(store: dict[str, str]) -> None:
    keep(store, "anthropic", "api", "sk-ant-locked")
    lock(store)
    told: list[str] = []
    missing = await Keys({}, lambda _: None).find(SOURCE, told.append)
    assert isinstance(missing, Missing)
    assert told == [LOCKED]
    assert missing.reasons[1] == "the key store holds a key of anthropic and stayed locked"


def let_nobody_answer(store: dict[str, str]) -> None:
    services = Path(store["XDG_DATA_HOME"]) / "dbus-1/services"
    services.mkdir(parents=True)
    (services / "org.gnome.keyring.SystemPrompter.service").write_text(PROMPTER)
    subprocess.run([*OWNER, *RELOAD], env=store, check=True, capture_output=True)


@pytest.mark.timeout(15)
@pytest.mark.parametrize("pause", [0, 0.5])
async def test_a_prompt_that_nobody_answers_ends_and_holds_up_nobody_else(
    store: dict[str, str], monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    keep(store, "anthropic", "api", "sk-ant-locked")
    lock(store)
    let_nobody_answer(store)
    keyring = Keys({"OPENAI_API_KEY": "sk-o"}, lambda _: None)
    asked = asyncio.Event()
    waiting = asyncio.create_task(keyring.find(SOURCE, lambda _: asked.set()))
    await asked.wait()
    other = await keyring.find(KeySource("openai", ("OPENAI_API_KEY",), service="openai"))
    assert other == Found("sk-o", "OPENAI_API_KEY")
    # Some waits end while the prompt is on its way to the screen, some when it is there.
    await asyncio.sleep(pause)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    # The thread that waited has let go of the store, and its prompt is gone with it.
    for thread in threading.enumerate():
        if thread.name == "secrets":
            await asyncio.to_thread(thread.join)
    monkeypatch.setattr(keys, "OWNER_SECONDS", 0.5)
    missing = await keyring.find(SOURCE, lambda _: None)
    assert isinstance(missing, Missing)
    assert missing.reasons[1] == "the key store is locked, and nobody unlocked it within 0.5 seconds"


def test_without_a_session_bus_there_is_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert isinstance(look_up("anthropic"), Missing)
