"""The smallest client of `nvim --embed`: requests over its pipes, and its screen as cells when one is attached."""

from __future__ import annotations

import contextlib
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack


class NeovimError(Exception):
    """Neovim answered with an error."""


class Screen:
    """What an attached UI would show: characters and the number of their highlight, by row and column."""

    def __init__(self, width: int, height: int) -> None:
        self.cells: list[list[tuple[str, int]]] = [[(" ", 0)] * width for _ in range(height)]
        self.highlights: dict[int, dict[str, Any]] = {}
        self.flushes = 0

    def rows(self) -> list[str]:
        return ["".join(cell for cell, _ in row) for row in self.cells]

    def redraw(self, batch: Sequence[Sequence[Any]]) -> None:
        for event, *calls in batch:
            take = getattr(self, f"on_{event}", None)
            if take is not None:
                for call in calls:
                    take(*call)

    def on_grid_resize(self, _: int, width: int, height: int) -> None:
        self.cells = [[(" ", 0)] * width for _ in range(height)]

    def on_grid_clear(self, _: int) -> None:
        self.cells = [[(" ", 0)] * len(row) for row in self.cells]

    def on_grid_line(self, _: int, row: int, column: int, cells: Sequence[Sequence[Any]], *__: Any) -> None:
        highlight = 0
        for text, *more in cells:
            highlight = more[0] if more else highlight
            for _i in range(more[1] if len(more) > 1 else 1):
                self.cells[row][column] = (text, highlight)
                column += 1

    def on_grid_scroll(self, _: int, top: int, bottom: int, left: int, right: int, rows: int, __: int) -> None:
        moved = range(top, bottom - rows) if rows > 0 else range(bottom - 1, top - rows - 1, -1)
        for row in moved:
            self.cells[row][left:right] = self.cells[row + rows][left:right]

    def on_hl_attr_define(self, number: int, attributes: dict[str, Any], *_: Any) -> None:
        self.highlights[number] = attributes

    def on_flush(self) -> None:
        self.flushes += 1


class Client:
    """One editor process. Every call is bounded in time: a Neovim that waits for a key fails the test and says so."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            arguments, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._unpacker = msgpack.Unpacker(unicode_errors="surrogateescape", strict_map_key=False)
        self._packer = msgpack.Packer(unicode_errors="surrogateescape")
        self._next = 0
        self._answers: dict[int, tuple[Any, Any]] = {}
        self.screen: Screen | None = None

    def request(self, method: str, *arguments: Any, seconds: float = 30) -> Any:
        """Call an API function. Raises `NeovimError`, or `TimeoutError` with the screen if no answer comes."""
        self._next += 1
        number = self._next
        self._send([0, number, method, arguments])
        end = time.monotonic() + seconds
        while number not in self._answers:
            if time.monotonic() > end:
                shown = "\n".join(self.screen.rows()) if self.screen else "no screen is attached"
                raise TimeoutError(f"{method} was not answered within {seconds} s:\n{shown}")
            self.pump(0.5)
        error, value = self._answers.pop(number)
        if error:
            raise NeovimError(error[1] if isinstance(error, list) else error)
        return value

    def notify(self, method: str, *arguments: Any) -> None:
        self._send([2, method, arguments])

    def attach_screen(self, width: int, height: int) -> Screen:
        self.screen = Screen(width, height)
        self.request("nvim_ui_attach", width, height, {"ext_linegrid": True, "rgb": True})
        return self.screen

    def pump(self, seconds: float) -> bool:
        """Take what has arrived within `seconds`; True if there was something."""
        stdout = self.process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], seconds)[0]:
            return False
        data = stdout.read1(1 << 20)  # type: ignore[attr-defined]
        if not data:
            raise EOFError("Neovim is gone")
        self._unpacker.feed(data)
        for message in self._unpacker:
            self._take(message)
        return True

    def settle(self, quiet: float = 0.03) -> None:
        """Take redraws until none came for a moment."""
        while self.pump(quiet):
            pass

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def hang_up(self) -> None:
        """Close the pipes, as a terminal does that is closed, and wait for the editor's end."""
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(15)

    def close(self) -> None:
        """End the process, by force if it does not go within seconds."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                # A process that has just been killed takes what was still to be written with it.
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def _send(self, message: Sequence[Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(self._packer.pack(message))
        self.process.stdin.flush()

    def _take(self, message: Sequence[Any]) -> None:
        if message[0] == 1:
            self._answers[message[1]] = (message[2], message[3])
        elif message[0] == 2 and message[1] == "redraw" and self.screen:
            self.screen.redraw(message[2])
