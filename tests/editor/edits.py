"""A hand that edits at random: every way of changing a buffer that a user or a plugin has, by name."""

from __future__ import annotations

import random

from tests.editor.neovim import Neovim

BASE = "@You:\nHello there\n\n@Assistant:\nHi.\n```lua\nlocal a = 1\n```\n\n@You:\n" + "and é so 日本 on\n" * 12

WORDS = ("abc", "é", "日本語", "@You:", "```", "x y", "{{ 1 }}", "<thinking>", "\u0301", "🙂", "")

FEED = "local keys = ...; pcall(vim.api.nvim_feedkeys, vim.keycode(keys), 'xt', false)"
COMMAND = "local line = ...; pcall(vim.cmd, 'silent! ' .. line)"
GO = "local buf, line, column = ...; vim.cmd.buffer(buf); pcall(vim.fn.cursor, line, column)"
SET_LINES = "pcall(vim.api.nvim_buf_set_lines, ...)"
SET_TEXT = "pcall(vim.api.nvim_buf_set_text, ...)"
ODD = "pcall(vim.api.nvim_buf_set_lines, 0, ..., ..., false, { 'nul \\0 in it', 'latin \\xe9\\xff', '\\0' })"
LONG = "local n, times = ...; pcall(vim.fn.setline, n, ('long é '):rep(times))"


class Hand:
    """Edits the buffers of one editor. What it did is kept in `done`."""

    def __init__(self, editor: Neovim, chance: random.Random) -> None:
        self._editor = editor
        self._chance = chance
        self.done: list[str] = []

    @property
    def names(self) -> list[str]:
        return [name.removeprefix("_edit_") for name in dir(self) if name.startswith("_edit_")]

    def perform(self, name: str, buf: int) -> None:
        """Do one edit somewhere in a buffer. A buffer that is locked may refuse it."""
        self.done.append(f"{name} in {buf}")
        self._editor.lua(GO, buf, self._chance.randint(1, 30), self._chance.randint(1, 12))
        getattr(self, f"_edit_{name}")(buf)

    def _word(self) -> str:
        return self._chance.choice(WORDS)

    def _feed(self, keys: str) -> None:
        self._editor.lua(FEED, keys)

    def _command(self, line: str) -> None:
        self._editor.lua(COMMAND, line)

    def _range(self, most: int = 4) -> tuple[int, int]:
        first = self._chance.randint(0, 20)
        return first, first + self._chance.randint(0, most)

    def _edit_type(self, _: int) -> None:
        key = self._chance.choice("iaIAs")
        self._feed(f"{key}{self._word()} {self._word()}<CR>{self._word()}<BS>x<Esc>")

    def _edit_open(self, _: int) -> None:
        self._feed(f"{self._chance.choice('oO')}{self._word()}<CR>{self._word()}<Esc>")

    def _edit_join(self, _: int) -> None:
        self._feed(f"{self._chance.randint(1, 4)}J")

    def _edit_delete(self, _: int) -> None:
        self._feed(self._chance.choice(["dd", "3dd", "dG", "dgg", "D", "x", "dip", "ddp", "cc", "d2j"]))

    def _edit_put(self, _: int) -> None:
        self._feed(self._chance.choice(["yyp", "yy3P", "2yyp", "yiwP", "p", "ylp"]))

    def _edit_substitute(self, _: int) -> None:
        self._command(self._chance.choice(["%s/o/O/", "%s/and/one\\rtwo/", "s/./é/g", "%s/\\n\\n/\\r/", "%s/é/e/g"]))

    def _edit_global(self, _: int) -> None:
        self._command(self._chance.choice(["g/two/d", "g/so/normal! Ax", "g/on/t.", "v/./d", "g/H/m$", "g/^/m0"]))

    def _edit_visual(self, _: int) -> None:
        self._feed(self._chance.choice(["Vjd", "vjd", "<C-v>jjd", "VjJ", "vjrx", "<C-v>jIab<Esc>", "Vj>", "vjp"]))

    def _edit_macro(self, _: int) -> None:
        self._feed(f"qqA{self._word()}<Esc>jq{self._chance.randint(1, 4)}@q")

    def _edit_normal(self, _: int) -> None:
        first, last = self._range()
        self._command(f"{first + 1},{last + 1}normal! I- ")

    def _edit_lines(self, buf: int) -> None:
        first, last = self._range()
        lines = [self._word() for _ in range(self._chance.randint(0, 3))]
        self._editor.lua(SET_LINES, buf, first, last, False, lines)

    def _edit_text(self, buf: int) -> None:
        row, end_row = self._range(2)
        lines = [self._word() for _ in range(self._chance.randint(1, 3))]
        self._editor.lua(SET_TEXT, buf, row, 0, end_row, 1, lines)

    def _edit_odd_bytes(self, _: int) -> None:
        self._editor.lua(ODD, self._chance.randint(0, 10))

    def _edit_long(self, _: int) -> None:
        self._editor.lua(LONG, self._chance.randint(1, 10), self._chance.choice([10, 1000, 20_000]))

    def _edit_everything(self, _: int) -> None:
        self._command("%d")
        if self._chance.random() < 0.8:
            self._editor.lua("pcall(vim.api.nvim_buf_set_lines, 0, 0, -1, false, ...)", BASE.split("\n"))

    def _edit_move(self, _: int) -> None:
        self._command(self._chance.choice(["m0", "m$", "m+1", "1,3m$", "1,2t4", "m-2"]))

    def _edit_filter(self, _: int) -> None:
        first, last = self._range()
        self._command(f"{first + 1},{last + 1}!cat")

    def _edit_sort(self, _: int) -> None:
        self._command(self._chance.choice(["sort", "sort! u", "retab!", "left 2", "%>"]))

    def _edit_read(self, _: int) -> None:
        self._command(self._chance.choice(["read %", "0read %", "put =range(3)", "$put _"]))

    def _edit_undo(self, _: int) -> None:
        self._feed(self._chance.choice(["u", "uu", "5u", "U"]))
        if self._chance.random() < 0.2:
            self._command(self._chance.choice(["earlier 5", "later 3", "undo 0"]))

    def _edit_redo(self, _: int) -> None:
        self._feed(self._chance.choice(["u<C-r>", "uuu<C-r><C-r>", "<C-r>"]))

    def _edit_reload(self, _: int) -> None:
        self._command("edit!")

    def _edit_write(self, _: int) -> None:
        self._command("write!")
