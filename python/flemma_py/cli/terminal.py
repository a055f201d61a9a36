"""The screen of a shell: the answer on standard output, everything else on standard error.

On a terminal the answer comes as it is written and a line says what goes on; into a pipe goes the answer alone. What a
model says is shown without the signs by which a terminal would obey it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any, TextIO

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_ERASE = "\r\x1b[K"


def shown(text: str) -> str:
    """As a terminal may have it."""
    return _CONTROLS.sub("\ufffd", text.replace("\r\n", "\n"))


def writable(text: str, stream: TextIO) -> str:
    """As the stream's encoding can have it: bytes that are no text become a sign."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    encoding = stream.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)


class Terminal:
    """Where a run is seen. `as_json`: one object a line on `out`, in place of the answer; `is_quiet`: no answer at all,
    as `out` is wanted for something else."""

    def __init__(
        self, out: TextIO | None = None, err: TextIO | None = None, *, as_json: bool = False, is_quiet: bool = False
    ) -> None:
        self._out, self._err = out or sys.stdout, err or sys.stderr
        self.as_json = as_json
        self._is_quiet = is_quiet or as_json
        self._out_is_seen = self._out.isatty()
        self._shows_progress = self._err.isatty()
        self._progress = ""
        self._at_line_start = True
        self._is_broken = False

    def answer(self, text: str) -> None:
        """More of the answer."""
        if self._is_quiet or not text:
            return
        self.progress("")
        self._write(shown(text) if self._out_is_seen else text)
        self._at_line_start = text.endswith("\n")

    def end_line(self) -> None:
        """What comes next begins on a line of its own."""
        if not self._at_line_start:
            self.answer("\n")

    def event(self, kind: str, **values: Any) -> None:
        """Something happened: for machines."""
        if self.as_json:
            self._write(json.dumps({"type": kind, **values}, ensure_ascii=False, default=str) + "\n")

    def whole(self, text: str) -> None:
        """A text that `out` is wanted for."""
        self.progress("")
        self._write(shown(text) if self._out_is_seen else text)

    def progress(self, label: str) -> None:
        """What goes on now, "" for nothing. Replaced by the next."""
        if not self._shows_progress or label == self._progress:
            return
        if label and self._out_is_seen and not self._at_line_start:
            # The line belongs to the answer.
            return
        self._progress = label
        line = shown(label).replace("\n", " ")[:78]
        self._say(f"{_ERASE}{line}")

    def step(self, message: str) -> None:
        """Something was done: worth a line for whoever watches."""
        if self._shows_progress:
            self._line(message)

    def notice(self, level: str, message: str) -> None:
        """A sentence for the user; level info, warn or error."""
        self.event("notice", level=level, message=message)
        if level != "info" or self._shows_progress:
            self._line(f"flemma: {message}")

    def _line(self, message: str) -> None:
        self.progress("")
        if self._out_is_seen:
            self.end_line()
        self._say((shown(message) if self._shows_progress else message) + "\n")

    def _say(self, text: str) -> None:
        try:
            self._err.write(writable(text, self._err))
            self._err.flush()
        except (OSError, ValueError):
            self._shows_progress = False

    def _write(self, text: str) -> None:
        """Whoever read `out` may be gone; the chat goes on and its file gets the answer."""
        if self._is_broken:
            return
        try:
            self._out.write(writable(text, self._out))
            self._out.flush()
        except (OSError, ValueError):
            self._is_broken = True


def row(values: Mapping[str, Any]) -> str:
    """A line of JSON."""
    return json.dumps(values, ensure_ascii=False, default=str)
