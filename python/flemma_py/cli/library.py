"""The sessions, as the commands of a shell ask for them."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from flemma_py.app.keeping.workspace import workspace_of
from flemma_py.cli.command import UsageError
from flemma_py.cli.owner import Owner
from flemma_py.errors import SessionError
from flemma_py.sessions import SessionStore

DAY = 86400.0


@contextlib.contextmanager
def opened(owner: Owner) -> Iterator[SessionStore]:
    """The store. Raises `SessionError` where none is kept."""
    services = owner.services(_say)
    store = services.keeping.store
    if store is None:
        raise SessionError("No session is kept: sessions.enabled is false.")
    try:
        yield store
    except OSError as error:
        raise SessionError(f"The sessions cannot be read: {error.strerror or error}.") from error
    finally:
        store.close()


def _say(level: str, message: str) -> None:
    sys.stderr.write(f"flemma: {message}\n")


def project(arguments: argparse.Namespace) -> str | None:
    return workspace_of(str(Path.cwd())) if arguments.here else None


def since(arguments: argparse.Namespace) -> float | None:
    """Seconds since the epoch. Raises `UsageError`."""
    word = arguments.since
    if word is None:
        return None
    if word.removesuffix("d").isdecimal() and word.endswith("d"):
        return time.time() - int(word[:-1]) * DAY
    try:
        return datetime.fromisoformat(word).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"--since {word}: it must be a day, as 2026-01-31, or days, as 7d.") from error


def moment(seconds: float) -> str:
    """A local time, to the minute."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
