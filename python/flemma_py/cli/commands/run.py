"""`flemma run FILE`: sends a chat, streams the answer, writes it back."""

from __future__ import annotations

import argparse
import math

from flemma_py.cli.command import Command, UsageError

DETAIL = """\
FILE gets the answer, as it would in Neovim; `-` is standard input. A file that
somebody else changed meanwhile is never overwritten: the answer goes beside it.

Tools that only read run by themselves. What writes, runs or connects needs
--allow with a rule, as in --allow 'bash(make test)' or --allow 'write(docs/**)'
(:help flemma-approval); other calls are left as (pending). MCP servers are
started where a rule names their tools: --allow 'time:*'."""


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="the chat")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting, over those of config.toml"
    )
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=TEXT", help="a variable of templates, over the chat's own"
    )
    parser.add_argument("--allow", action="append", default=[], metavar="RULE", help="let calls run that fit the rule")
    parser.add_argument("--output", metavar="FILE", help="where the chat goes in place of FILE; - is standard output")
    parser.add_argument("--max-cost", type=dollars, metavar="USD", help="send nothing that could cost more in all")
    parser.add_argument("--json", action="store_true", help="a line of JSON for all that happens, for programs")


def dollars(text: str) -> float:
    try:
        value = float(text.removeprefix("$"))
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"{text} is no number of dollars")
    return value


def run(arguments: argparse.Namespace) -> int:
    import asyncio

    from flemma_py.app.errand import Errand
    from flemma_py.cli.exits import Exit
    from flemma_py.cli.owner import Owner, said_variables
    from flemma_py.cli.running import STANDARD, Run
    from flemma_py.cli.running import run as fly
    from flemma_py.cli.terminal import Terminal
    from flemma_py.errors import FlemmaError, SettingsError

    try:
        errand = Errand(arguments.allow, arguments.max_cost)
    except SettingsError as error:
        raise UsageError(f"--allow: {error.message}") from error
    output = arguments.output or (STANDARD if arguments.file == STANDARD else None)
    terminal = Terminal(as_json=arguments.json, is_quiet=output == STANDARD)
    variables = said_variables(arguments.var)
    owner = Owner(config=arguments.config, said=arguments.set)
    try:
        return int(asyncio.run(fly(Run(arguments.file, arguments.output, errand, variables, owner, terminal))))
    except FlemmaError as error:
        code = Exit.USAGE if isinstance(error, UsageError) else Exit.ERROR
        terminal.event("end", exit=int(code), status=code.name.lower(), errors=[error.message])
        raise


COMMAND = Command("run", "send a chat and write the answer back", declare, run, order=10, detail=DETAIL)
