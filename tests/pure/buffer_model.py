"""A buffer as small as the contract of `model/patch.py`: a list of lines, an anchor, marked lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flemma_py.model.patch import Append, Begin, Edit, RemoveReply, SetMarked, Splice


class BufferModel:
    """`lines` are what Neovim would hold. The anchor of a reply is the end of the buffer."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines) or [""]
        self.marks: dict[str, int] = {}
        self.before: list[str] = []

    def apply(self, edits: Iterable[Edit]) -> None:
        for edit in edits:
            match edit:
                case Begin(text, marker_line):
                    self.before = list(self.lines)
                    first = len(self.lines) - 1
                    self._append(text)
                    assert self.lines[first + marker_line].startswith("@"), "the marker is where Begin says"
                case Append(text, mark):
                    if mark:
                        self.marks[mark[0]] = len(self.lines) - 1 + mark[1]
                    self._append(text)
                case SetMarked(name, text):
                    assert "\n" not in text
                    assert self.lines[self.marks[name]] == "<thinking>"
                    self.lines[self.marks[name]] = text
                case RemoveReply():
                    self.lines = self.before
                case Splice(first, last, lines):
                    self.lines[first:last] = lines

    def _append(self, text: str) -> None:
        assert "\r" not in text and "\0" not in text
        first, *others = text.split("\n")
        self.lines[-1] += first
        self.lines += others
