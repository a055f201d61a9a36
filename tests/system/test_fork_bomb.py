"""A fork bomb ends at its limit, and with its call. The limit is not for root, so root plays another user here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.wire.commands import wait_until

from flemma_py.processes.command import REAPER

USER = "nobody"
PYTHON = "/usr/bin/python3"
MORE = 300
BOMB = "bomb() { bomb | bomb & }; bomb; sleep 1000"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's"),
    pytest.mark.skipif(
        os.name == "posix" and os.getuid() == 0 and not (shutil.which("runuser") and Path(PYTHON).exists()),
        reason=f"root needs runuser and {PYTHON} to play another user",
    ),
]


def test_a_fork_bomb_ends_at_its_limit_and_with_its_call() -> None:
    is_root = os.getuid() == 0
    # Where another user may read it, and with a limit that this machine does not feel.
    copy = Path(f"/tmp/flemma_test_reaper_{os.getpid()}.py")
    text = Path(REAPER).read_text()
    limit = "MORE_PROCESSES = 2048"
    assert limit in text
    copy.write_text(text.replace(limit, f"MORE_PROCESSES = {MORE}"))
    copy.chmod(0o644)
    before = len(psutil.pids())
    player = ["runuser", "-u", USER, "--", PYTHON] if is_root else [sys.executable]
    words = [*player, "-I", "-S", str(copy), "1000", "1000", "100", "0", "", "bash", "-c", BOMB]
    try:
        reaper = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/"
        )
        time.sleep(1)
        assert len(psutil.pids()) < before + MORE + 200
        _, report = reaper.communicate()
    finally:
        copy.unlink()
    assert b"Resource temporarily unavailable" in report
    assert report.endswith(b" 0"), "processes are left"
    wait_until(lambda: len(psutil.pids()) < before + 100)
