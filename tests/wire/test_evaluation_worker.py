"""The worker's own end of things, in its process but without the client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flemma_py.evaluation import limits
from flemma_py.evaluation.process import BOOTSTRAP, import_path


def start(**changes: object) -> subprocess.Popen[bytes]:
    settings = {"host": os.getpid(), "path": import_path(), "packages": ["flemma_py.evaluation.dialects"]} | changes
    command = [sys.executable, "-I", "-c", BOOTSTRAP, json.dumps(settings)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={})


def test_the_worker_ends_when_its_input_ends() -> None:
    with start() as worker:
        output, complaint = worker.communicate(b'{"dialect": "calculator", "code": "1", "limit": 1}\n', timeout=10)
    assert output.splitlines() == [b'{"ready": ["calculator"]}', b'{"value": "1"}']
    assert complaint == b""
    assert worker.returncode == 0


def test_a_worker_whose_host_was_dead_before_it_began_does_not_begin() -> None:
    with start(host=-1) as worker:
        output, complaint = worker.communicate(timeout=10)
    assert (output, complaint) == (b"", b"the host is gone\n")


@pytest.mark.parametrize(
    ("backstop", "limit", "end"),
    [pytest.param(1, 600, signal.SIGALRM, id="clock"), pytest.param(60, 0.3, signal.SIGPROF, id="processor")],
)
def test_without_a_host_an_endless_evaluation_ends_itself(backstop: int, limit: float, end: signal.Signals) -> None:
    """What holds where the kernel does not tell of a host's death, and what the host need not watch."""
    shorter = f"from flemma_py.evaluation import limits; limits.BACKSTOP = {backstop}; main(settings)"
    settings = {"host": os.getpid(), "path": import_path(), "packages": ["flemma_py.evaluation.dialects"]}
    code = BOOTSTRAP.replace("main(settings)", shorter)
    request = {"dialect": "calculator", "code": "(function() while true do end end)()", "limit": limit}
    with subprocess.Popen(
        [sys.executable, "-I", "-c", code, json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}
    ) as worker:
        worker.communicate(json.dumps(request).encode() + b"\n", timeout=50)
    assert worker.returncode == -end


def test_a_block_that_ends_takes_its_alarm_along() -> None:
    with limits.backstop(2):
        assert 0 < signal.alarm(limits.BACKSTOP) <= limits.BACKSTOP
        assert 0 < signal.getitimer(signal.ITIMER_PROF)[0] <= 2.01
    assert signal.alarm(0) == 0
    assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_waiting_for_the_host_takes_no_time_and_gives_none() -> None:
    with limits.backstop(2):
        limits.renew(1)
        left = limits.suspend()
        assert 0 < left <= 1.01
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0


def test_the_worker_does_not_import_from_where_the_user_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("")
    monkeypatch.syspath_prepend("relative")
    path = [Path(entry) for entry in import_path()]
    assert all(entry.is_absolute() for entry in path)
    assert any((entry / "flemma_py").is_dir() for entry in path)
