"""From the words of a command line to a command, and from what went wrong to one sentence and an exit code."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from flemma_py.cli.command import Command, UsageError
from flemma_py.cli.exits import Exit, table
from flemma_py.errors import BudgetError, FlemmaError
from flemma_py.registry import discover

log = logging.getLogger(__name__)

OWN_ERROR = "an error of Flemma's own ended this: see the log, which `flemma doctor` names"


def commands() -> list[Command]:
    found = [command for _, command in discover("flemma_py.cli.commands", "COMMAND")]
    return sorted(found, key=lambda each: (each.order, each.name))


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="flemma",
        description="Chats with models, as files: send them and look into their sessions without an editor.",
        epilog=table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _declare_config(whole, None)
    below = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in commands():
        one = below.add_parser(
            command.name,
            help=command.about,
            description=f"{command.about[0].upper()}{command.about[1:]}.",
            epilog="\n\n".join(filter(None, (command.detail, table()))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.declare(one)
        # Behind the command it counts as well as before it.
        _declare_config(one, argparse.SUPPRESS)
        one.set_defaults(run=command.run)
    return whole


def _declare_config(parser: argparse.ArgumentParser, default: str | None) -> None:
    about = "settings in place of config.toml, which lies in the folder flemma of your Neovim configuration"
    parser.add_argument("--config", metavar="FILE", default=default, help=about)


def call(words: Sequence[str]) -> int:
    """Do it. Raises `SystemExit` for help and for words that were not understood."""
    arguments = parser().parse_args(words)
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has seen enough. Nothing is to be written to the pipe at the end of the process either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.DONE
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except UsageError as error:
        code = told(error.message, Exit.USAGE)
    except BudgetError as error:
        code = told(error.message, Exit.BUDGET)
    except FlemmaError as error:
        code = told(error.message, Exit.ERROR)
    except Exception:
        log.exception("a command met an error of Flemma's own")
        code = told(OWN_ERROR, Exit.ERROR)
    return int(code)


def told(message: str, code: Exit) -> Exit:
    from flemma_py.cli.terminal import shown

    sys.stderr.write(f"flemma: {shown(message) if sys.stderr.isatty() else message}\n")
    return code
