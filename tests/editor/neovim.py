"""A real Neovim for tests: started in a home of its own, driven by keys and by what a user could type."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.editor.client import Client, Screen

ROOT = Path(__file__).resolve().parents[2]


PATIENCE = 3.0
"""Seconds after which a person who pressed `<C-c>` presses it again."""


class Neovim:
    """One editor with Flemma on its path. `setup` is what setup() is given, as Lua; nothing: it is not called."""

    def __init__(
        self, binary: str, environment: Mapping[str, str], setup: str = "", python: str = "", root: Path = ROOT
    ) -> None:
        self._again = ""
        python = python or f"{ROOT}/.venv/bin/python"
        arguments = [binary, "--embed", "--clean", "--headless", "-n", "-i", "NONE"]
        arguments += [
            "--cmd",
            f"lua vim.opt.runtimepath:prepend([[{root}]])",
            "--cmd",
            f"let g:flemma_python = '{python}'",
        ]
        if setup:
            arguments += ["--cmd", f"lua require('flemma').setup({setup})"]
        self.client = Client(arguments, environment)
        self.pid: int = self.lua("return vim.fn.getpid()")
        self.lua(RECORD)

    # ---- what a person does

    def open(self, path: Path | str, text: str | bytes | None = None) -> int:
        """Edit a file, written with `text` first, and give the buffer's number."""
        if text is not None:
            Path(path).write_bytes(text.encode() if isinstance(text, str) else text)
        self.lua("vim.cmd.edit({ vim.fn.fnameescape(...), mods = { silent = true } })", str(path))
        return int(self.lua("return vim.api.nvim_get_current_buf()"))

    def press(self, keys: str) -> None:
        """Type, as a person would: `<C-]>` and friends are keys. One that runs calls comes after a look at them."""
        if "<C-]>" in keys or "<M-CR>" in keys:
            self.wait(lambda: not self.lua("return require('flemma.reveal').is_typed_ahead(vim.fn.bufnr())"), "a look")
        self.type_ahead(keys)

    def type_ahead(self, keys: str) -> None:
        """Type, and look at nothing before."""
        self._again = keys if keys == "<C-c>" else ""
        self.client.request("nvim_input", keys)

    def command(self, line: str) -> None:
        self.client.request("nvim_command", line)

    def attach_screen(self, width: int = 80, height: int = 24) -> Screen:
        return self.client.attach_screen(width, height)

    # ---- what a person sees

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.client.request("nvim_exec_lua", code, arguments)

    def lines(self, buf: int = 0) -> list[str]:
        return list(self.client.request("nvim_buf_get_lines", buf, 0, -1, True))

    def text(self, buf: int = 0) -> str:
        return "\n".join(self.lines(buf))

    @property
    def cursor(self) -> list[int]:
        """Line (1-based) and byte column (0-based)."""
        return list(self.client.request("nvim_win_get_cursor", 0))

    @property
    def mode(self) -> str:
        return str(self.client.request("nvim_get_mode")["mode"])

    def notices(self) -> list[str]:
        return list(self.lua("return _G.notices"))

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The User autocommands that fired, with their data and whether the buffer could be edited then."""
        return [event for event in self.lua("return _G.fired") if name is None or event["name"] == name]

    # ---- waiting, as a person would

    def wait(self, condition: Callable[[], Any], what: str = "it", seconds: float = 15) -> Any:
        """Wait until `condition` holds and give what it gave."""
        end = time.monotonic() + seconds
        again = time.monotonic() + PATIENCE
        while not (found := condition()):
            if self._again and time.monotonic() > again:
                # Neovim takes a `<C-c>` that comes while it is at work for an interrupt of that work and not for a key.
                # A person presses once more.
                self.press(self._again)
                self._again = ""
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come within {seconds} s\n{self.notices()}\n{self.text()[-2000:]}")
            time.sleep(0.01)
        return found

    def finished(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until `count` requests have ended, and give their statuses."""

        def enough() -> list[dict[str, Any]] | None:
            events = self.events("FlemmaRequestFinished")
            return events if len(events) >= count else None

        return list(self.wait(enough, f"the end of request {count}"))

    def idle(self, buf: int = 0) -> None:
        """Wait until the chat is unlocked and not busy."""
        self.wait(lambda: self.lua(IS_IDLE, buf), "the idle chat")

    def notice(self, part: str) -> str:
        """Wait for a notice that has `part` in it, in capitals or not."""

        def such() -> list[str]:
            return [text for text in self.notices() if part.lower() in text.lower()]

        return str(self.wait(such, f"a notice of {part!r}")[0])

    # ---- the host

    def host(self) -> dict[str, Any]:
        return dict(self.lua("return require('flemma.host').status()"))

    def report(self) -> dict[str, Any]:
        """What the host says of itself. It is in order with all that was sent to the host before."""
        self.lua("_G.host_report = nil; require('flemma.host').report(function(r) _G.host_report = r end)")
        return dict(self.wait(lambda: self.lua("return _G.host_report"), "the host's report"))

    def ready(self) -> None:
        """Wait until the host has answered and has the text of every chat."""
        self.wait(lambda: self.host()["ready"], "the host")
        self.wait(lambda: all(buffer["tick"] >= 0 for buffer in self.report()["buffers"]), "the mirrors")

    def close(self) -> None:
        if self.client.process.poll() is None:
            # It may have been killed a moment ago.
            with contextlib.suppress(BrokenPipeError):
                self.client.notify("nvim_command", "qall!")
        self.client.close()


IS_IDLE = """
local buf = ...
buf = buf == 0 and vim.api.nvim_get_current_buf() or buf
return not require('flemma.buffer').is_busy(buf) and vim.bo[buf].modifiable
"""

RECORD = """
_G.fired, _G.notices = {}, {}
vim.notify = function(message) table.insert(_G.notices, message) end
vim.api.nvim_create_autocmd('User', { pattern = 'Flemma*', callback = function(ev)
  local buf = ev.data.bufnr
  table.insert(_G.fired, { name = ev.match, data = ev.data, modifiable = buf and vim.bo[buf].modifiable })
end })
"""
