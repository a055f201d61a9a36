"""How a command ends, for scripts."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The process's exit code."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    PENDING = 3
    BUDGET = 4
    INTERRUPTED = 130


ABOUT = {
    Exit.DONE: "done",
    Exit.ERROR: "an error; what it was stands on standard error",
    Exit.USAGE: "the command line was not understood",
    Exit.PENDING: "tool calls wait for approval; they stand in the chat as (pending)",
    Exit.BUDGET: "the next request could cost more than --max-cost leaves",
    Exit.INTERRUPTED: "interrupted; what had come of the answer is in the chat",
}


def table() -> str:
    """The codes, a line each."""
    return "exit codes:\n" + "\n".join(f"  {code.value:<5}{about}" for code, about in ABOUT.items())
