"""`flemma export`: a chat or a session as Markdown, a page, JSON or a chat without secrets."""

from __future__ import annotations

import argparse

from flemma_py.cli.command import Command

DETAIL = """\
WHAT is the path of a chat, or the id of a session (its beginning is enough):
its file is read where there is one, else what its journal kept. Tool calls and
thoughts are folded away, and what is known to be a secret is left out: keys of
this run, values of variables such as *_KEY and *_TOKEN, and what looks like one.
Read it before you hand it on."""


def declare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="WHAT", help="a chat's path, or a session's id")
    parser.add_argument("--format", metavar="FORMAT", help="markdown, html, json or chat (default: as FILE ends)")
    parser.add_argument("--output", metavar="FILE", default="-", help="where it goes (default: standard output)")
    parser.add_argument("--title", default="", help="a title in place of the session's")


def run(arguments: argparse.Namespace) -> int:
    from flemma_py.cli.command import UsageError
    from flemma_py.cli.exporting import exported
    from flemma_py.cli.owner import Owner
    from flemma_py.errors import SettingsError
    from flemma_py.exporters import format_for, format_named

    guessed = format_for(arguments.output)
    try:
        format = format_named(arguments.format or (guessed.name if guessed else "markdown"))
    except SettingsError as error:
        raise UsageError(f"--format: {error.message}") from error
    exported(Owner(config=arguments.config), arguments.what, format, arguments.output, arguments.title)
    return 0


COMMAND = Command("export", "a chat or a session to hand on", declare, run, order=50, detail=DETAIL)
