"""What programs can do with their words, as data: one TOML file per program, or per family of programs that differ in
nothing that matters here. The folder is the registry.

A file says what runs code or writes. The form is in `table.py`. A program without a file is one of which
nothing is known: only a rule that spells the whole command allows it.
"""

from __future__ import annotations

import functools
from pathlib import Path

from flemma_py.approval.programs.table import Table, read_table


def table(program: str | None) -> Table | None:
    """What is known of a program by its bare name. A path is not a name: it may lead to anything."""
    return _tables().get(program or "")


@functools.cache
def _tables() -> dict[str, Table]:
    """All files of this folder, by each name of a program. They are part of the code, and read once like it."""
    # Not before a command is looked at.
    import tomllib

    found: dict[str, Table] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        with path.open("rb") as file:
            each = read_table(path.stem, tomllib.load(file))
        found |= dict.fromkeys(each.names, each)
    return found
