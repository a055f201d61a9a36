"""`flemma search WORDS`: sessions in which something was said."""

from __future__ import annotations

import argparse

from flemma_py.cli.command import Command


def declare(parser: argparse.ArgumentParser) -> None:
    from flemma_py.cli.words import declare_choice

    parser.add_argument("words", nargs="+", metavar="WORD", help="all must be there; 'a \"b c\"' wants b c in a row")
    declare_choice(parser, limit=20)


def run(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from flemma_py.cli.library import moment, opened, project, since
    from flemma_py.cli.owner import Owner
    from flemma_py.cli.tables import Column, show
    from flemma_py.sessions import Filter

    wanted = Filter(workspace=project(arguments), since=since(arguments))
    with opened(Owner(config=arguments.config)) as store:
        hits = store.search(" ".join(arguments.words), wanted, limit=max(arguments.limit, 1))
    columns = [Column("id"), Column("updated"), Column("title"), Column("said", is_wide=True)]
    texts = [
        [hit.row.sid, moment(hit.row.updated), (hit.row.title or hit.row.chat_path)[:24], hit.snippet] for hit in hits
    ]
    objects = ({**asdict(hit.row), "snippet": hit.snippet, "mid": hit.mid, "role": hit.role} for hit in hits)
    show(columns, texts, objects, as_json=arguments.json)
    return 0


COMMAND = Command("search", "sessions in which something was said", declare, run, order=30)
