"""A Neovim under measurement: started as a terminal starts it, with a screen of 120x40 attached before it reads its
first file, and a clock at every door."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from tests.editor.client import Client, Screen

from bench.sides import BASELINE, Side

WIDTH, HEIGHT = 120, 40
PATIENCE = 60.0
"""Seconds after which a measurement is given up."""
_WARM_AT_LAST = 6.0
"""Seconds after which a side that is still busy is measured as it is."""

_TELL_READY = (
    "autocmd VimEnter * ++once lua vim.schedule(function() vim.schedule(function() vim.rpcnotify(1, 'ready') end) end)"
)


# The bare sides say that an answer is all there by setting a global: hearing of it needs no question, which would
# take part in what is measured.
_TELL_DONE = """lua setmetatable(_G, { __newindex = function(globals, name, value)
  if name == 'BaselineDone' then
    vim.rpcnotify(1, 'done', value / 1e9)
  else
    rawset(globals, name, value)
  end
end })"""


class Gone(Exception):
    """What was waited for did not come."""


class Editor(Client):
    """One Neovim of one side. `watched` keeps the screen as cells, which costs this process time of its own: leave it
    off where the stream is fast and nobody looks for words."""

    def __init__(
        self,
        nvim: str,
        side: Side,
        base_url: str,
        home: Path,
        arguments: Sequence[str] = (),
        *,
        watched: bool = True,
    ) -> None:
        self.side = side
        self.ready_at: float | None = None
        self.done_at: float | None = None
        self.done_count = 0
        command = [nvim, "--embed", "--clean", "-n", "-i", "NONE"]
        for line in (f"luafile {BASELINE}/stall.lua", _TELL_READY, _TELL_DONE, *side.commands, *side.setup(base_url)):
            command += ["--cmd", line]
        self.started = time.monotonic()
        super().__init__([*command, *arguments], _environment(home) | side.environment(base_url))
        if watched:
            self.screen = Screen(WIDTH, HEIGHT)
        self.request("nvim_ui_attach", WIDTH, HEIGHT, {"ext_linegrid": True, "rgb": True})

    # ---- doing

    def press(self, keys: str) -> float:
        """Type; gives when."""
        now = time.monotonic()
        self.notify("nvim_input", keys)
        return now

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.request("nvim_exec_lua", code, arguments, seconds=PATIENCE)

    def edit(self, path: Path) -> float:
        """Open a file, as `:edit` does; gives when."""
        now = time.monotonic()
        self.notify("nvim_command", f"edit {path}")
        return now

    # ---- waiting

    def until(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> float:
        """Take what Neovim says until `condition` holds; gives when it did."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Gone(f"{self.side.name}: {what} did not come within {seconds:.0f} s")
            self.pump(0.005)
        return time.monotonic()

    def until_ready(self) -> float:
        """Neovim has read its files and is at its main loop; gives when."""
        self.until(lambda: self.ready_at is not None, "the end of the start")
        assert self.ready_at is not None
        return self.ready_at

    def until_done(self) -> float:
        """The answer is all in the buffer; gives when Neovim says that was. `done_at` is None before."""
        self.until(lambda: self.done_at is not None, "the end of the answer")
        assert self.done_at is not None
        return self.done_at

    def until_shown(self, word: str, seconds: float = PATIENCE) -> float:
        """`word` is on the screen; gives when."""
        screen = self.screen
        assert screen is not None
        seen = -1

        def shown() -> bool:
            nonlocal seen
            if screen.flushes == seen:
                return False
            seen = screen.flushes
            return any(word in row for row in screen.rows())

        return self.until(shown, f"{word!r} on the screen", seconds)

    def rest(self, seconds: float) -> None:
        """Let Neovim do what it does for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.pump(left)

    def warm(self) -> None:
        """Wait until Neovim and what it started need no processor any more: a host that still imports, a parser in the
        background."""
        self.until_ready()
        quiet, before = 0, self.busy_seconds()
        end = time.monotonic() + _WARM_AT_LAST
        while quiet < 2 and time.monotonic() < end:
            self.rest(0.15)
            now = self.busy_seconds()
            quiet, before = (quiet + 1 if now - before <= 0.01 else 0), now

    # ---- asking

    def busy_seconds(self) -> float:
        """Processor time of Neovim and its children."""
        return sum(sum(process.cpu_times()[:2]) for process in [self.editor, *self.children()])

    @property
    def editor(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def children(self) -> list[psutil.Process]:
        """Whatever was started by it: a host and its workers."""
        return list(self.editor.children(recursive=True))

    def end(self) -> None:
        """Kill it and wait until what it started is gone, too: it would take part in what is measured next."""
        children = self.children() if self.process.poll() is None else []
        self.kill()
        end = time.monotonic() + 5
        while any(map(_lives, children)) and time.monotonic() < end:
            time.sleep(0.005)

    def start_stall(self) -> None:
        self.lua("Stall.start()")

    def stop_stall(self) -> dict[str, float]:
        """p50, p99 and max of the gaps of a 5 ms timer, in ms."""
        return dict(self.lua("return Stall.stop()"))

    def _take(self, message: Sequence[Any]) -> None:
        if message[0] == 2 and message[1] == "ready":
            self.ready_at = time.monotonic()
        elif message[0] == 2 and message[1] == "done":
            self.done_at = message[2][0]
            self.done_count += 1
        else:
            super()._take(message)


def _lives(process: psutil.Process) -> bool:
    try:
        # Whoever inherits an orphan may take its time to bury it.
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _environment(home: Path) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    base = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    folders = {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    return base | folders | {"HOME": str(home)}
