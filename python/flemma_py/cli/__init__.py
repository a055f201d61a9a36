"""Flemma without an editor: `flemma run talk.chat`, and what may be asked of sessions from a shell.

The same core as in Neovim: a chat's file is the buffer (`buffer.py`), the terminal is the screen (`terminal.py`), and
what nobody is there to decide was said beforehand (`app/errand.py`). One more command is one more file in `commands/`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code. Never raises but for `SystemExit`."""
    from flemma_py.packages import unfit

    if reason := unfit():
        sys.stderr.write(f"flemma: this Python cannot run Flemma: it {reason}.\n")
        return 1
    from flemma_py.cli.calling import call

    return call(sys.argv[1:] if argv is None else list(argv))
