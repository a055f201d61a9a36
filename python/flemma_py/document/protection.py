"""Text on its way into a message, in pieces of any size: `lines.protect` for a stream.

The pieces may be cut anywhere and the result is the same. Only what cannot be decided yet is held back: the beginning
of a line that may turn out to look like structure, and, for prose, line ends that nothing follows (so that the end of
a message has no blank lines of the model's). Backslashes need no waiting: how many stand there is known at once, and
the one that protects looks like the others.
"""

from __future__ import annotations

from flemma_py.document.lines import (
    BLANKS,
    looks_like_closing,
    looks_like_structure,
    may_become_structure,
    next_fence,
)


class Protector:
    """One run of prose, or one thinking block. `fence` is the fence open after the last complete line; after `close`
    it is the one that the writer has to close."""

    __slots__ = ("_bare", "_held", "_info", "_line_ends", "_thinking", "_ticks", "_undecided", "fence")

    def __init__(self, *, thinking: bool = False) -> None:
        self._thinking = thinking
        self.fence = 0
        self._line_ends = 0
        self._begin_line()

    def _begin_line(self) -> None:
        self._undecided = True
        self._bare = True
        self._held = ""
        self._ticks = 0
        self._info = ""

    def copy(self) -> Protector:
        twin = Protector.__new__(Protector)
        for name in Protector.__slots__:
            setattr(twin, name, getattr(self, name))
        return twin

    def push(self, text: str) -> str:
        """What of `text` and of what was held back can be written now."""
        out: list[str] = []
        first, *others = text.split("\n")
        self._piece(first, out)
        for piece in others:
            self._end_line(out)
            self._piece(piece, out)
        return "".join(out)

    def close(self) -> str:
        """The rest, when nothing more comes. Line ends of prose that nothing followed are dropped."""
        out: list[str] = []
        self._settle_line(out)
        self._line_ends = 0
        return "".join(out)

    def _settle_line(self, out: list[str]) -> None:
        if self._held:
            self._emit(self._held, out)
        self.fence = next_fence("`" * self._ticks + self._info, self.fence)
        self._begin_line()

    def _end_line(self, out: list[str]) -> None:
        self._settle_line(out)
        if self._thinking:
            out.append("\n")
        else:
            self._line_ends += 1

    def _piece(self, piece: str, out: list[str]) -> None:
        if not piece:
            return
        if self._undecided:
            self._decide(self._held + piece, out)
            return
        if self._ticks:
            self._follow_fence(piece)
        self._emit(piece, out)

    def _decide(self, beginning: str, out: list[str]) -> None:
        self._held = ""
        rest = beginning.lstrip("\\")
        if len(rest) < len(beginning):
            self._emit(beginning[: len(beginning) - len(rest)], out)
            self._bare = False
        if not rest:
            return
        if self._looks(rest):
            rest = "\\" + rest
        elif self._may_look(rest):
            self._held = rest
            return
        self._undecided = False
        if self._bare and rest[0] == "`":
            self._follow_fence(rest)
        self._emit(rest, out)

    def _looks(self, beginning: str) -> bool:
        if not self.fence:
            return looks_like_structure(beginning)
        return self._thinking and looks_like_closing(beginning)

    def _may_look(self, beginning: str) -> bool:
        if not self.fence:
            return may_become_structure(beginning)
        return self._thinking and "</thinking".startswith(beginning)

    def _follow_fence(self, piece: str) -> None:
        """Keep of a line that begins with backticks only what says whether it is a fence: it may be long, and come in
        many pieces."""
        if not self._info:
            info = piece.lstrip("`")
            self._ticks += len(piece) - len(info)
            piece = info
        if "`" in piece:
            self._info = "x`"
        elif piece and self._info != "x`":
            self._info = "x" if self._info == "x" or piece.strip(BLANKS) else " "

    def _emit(self, text: str, out: list[str]) -> None:
        if self._line_ends:
            out.append("\n" * self._line_ends)
            self._line_ends = 0
        out.append(text)


def protect_text(text: str) -> tuple[list[str], int]:
    """The lines of a complete prose text as they are written, and the fence that is open behind them."""
    protector = Protector()
    body = text.rstrip("\n")
    lines = (protector.push(body) + protector.close()).split("\n")
    return lines + [""] * (len(text) - len(body)), protector.fence


def protect_thinking(content: str) -> list[str]:
    """The lines of a complete thinking block's content. Empty content has no lines."""
    protector = Protector(thinking=True)
    return (protector.push(content) + protector.close()).split("\n") if content else []
