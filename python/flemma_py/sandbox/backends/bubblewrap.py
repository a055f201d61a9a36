"""Bubblewrap on Linux: the whole system read-only, a few folders writable, processes of its own.

It does not hide files that the owner may read, except the folder of the session's sockets: whoever reaches the session
bus can have a program started outside, or ask the key store.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
from pathlib import Path

from flemma_py.sandbox.backend import Means, Probe
from flemma_py.sandbox.policy import Policy, is_within

PROBE_SECONDS = 10.0
OWN_PROC = "own"
"""The usual variant: /proc shows the command's own processes only."""
OUTER_PROC = "outer"
SHARED = "The system allows no /proc of its own: a command can see your other processes."


class Bubblewrap:
    name = "bwrap"
    priority = 100

    async def probe(self, policy: Policy, means: Means) -> Probe:
        if sys.platform != "linux":
            return Probe(False, "bubblewrap runs on Linux only")
        program = means.program or "bwrap"
        if shutil.which(program) is None:
            return Probe(False, f"there is no program {program}: install bubblewrap")
        complaint = ""
        for variant, detail in ((OWN_PROC, ""), (OUTER_PROC, SHARED)):
            tried = Probe(True, detail, variant)
            failed = await _run(self.wrap((shutil.which("true") or "/bin/true",), policy, means, tried))
            if failed is None:
                return tried
            complaint = complaint or failed
        return Probe(False, f"{program} does not work here: {complaint}")

    def wrap(self, argv: tuple[str, ...], policy: Policy, means: Means, probe: Probe) -> tuple[str, ...]:
        words = [shutil.which(means.program or "bwrap") or means.program or "bwrap", "--ro-bind", "/", "/"]
        for folder in means.hidden:
            if not any(is_within(folder, path) for path in policy.writable):
                words += ["--tmpfs", folder]
        for path in policy.writable:
            if Path(path).exists():
                words += ["--bind", path, path]
        words += ["--dev", "/dev"]
        words += ["--proc", "/proc"] if probe.variant != OUTER_PROC else ["--ro-bind", "/proc", "/proc"]
        if not policy.allow_privileged:
            words += ["--unshare-user"]
        words += ["--unshare-pid", "--unshare-uts", "--unshare-ipc"]
        words += ["--share-net" if policy.network else "--unshare-net"]
        words += ["--die-with-parent", "--new-session", *means.extra_args]
        return (*words, *argv)


async def _run(argv: tuple[str, ...]) -> str | None:
    """None: it worked; else the first thing it had to say."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.defpath},
            cwd=os.sep,
            start_new_session=True,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        _, said = await asyncio.wait_for(process.communicate(), PROBE_SECONDS)
    except TimeoutError:
        return f"it does not end within {PROBE_SECONDS:g} s"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, 9)
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0][:200] if lines else f"it ends with code {process.returncode}"


BACKEND = Bubblewrap()
