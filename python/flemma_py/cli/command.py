"""What a command is: its name, its words, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from flemma_py.errors import FlemmaError


@dataclass(frozen=True, slots=True)
class Command:
    """`declare` adds its words to a parser; `run` returns the exit code and raises `FlemmaError`. What `run` needs is
    imported when it runs: `flemma --help` asks all commands and runs none. `order` is its place in the help."""

    name: str
    about: str
    declare: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    order: int = 50
    detail: str = ""


class UsageError(FlemmaError):
    """The command line was not understood."""
