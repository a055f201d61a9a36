"""Keys in the store of the system: Secret Service on Linux, else what the `keyring` package knows.

Blocking: call it in a thread of its own. Looking never unlocks; `unlock` does, and waits for the owner. A locked store,
or none, is a reason and not an error.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flemma_py.secrets.environment import Found, Missing

NAMES = ("api_key", "api")
"""How entries are called under a service: today's name, then the one of older versions."""

_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Locked:
    """There is an entry, and what holds it is locked."""

    service: str

    def as_missing(self) -> Missing:
        return Missing((f"the key store holds a key of {self.service} but is locked",))


def look_up(service: str, names: Sequence[str] = NAMES) -> Found | Missing | Locked:
    """The key of `service` under the first of `names` that there is, or why there is none."""
    ask = _ask_secret_service if sys.platform.startswith("linux") else _ask_keyring
    try:
        return ask(service, names)
    except Exception as error:
        # Backends raise what they like, and a store that fails is one without a key.
        return Missing((f"the key store failed ({type(error).__name__})",))


class Wait:
    """A wait for the owner that another thread can end, the prompt with it."""

    def __init__(self) -> None:
        self._connection: Any = None
        self._over = False

    def begin(self, connection: Any) -> None:
        self._connection = connection
        if self._over:
            self.end()

    def end(self) -> None:
        """Wake whoever reads from the connection; closing it would not."""
        self._over = True
        if self._connection is not None:
            with contextlib.suppress(OSError, AttributeError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)


def unlock(service: str, names: Sequence[str], seconds: float, wait: Wait) -> Found | Missing:
    """Ask the owner to unlock what holds the key, and give it."""
    secretstorage = importlib.import_module("secretstorage")
    try:
        with contextlib.closing(secretstorage.dbus_init()) as connection:
            wait.begin(connection)
            items = _items(secretstorage, connection, service, names)
            locked = [item for item in items if item.is_locked()]
            if locked and len(locked) == len(items):
                locked[0].unlock(timeout=seconds)
                # Unlocking tells nothing reliable of itself: a prompt that could not start counts as dismissed.
                if locked[0].is_locked():
                    return Missing((f"the key store holds a key of {service} and stayed locked",))
            return _newest(items, service) or _nothing(service, names)
    except TimeoutError:
        return Missing((f"the key store is locked, and nobody unlocked it within {seconds:g} seconds",))
    except Exception as error:
        return Missing((f"the key store could not be unlocked ({type(error).__name__})",))


def _ask_secret_service(service: str, names: Sequence[str]) -> Found | Missing | Locked:
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        return Missing(("there is no key store in this session",))
    try:
        secretstorage = importlib.import_module("secretstorage")
    except ImportError:
        return _ask_secret_tool(service, names)
    with contextlib.closing(secretstorage.dbus_init()) as connection:
        items = _items(secretstorage, connection, service, names)
        found = _newest(items, service)
    return found or (Locked(service) if items else _nothing(service, names))


def _items(library: Any, connection: Any, service: str, names: Sequence[str]) -> list[Any]:
    """All entries, of all collections: those of the first name first, of one name the newest first."""
    items: list[Any] = []
    for name in names:
        found = library.search_items(connection, {"service": service, "key": name})
        items += sorted(found, key=lambda item: int(item.get_modified()), reverse=True)
    return items


def _newest(items: Iterable[Any], service: str) -> Found | None:
    for item in items:
        if not item.is_locked() and (secret := item.get_secret().decode("utf-8", "replace").strip()):
            return Found(secret, "the key store", item.get_attributes().get("project_id") or None)
    return None


def _ask_secret_tool(service: str, names: Sequence[str]) -> Found | Missing:
    """`search` and not `lookup`: that one would ask for the password of a locked store."""
    program = shutil.which("secret-tool")
    if program is None:
        return Missing(("neither the Python package secretstorage nor the program secret-tool is installed",))
    for name in names:
        done = subprocess.run(
            [program, "search", "--all", "service", service, "key", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        # A secret of several lines goes on up to the attributes.
        said = done.stdout.decode("utf-8", "replace").partition("\nsecret = ")[2]
        secret = said.partition("\ncreated = ")[0].strip()
        if secret:
            return Found(secret, "the key store")
    return _nothing(service, names)


def _ask_keyring(service: str, names: Sequence[str]) -> Found | Missing:
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        return Missing(("the Python package keyring is not installed",))
    for name in names:
        if value := (keyring.get_password(service, name) or "").strip():
            return Found(value, "the key store")
    return _nothing(service, names)


def _nothing(service: str, names: Sequence[str]) -> Missing:
    return Missing((f"the key store has no entry with service {service} and key {' or '.join(names)}",))
