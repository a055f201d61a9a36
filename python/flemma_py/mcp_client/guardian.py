"""Runs an MCP server, and sees to it that no process of it is left when it ends or the host is gone.

A program of its own, run by its path: it imports nothing of ours. The server has the guardian's stdin, stdout and
stderr, so its talk with the host passes nobody. On Linux the guardian is told of the host's death and is a child
subreaper: what made itself a daemon becomes its child, and is found. Elsewhere it looks whether the host still lives,
and finds what stayed below it.

    guardian.py HOST PROGRAM [ARGUMENT …]        HOST: the host's process id
"""

# ruff: noqa: PTH123, PTH208  (`pathlib` would double the start)
from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
GENTLE = 0.5
"""Seconds between SIGTERM and SIGKILL."""
STUBBORN = 2.0
"""Seconds after which what SIGKILL did not end is given up."""
LOOK = 1.0
"""Seconds between two looks at the host where nobody tells of its death."""


class Stopped(Exception):
    """Somebody wants the server to end."""


def main(host: int, argv: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    code = 1
    try:
        if os.getppid() != host:
            return code
        child = _start(argv)
        # The server's pipes are the server's: what it closes is closed.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        code = _wait(child, host)
    except Stopped:
        code = 128 + signal.SIGTERM
    finally:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end_all()
    return code


def _stop(*_: object) -> None:
    raise Stopped


def _start(argv: list[str]) -> int:
    guardian = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if LINUX:
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guardian:
                os._exit(127)
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(2, f"{argv[0]} could not be started: {error.strerror}\n".encode())
    finally:
        os._exit(127)


def _wait(child: int, host: int) -> int:
    """The exit code of `child`, as a shell tells it."""
    while True:
        pid, status = os.waitpid(-1, 0 if LINUX else os.WNOHANG)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if pid == 0:
            if os.getppid() != host:
                raise Stopped
            time.sleep(LOOK / 10)


def _end_all() -> None:
    """End every descendant."""
    begun = time.monotonic()
    number = signal.SIGTERM
    while _reap_all():
        left = _descendants()
        if not left and not LINUX:
            return
        elapsed = time.monotonic() - begun
        if elapsed > GENTLE + STUBBORN:
            return
        if elapsed > GENTLE:
            number = signal.SIGKILL
        if number == signal.SIGKILL or elapsed < LOOK / 100:
            for pid in left:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
        time.sleep(0.01)


def _reap_all() -> bool:
    """Bury the dead. False: there is no child any more."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def _descendants() -> list[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _processes():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = list(children.get(os.getpid(), ()))
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children.get(pid, ())
    return found


def _processes() -> list[tuple[int, int]]:
    """Process and parent of everybody."""
    found = []
    if not LINUX:
        with os.popen("ps -axo pid=,ppid=") as listing:
            return [(int(pid), int(parent)) for pid, parent in map(str.split, listing)]
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                text = file.read()
        except OSError:  # It has ended since.
            continue
        # The name may have spaces and parentheses of its own.
        found.append((int(name), int(text[text.rindex(b")") + 2 :].split(None, 2)[1])))
    return found


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
