"""`make bench`: Flemma beside the bare sides of `bench/baseline`, measured in the same run.

Times are medians in ms. A machine that does other things meanwhile shows in every column: trust ratios, not figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.editor.client import NeovimError

from bench.chats import Folder
from bench.editor import Gone
from bench.figures import Row, table
from bench.measures import MEASURES
from bench.peer import Peer
from bench.sides import ROOT
from bench.workshop import Workshop

BROKEN = (Gone, TimeoutError, EOFError, NeovimError, AssertionError)
"""How a measurement ends when a side does not do what is measured."""


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 0 also when something is over its target: a benchmark is no test."""
    arguments = _arguments(words)
    nvim = subprocess.run([ROOT / "scripts/find-nvim"], capture_output=True, text=True, check=True).stdout.strip()
    began = time.monotonic()
    print(_heading(nvim), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="flemma-bench-", ignore_cleanup_errors=True) as folder:
        rows = _measure(nvim, Path(folder), arguments.only or list(MEASURES), quick=arguments.quick)
    print(table(rows))
    over = [row.measure.strip() for row in rows if row.good is False]
    print(
        f"\n{time.monotonic() - began:.0f} s; over target: {len(over)} of {sum(row.good is not None for row in rows)}"
    )
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps([row.plain() for row in rows], indent=1) + "\n")
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, no very large chats: about a minute")
    parser.add_argument("--only", action="append", choices=list(MEASURES), metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the rows there, too")
    return parser.parse_args(words)


def _heading(nvim: str) -> str:
    version = subprocess.run([nvim, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return f"flemma: measuring with {version} and Python {sys.version.split()[0]}, a screen of 120x40"


def _measure(nvim: str, folder: Path, names: Sequence[str], *, quick: bool) -> list[Row]:
    peer = Peer()
    shop = Workshop(nvim, peer, Folder(folder), folder / "homes", quick)
    rows: list[Row] = []
    try:
        for name in names:
            began = time.monotonic()
            try:
                rows += MEASURES[name](shop)
            except BROKEN as error:
                # The others are worth having all the same.
                rows.append(Row(f"{name} broke off: {error}", {}, "", "", "", False))
            print(f"  {name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    finally:
        peer.close()
    return rows


if __name__ == "__main__":
    sys.exit(main())
