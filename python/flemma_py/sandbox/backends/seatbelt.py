"""Seatbelt on macOS: everything may be read, a few folders written. The system's own `sandbox-exec` takes a profile.

Its profile is made here and tested as text only: no test of ours runs on macOS.
"""

from __future__ import annotations

import shutil
import sys

from flemma_py.sandbox.backend import Means, Probe
from flemma_py.sandbox.policy import Policy, is_within

PROGRAM = "/usr/bin/sandbox-exec"
DEVICES = ("/dev/null", "/dev/zero", "/dev/tty", "/dev/stdout", "/dev/stderr", "/dev/dtracehelper")


class Seatbelt:
    name = "seatbelt"
    priority = 100

    async def probe(self, policy: Policy, means: Means) -> Probe:
        if sys.platform != "darwin":
            return Probe(False, "seatbelt is a part of macOS")
        if shutil.which(PROGRAM) is None:
            return Probe(False, f"there is no {PROGRAM}")
        return Probe(True)

    def wrap(self, argv: tuple[str, ...], policy: Policy, means: Means, probe: Probe) -> tuple[str, ...]:
        return (PROGRAM, "-p", profile(policy, means), *means.extra_args, *argv)


def profile(policy: Policy, means: Means) -> str:
    """The policy in the language of Seatbelt: of several rules that fit the last one holds."""
    writable = [f"  (subpath {_quoted(path)})" for path in policy.writable]
    devices = [f"  (literal {_quoted(path)})" for path in DEVICES]
    lines = ["(version 1)", "(allow default)", "(deny file-write*)", "(allow file-write*", *writable, *devices, ")"]
    hidden = [path for path in means.hidden if not any(is_within(path, folder) for folder in policy.writable)]
    lines += [f"(deny file-read* file-write* network-outbound (subpath {_quoted(path)}))" for path in hidden]
    if not policy.network:
        lines.append("(deny network*)")
    return "\n".join(lines) + "\n"


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


BACKEND = Seatbelt()
