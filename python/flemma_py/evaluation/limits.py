"""What the operating system takes from a worker process: memory, processor time, core files, and life after its host.

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
"""Seconds after which an evaluation kills its own process: the host's deadline is shorter, so the host is dead."""
ENDED_BY_TIME = -signal.SIGPROF if sys.platform != "win32" else None
"""The exit status of a process that used up its processor time."""


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


def renew(seconds: float) -> None:
    """Within a `backstop`: the evaluation has got on, so its time begins anew."""
    if sys.platform != "win32":
        signal.alarm(BACKSTOP)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def suspend() -> float:
    """Within a `backstop`: wait for the host as long as it takes; its end would be noticed. The seconds that are left
    of the processor time."""
    if sys.platform == "win32":
        return 0.0
    signal.alarm(0)
    return signal.setitimer(signal.ITIMER_PROF, 0)[0]


@contextlib.contextmanager
def backstop(seconds: float) -> Iterator[None]:
    """Kill this process if the block does not end, or has used the processor for so many seconds. That is no matter of
    how busy the machine is. Neither signal has a handler: Python might never get round to it."""
    renew(seconds)
    try:
        yield
    finally:
        suspend()
