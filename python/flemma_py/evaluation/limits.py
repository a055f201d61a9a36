"""What the operating system takes from a worker process: memory, core files, and life after its host.

Each limit is there where the system has it. Without any of them the host's deadline still holds, and a dialect's own
limit of memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator

MEMORY = 400 << 20
"""Bytes of address space."""
BACKSTOP = 5
"""Seconds after which an evaluation kills its own process: the host's deadline is far shorter, so the host is dead."""


def lower() -> None:
    """Bound memory, and leave no core file behind: it would hold what was evaluated."""
    if sys.platform == "win32":
        return
    import resource

    bounds = {resource.RLIMIT_CORE: 0}
    if sys.platform != "darwin":  # macOS has the constant, but refuses or ignores it
        bounds[resource.RLIMIT_AS] = MEMORY
    for kind, wanted in bounds.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))


def end_with(host: int) -> None:
    """On Linux, have the kernel kill this process when the thread that started it ends."""
    if sys.platform != "linux":
        return
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != host:  # it died before the call above could ask for the signal
        sys.exit("the host is gone")


def renew() -> None:
    """Within a `backstop`: the evaluation has got on, so its time begins anew."""
    if sys.platform != "win32":
        signal.alarm(BACKSTOP)


def suspend() -> None:
    """Within a `backstop`: wait for the host as long as it takes; its end would be noticed."""
    if sys.platform != "win32":
        signal.alarm(0)


@contextlib.contextmanager
def backstop() -> Iterator[None]:
    """Kill this process if the block does not end. The alarm has no handler: Python might never get round to it."""
    if sys.platform == "win32":
        yield
        return
    signal.alarm(BACKSTOP)
    try:
        yield
    finally:
        signal.alarm(0)
