"""The worker's own end of things, in its process but without the client."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
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
        output, complaint = worker.communicate(b'{"dialect": "calculator", "code": "1"}\n', timeout=10)
    assert output.splitlines() == [b'{"ready": ["calculator"]}', b'{"value": "1"}']
    assert complaint == b""
    assert worker.returncode == 0


def test_a_worker_whose_host_was_dead_before_it_began_does_not_begin() -> None:
    with start(host=-1) as worker:
        output, complaint = worker.communicate(timeout=10)
    assert (output, complaint) == (b"", b"the host is gone\n")


def test_without_a_host_an_endless_evaluation_ends_itself() -> None:
    """What holds where the kernel does not tell of a host's death."""
    shorter = BOOTSTRAP.replace("main(settings)", "from flemma_py.evaluation import limits; limits.BACKSTOP = 1; ")
    settings = {"host": os.getpid(), "path": import_path(), "packages": ["flemma_py.evaluation.dialects"]}
    command = [sys.executable, "-I", "-c", f"{shorter}main(settings)", json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as worker:
        started = time.monotonic()
        worker.communicate(b'{"dialect": "calculator", "code": "(function() while true do end end)()"}\n', timeout=10)
    assert worker.returncode == -signal.SIGALRM
    assert time.monotonic() - started < 5


def test_a_block_that_ends_takes_its_alarm_along() -> None:
    with limits.backstop():
        assert 0 < signal.alarm(limits.BACKSTOP) <= limits.BACKSTOP
    assert signal.alarm(0) == 0


def test_the_worker_does_not_import_from_where_the_user_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend("")
    monkeypatch.syspath_prepend("relative")
    path = [Path(entry) for entry in import_path()]
    assert all(entry.is_absolute() for entry in path)
    assert any((entry / "flemma_py").is_dir() for entry in path)
