"""Words that several commands have."""

from __future__ import annotations

import argparse


def declare_choice(parser: argparse.ArgumentParser, *, limit: int | None = None) -> None:
    """Which sessions are meant."""
    parser.add_argument("--here", action="store_true", help="only those of the project around the working directory")
    parser.add_argument("--since", metavar="WHEN", help="only from this day on (2026-01-31), or the last days (7d)")
    if limit is not None:
        parser.add_argument("--limit", type=int, default=limit, metavar="N", help=f"at most so many (default: {limit})")
    declare_json(parser)


def declare_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="a line of JSON for each, for programs")
