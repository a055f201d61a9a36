"""Keys in the store of the system: Secret Service on Linux, else what the `keyring` package knows. Never unlocks.

Blocking: call it in a thread. A locked store, or none, is a reason and not an error.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
from typing import Any

from flemma_py.secrets.environment import Found, Missing

NAMES = ("api_key", "api")
"""How entries are called under a service: today's name, then the one of older versions."""

_SECONDS = 2.0


def look_up(service: str) -> Found | Missing:
    """The key of `service`, or why there is none."""
    ask = _ask_secret_service if sys.platform.startswith("linux") else _ask_keyring
    try:
        return ask(service)
    except Exception as error:
        # Backends raise what they like, and a store that fails is one without a key.
        return Missing((f"the key store failed ({type(error).__name__})",))


def _ask_secret_service(service: str) -> Found | Missing:
    if "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        return Missing(("there is no key store in this session",))
    try:
        secretstorage = importlib.import_module("secretstorage")
    except ImportError:
        return _ask_secret_tool(service)
    with contextlib.closing(secretstorage.dbus_init()) as connection:
        for name in NAMES:
            items = list(secretstorage.search_items(connection, {"service": service, "key": name}))
            unlocked = [item for item in items if not item.is_locked()]
            if unlocked:
                newest = max(unlocked, key=lambda item: item.get_modified())
                return _judged(newest.get_secret().decode("utf-8", "replace"), service)
            if items:
                return Missing((f"the key store holds a key of {service} but is locked",))
    return _nothing(service)


def _ask_secret_tool(service: str) -> Found | Missing:
    """`search` and not `lookup`: that one would ask for the password of a locked store."""
    program = shutil.which("secret-tool")
    if program is None:
        return Missing(("neither the Python package secretstorage nor the program secret-tool is installed",))
    for name in NAMES:
        done = subprocess.run(
            [program, "search", "--all", "service", service, "key", name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            if line.startswith("secret = ") and line.removeprefix("secret = ").strip():
                return _judged(line.removeprefix("secret = "), service)
    return _nothing(service)


def _ask_keyring(service: str) -> Found | Missing:
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        return Missing(("the Python package keyring is not installed",))
    found = (keyring.get_password(service, name) for name in NAMES)
    return next((_judged(value, service) for value in found if value), _nothing(service))


def _judged(value: str, service: str) -> Found | Missing:
    return Found(value.strip(), "the key store") if value.strip() else _nothing(service)


def _nothing(service: str) -> Missing:
    return Missing((f"the key store has no entry with service {service} and key {NAMES[0]}",))
