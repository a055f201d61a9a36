"""Runs one command, and sees to it that nothing of it is left when it is over.

A program of its own, run by its path: it imports nothing of ours and starts in some 15 ms. Its stdin is a pipe from
the host: when that closes, because the call was stopped or the host is dead, every descendant is killed. On Linux it
is a child subreaper, so that a process which made itself a daemon becomes its child, and is found. Elsewhere only what
stayed below it or in the command's process group is.

The output never passes through the host while it comes. It is read here, into a ring of the last bytes and, when there
is more than one would show, into a file; the host gets a last line now and then, and the ring at the end.

    reaper.py TAIL WHOLE_BYTES WHOLE_LINES FILE_BYTES FILE PROGRAM [ARGUMENT …]

What it tells the host goes to stderr, as frames: a letter, four bytes of length (big-endian), the content.

    P   the last line of the output, at most ten times a second
    X   why the program could not be started
    T   the last TAIL bytes of the output, or all of it
    E   numbers: code, signal (0: none), bytes in all, lines before T, bytes in FILE (-1: there is none), processes that
        could not be killed
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = sys.platform == "linux"
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

STRAGGLERS = 0.5
"""Seconds that a filter which the shell does not wait for, `> >(tee file)`, has for its last words."""
GENTLE = 0.4
"""Seconds between SIGTERM and SIGKILL: time to remove a lock file."""
STUBBORN = 2.0
"""Seconds after which a process that SIGKILL did not end is given up: not ours to kill, or hanging in the kernel."""
TICK = 0.1
LONGEST_LINE = 200
CHUNK = 65536
MORE_PROCESSES = 2048
"""How many processes and threads a command may add to those of the system: a fork bomb ends there. Not for root."""


class Output:
    """What the command wrote: the last `tail` bytes in memory, and from the start in a file once it is more than
    `whole_bytes` or `whole_lines`."""

    def __init__(self, tail: int, whole_bytes: int, whole_lines: int, file_bytes: int, path: str) -> None:
        self.tail = bytearray()
        self.bytes = self.lines = 0
        self.lines_before = 0
        self.kept = -1
        self._limit = max(tail, whole_bytes)
        self._whole = (whole_bytes, whole_lines)
        self._file_bytes = file_bytes
        self._path = path
        self._file = -1

    def add(self, data: bytes) -> None:
        self.bytes += len(data)
        self.lines += data.count(b"\n")
        self.tail += data
        if self._file >= 0:
            self._keep(data)
        elif self._path and self.kept < 0 and (self.bytes > self._whole[0] or self.lines > self._whole[1]):
            self._open()
        if len(self.tail) > 2 * self._limit:
            self._forget()

    def finish(self) -> None:
        if len(self.tail) > self._limit:
            self._forget()
        if self._file >= 0:
            os.close(self._file)

    def last_line(self) -> bytes:
        """The last line with something in it, without what a terminal would not show of it."""
        end = bytes(self.tail[-4 * LONGEST_LINE :]).replace(b"\r", b"\n")
        return next((line.strip()[:LONGEST_LINE] for line in reversed(end.split(b"\n")) if line.strip()), b"")

    def _forget(self) -> None:
        size = len(self.tail) - self._limit
        self.lines_before += self.tail.count(b"\n", 0, size)
        del self.tail[:size]

    def _open(self) -> None:
        """Begin the file with all there is. It is always a new one: whoever waits at its name gets nothing."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            os.makedirs(os.path.dirname(self._path), 0o700, exist_ok=True)
            if os.path.lexists(self._path):
                os.unlink(self._path)
            self._file = os.open(self._path, flags, 0o600)
        except OSError:
            self._path = ""
            return
        self.kept = 0
        self._keep(bytes(self.tail))

    def _keep(self, data: bytes) -> None:
        data = data[: self._file_bytes - self.kept]
        try:
            while data:
                written = os.write(self._file, data)
                self.kept += written
                data = data[written:]
        except OSError:  # A full disk: half a file would be worse than none.
            os.close(self._file)
            os.unlink(self._path)
            self._file, self.kept, self._path = -1, -1, ""


class Host:
    """Whoever reads our stderr. A dead one is noticed at the other pipe."""

    def __init__(self) -> None:
        # The command gets descriptor 2 for its own output; this copy goes with the exec.
        self._descriptor = os.dup(2)

    def tell(self, kind: bytes, content: bytes) -> None:
        frame = memoryview(kind + len(content).to_bytes(4, "big") + content)
        try:
            while frame:
                frame = frame[os.write(self._descriptor, frame) :]
        except OSError:
            return


class Supervisor:
    """One command, from its start to the last of its descendants."""

    def __init__(self, output: Output, host: Host) -> None:
        self._output = output
        self._host = host
        self._poll = select.poll()
        self._wake, wake = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._reading = -1
        self._child = 0
        self._status: int | None = None
        self._stopped = False
        self._told = b""
        self._next_word = 0.0

    def run(self, argv: list[str]) -> None:
        self._start(argv)
        for descriptor in (0, self._wake, self._reading):
            self._poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while self._status is None and not self._stopped:
            self._wait(60.0)
        if self._status is not None and self._reading >= 0 and not self._stopped:
            self._wait_until(time.monotonic() + STRAGGLERS, lambda: self._reading < 0 or self._stopped)
        left = self._end_all()
        self._drain()
        self._report(left)

    # ---- the command

    def _start(self, argv: list[str]) -> None:
        self._reading, writing = os.pipe()
        reaper = os.getpid()
        self._child = os.fork()
        if self._child == 0:
            try:
                self._become(argv, writing, reaper)
            except BaseException as error:
                self._host.tell(b"X", str(getattr(error, "strerror", None) or error).encode("utf-8", "replace"))
            finally:
                os._exit(127)
        os.close(writing)
        os.set_blocking(self._reading, False)

    def _become(self, argv: list[str], writing: int, reaper: int) -> None:
        os.setsid()
        if LINUX:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != reaper:
                os._exit(127)
            yield_memory_first()
        limit_processes()
        signal.set_wakeup_fd(-1)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number in signal.valid_signals():
            # None: not Python's to set, as those that the C library keeps for itself.
            if signal.getsignal(number) not in (None, signal.SIG_DFL):
                signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.execvp(argv[0], argv)

    # ---- what happens meanwhile

    def _wait(self, seconds: float) -> None:
        """Take what comes next, within `seconds`: output, the end of a child, the host's word, a signal."""
        if self._next_word:
            seconds = min(seconds, max(self._next_word - time.monotonic(), 0.0))
        for descriptor, _ in self._poll.poll(seconds * 1000):
            if descriptor == 0:
                self._poll.unregister(0)
                self._stopped = True
            elif descriptor == self._wake:
                if set(os.read(self._wake, 512)) & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
                    self._stopped = True
            else:
                self._read()
        self._reap()
        if self._next_word and time.monotonic() >= self._next_word:
            self._say_last_line()

    def _wait_until(self, deadline: float, done: Callable[[], bool]) -> bool:
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._wait(left)
        return True

    def _read(self) -> bool:
        """Take what is in the pipe. False: there is nothing now."""
        try:
            data = os.read(self._reading, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._poll.unregister(self._reading)
            os.close(self._reading)
            self._reading = -1
            return False
        self._output.add(data)
        self._next_word = self._next_word or time.monotonic() + TICK
        return True

    def _say_last_line(self) -> None:
        self._next_word = 0.0
        line = self._output.last_line()
        if line and line != self._told:
            self._told = line
            self._host.tell(b"P", line)

    def _reap(self) -> bool:
        """Bury the dead. False: there is no child any more, so no descendant either where we are a subreaper."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._child:
                self._status = status

    # ---- the end

    def _end_all(self) -> int:
        """Kill every descendant: how many could not be."""
        if self._gone():
            return 0
        for pid, _, name in self._descendants():
            # The sandbox takes all in it along when it dies: let those inside have their time.
            if name != b"bwrap":
                send(pid, signal.SIGTERM)
            send(pid, signal.SIGCONT)
        if self._wait_until(time.monotonic() + GENTLE, self._gone):
            return 0
        before: set[int] = set()
        deadline = time.monotonic() + STUBBORN
        while not self._gone():
            everybody = self._descendants()
            found = {pid for pid, _, _ in everybody}
            if found - before:
                deadline = time.monotonic() + STUBBORN
            elif time.monotonic() > deadline:
                return len(found)
            before = found
            # By group, too: whoever forks and ends all the time has another number when its signal comes.
            for target in (*found, *(-group for group in {group for _, group, _ in everybody} - {os.getpgrp()})):
                send(target, signal.SIGKILL)
            self._wait(0.01)
        return 0

    def _gone(self) -> bool:
        return not self._reap() and (LINUX or not self._descendants())

    def _descendants(self) -> list[tuple[int, int, bytes]]:
        """Process, group and name of all below us, and elsewhere than on Linux of the command's own group, too."""
        children: dict[int, list[tuple[int, int, bytes]]] = {}
        found: dict[int, tuple[int, int, bytes]] = {}
        for pid, parent, group, name in processes():
            children.setdefault(parent, []).append((pid, group, name))
            if not LINUX and group == self._child:
                found[pid] = (pid, group, name)
        waiting = list(children.get(os.getpid(), ()))
        while waiting:
            each = waiting.pop()
            found[each[0]] = each
            waiting += children.get(each[0], ())
        return list(found.values())

    def _drain(self) -> None:
        while self._reading >= 0 and self._read():
            pass

    def _report(self, left: int) -> None:
        output = self._output
        output.finish()
        status = 0 if self._status is None else self._status
        code = os.waitstatus_to_exitcode(status)
        numbers = (
            max(code, 0),
            max(-code, 0),
            output.bytes,
            output.lines_before,
            output.kept,
            left,
        )
        self._host.tell(b"T", bytes(output.tail))
        self._host.tell(b"E", " ".join(map(str, numbers)).encode())


def processes() -> list[tuple[int, int, int, bytes]]:
    """Process, parent, process group and name of everybody who is alive."""
    if not LINUX:
        with os.popen("ps -axo pid=,ppid=,pgid=,stat=") as listing:
            lines = [line.split() for line in listing]
        everybody = [(int(pid), int(parent), int(group), b"") for pid, parent, group, state in lines if state[0] != "Z"]
        # The listing's own process is in our group, the command is not.
        return [each for each in everybody if each[2] != os.getpgrp()]
    found = []
    for number in os.listdir("/proc"):
        if not number.isdigit():
            continue
        try:
            with open(f"/proc/{number}/stat", "rb") as file:
                text = file.read()
        except OSError:  # It has ended since.
            continue
        # The name may have spaces and parentheses of its own.
        first, last = text.index(b"("), text.rindex(b")")
        state, parent, group = text[last + 2 :].split(None, 3)[:3]
        if state not in (b"Z", b"X"):
            found.append((int(number), int(parent), int(group), text[first + 1 : last]))
    return found


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:  # It ended by itself, or belongs to somebody else.
        return


def limit_processes() -> None:
    import resource

    try:
        with open("/proc/loadavg") as file:
            running = int(file.read().split()[3].split("/")[1])
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        wanted = running + MORE_PROCESSES
        resource.setrlimit(resource.RLIMIT_NPROC, (wanted if hard < 0 else min(wanted, hard), hard))
    except (OSError, ValueError, IndexError):  # Not Linux: the system's own limit holds.
        return


def yield_memory_first() -> None:
    """When memory runs out, a command is to go before the editor does."""
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")
    except OSError:
        return


def prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def main(words: list[str]) -> None:
    tail, whole_bytes, whole_lines, file_bytes = map(int, words[:4])
    if LINUX:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
    Supervisor(Output(tail, whole_bytes, whole_lines, file_bytes, words[4]), Host()).run(words[5:])


if __name__ == "__main__":
    main(sys.argv[1:])
