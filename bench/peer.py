"""The server of `bench.server` as the benchmark sees it: a process, and what it has noted."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Peer:
    """A running server. `noted` is what happened since the last `forget`, oldest first."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("server.py")
        self._process = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True)
        self.noted: list[dict[str, Any]] = []
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        self.base_url = f"http://127.0.0.1:{json.loads(self._lines.readline())['port']}"
        threading.Thread(target=self._listen, daemon=True).start()

    def forget(self) -> None:
        self.noted.clear()

    def at(self, event: str) -> float | None:
        """When `event` happened first since `forget`, None if it did not."""
        return next((note["at"] for note in list(self.noted) if note["event"] == event), None)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _listen(self) -> None:
        for line in self._lines:
            self.noted.append(json.loads(line))
