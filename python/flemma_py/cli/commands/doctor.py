"""`flemma doctor`: where everything is, and what is wrong with it."""

from __future__ import annotations

import argparse

from flemma_py.cli.command import Command


def declare(parser: argparse.ArgumentParser) -> None:
    from flemma_py.cli.words import declare_json

    parser.add_argument("--repair-index", action="store_true", help="make the index anew from the journals")
    parser.add_argument("--merge-conflicts", action="store_true", help="take over what copies of journals have")
    declare_json(parser)


def run(arguments: argparse.Namespace) -> int:
    from flemma_py.cli.examination import examined
    from flemma_py.cli.owner import Owner

    owner = Owner(config=arguments.config)
    return int(
        examined(
            owner,
            as_json=arguments.json,
            repair_index=arguments.repair_index,
            merge_conflicts=arguments.merge_conflicts,
        )
    )


COMMAND = Command("doctor", "where everything is, and what is wrong with it", declare, run, order=60)
