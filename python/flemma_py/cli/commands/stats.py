"""`flemma stats`: what was used and what it cost."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from flemma_py.cli.command import Command

if TYPE_CHECKING:
    from flemma_py.sessions import Sums

BY = ("day", "model", "provider", "endpoint", "workspace", "source")


def declare(parser: argparse.ArgumentParser) -> None:
    from flemma_py.cli.words import declare_choice

    parser.add_argument("--by", choices=BY, default="model", help="what it is summed by (default: model)")
    declare_choice(parser)


def run(arguments: argparse.Namespace) -> int:
    from flemma_py.cli.library import opened, project, since
    from flemma_py.cli.owner import Owner
    from flemma_py.cli.tables import Column, show
    from flemma_py.sessions import Spending

    wanted = Spending(since=since(arguments), workspace=project(arguments))
    with opened(Owner(config=arguments.config)) as store:
        sums = store.sums_by(arguments.by, wanted)
        total = store.sums(wanted)
    found = sorted(sums.items(), key=lambda item: item[0] if arguments.by == "day" else -item[1].cost)
    whole = [*found, ("total", total)]
    numbers = ("requests", "read", "cached", "written", "cost")
    columns = [Column(arguments.by, is_wide=True), *(Column(name, is_number=True) for name in numbers)]
    texts = [[name or "(unknown)", *_texts(each)] for name, each in whole]
    show(columns, texts, ({arguments.by: name, **_numbers(each)} for name, each in whole), as_json=arguments.json)
    return 0


def _texts(sums: Sums) -> list[str]:
    from flemma_py.accounting.money import money

    unsure = "~" if sums.estimated else ""
    cost = money(sums.cost) + (f" (+{sums.unpriced} unpriced)" if sums.unpriced else "")
    cached = f"{sums.cache_hit_percent}%"
    return [f"{sums.requests:,}", f"{unsure}{sums.prompt:,}", cached, f"{unsure}{sums.output:,}", unsure + cost]


def _numbers(sums: Sums) -> dict[str, Any]:
    return {
        "requests": sums.requests,
        "input_tokens": sums.input,
        "cache_read_input_tokens": sums.cache_read,
        "cache_creation_input_tokens": sums.cache_write,
        "output_tokens": sums.output,
        "thoughts_tokens": sums.thoughts,
        "cost": sums.cost,
        "unpriced": sums.unpriced,
        "estimated": sums.estimated,
    }


COMMAND = Command("stats", "what was used and what it cost", declare, run, order=40)
