"""`flemma list`: sessions, the latest first."""

from __future__ import annotations

import argparse

from flemma_py.cli.command import Command


def declare(parser: argparse.ArgumentParser) -> None:
    from flemma_py.cli.words import declare_choice

    parser.add_argument("--title", metavar="TEXT", help="only those whose title has this in it")
    parser.add_argument("--model", help="only those that spoke with this model last")
    declare_choice(parser, limit=50)


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from flemma_py.accounting.money import money
    from flemma_py.cli.library import moment, opened, project, since
    from flemma_py.cli.owner import Owner
    from flemma_py.cli.tables import Column, show
    from flemma_py.sessions import Filter

    wanted = Filter(workspace=project(arguments), model=arguments.model, since=since(arguments), title=arguments.title)
    with opened(Owner(config=arguments.config)) as store:
        rows = store.page(wanted, limit=max(arguments.limit, 1)).rows
    columns = [
        Column("id"), Column("updated"), Column("turns", is_number=True), Column("cost", is_number=True),
        Column("title", is_wide=True),
    ]  # fmt: skip
    texts = [
        [row.sid, moment(row.updated), str(row.turns), money(row.cost), row.title or row.preview or row.chat_path]
        for row in rows
    ]
    show(columns, texts, map(asdict, rows), as_json=arguments.json)
    return 0


COMMAND = Command("list", "sessions, the latest first", declare, run, order=20)
